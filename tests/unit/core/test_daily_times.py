"""`core/daily_times.py`: times of day through the days on which clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.daily_times import DailyTime, daily_time, moment_of, start_of_day

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu")
times = st.builds(
    DailyTime,
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    weekdays_only=st.booleans(),
)
YEARS = 30 * 365 * 24 * 60
moments = st.integers(0, YEARS).map(
    lambda minute: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        ("Europe/Berlin", (2026, 3, 28), "02:30", "2026-03-28T01:30"),
        ("Europe/Berlin", (2026, 3, 29), "02:30", "2026-03-29T01:00"),  # skipped: the first after it, 03:00
        ("Europe/Berlin", (2026, 3, 29), "03:00", "2026-03-29T01:00"),
        ("Europe/Berlin", (2026, 10, 25), "02:30", "2026-10-25T00:30"),  # twice: the first
        ("Europe/Berlin", (2026, 10, 25), "03:00", "2026-10-25T02:00"),
        ("America/New_York", (2026, 11, 1), "01:30", "2026-11-01T05:30"),
        ("Pacific/Apia", (2011, 12, 30), "08:00", "2011-12-30T10:00"),  # a day that never was
    ],
)
def test_n04_a_time_that_clocks_skip_or_repeat_comes_once(
    zone: str, day: tuple[int, int, int], at: str, moment: str
) -> None:
    found = moment_of(date(*day), time.fromisoformat(at), ZoneInfo(zone))
    assert found == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@given(times, moments)
def test_n04_the_last_time_is_never_in_the_future_and_the_one_before_is_earlier(
    times: DailyTime, now: datetime
) -> None:
    last = times.last(now)
    assert last <= now
    assert times.last(last) == last
    before = times.before(last)
    assert last - timedelta(days=5) < before < last


@given(times, moments)
def test_n04_no_time_is_passed_over(times: DailyTime, now: datetime) -> None:
    """Whenever one looks, hour by hour, the last time moves on by one at most."""
    seen = [times.last(now + timedelta(hours=hour)) for hour in range(24 * 5)]
    for earlier, later in pairwise(seen):
        assert earlier in (later, times.before(later))


def test_n04_weekdays_are_those_of_the_organizations_zone() -> None:
    apia = daily_time("09:30", "Pacific/Apia", weekdays_only=True)  # 13 hours ahead of UTC
    assert apia.last(datetime(2026, 11, 22, 21, 0, tzinfo=UTC)) == datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    assert apia.before(datetime(2026, 11, 22, 20, 30, tzinfo=UTC)) == datetime(
        2026, 11, 19, 20, 30, tzinfo=UTC
    )


def test_e01_a_day_begins_at_midnight_of_its_zone() -> None:
    assert start_of_day(datetime(2026, 11, 23, 22, 59, tzinfo=UTC), "Europe/Berlin") == datetime(
        2026, 11, 22, 23, 0, tzinfo=UTC
    )
    assert start_of_day(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), "Europe/Berlin") == datetime(
        2026, 11, 23, 23, 0, tzinfo=UTC
    )
