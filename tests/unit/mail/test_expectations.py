"""`processor/expectations.py`: whether an expected file is missed, or came after all (N4)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.organization_settings import OrganizationSettings
from processor.expectations import (
    GRACE,
    Arrivals,
    Came,
    Expectation,
    Late,
    Missed,
    expected_times,
    judge,
    time_in_question,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def expectation(
    since: str = "2026-11-01T00:00",
    *,
    expected: str = "daily by 09:30",
    zone: str = "UTC",
    missed: str | None = None,
    late: str | None = None,
) -> Expectation:
    settings = OrganizationSettings.model_validate(
        {"owner": "o@x.example", "expected": expected, "time_zone": zone}
    )
    times = expected_times(settings)
    assert times is not None
    return Expectation(
        times=times,
        since=at(since),
        missed=at(missed) if missed else None,
        late=at(late) if late else None,
    )


def arrivals(expected: Expectation, accepted: list[datetime], now: datetime) -> Arrivals:
    """What the store and the queue say of these files, as far as they have come."""
    came = [file for file in accepted if file <= now]
    by = time_in_question(expected, now=now)
    return Arrivals(
        last=max(came, default=None), last_by=max((file for file in came if file <= by), default=None)
    )


def verdict(
    expected: Expectation, *, last: str | None, now: str, uploading: bool = False
) -> Missed | Came | Late | None:
    seen = arrivals(expected, [] if last is None else [at(last)], at(now))
    return judge(expected, arrivals=seen, now=at(now), uploading=uploading)


MONDAY = Missed(at("2026-11-23T09:30"))


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        ("2026-11-22T08:00", "2026-11-23T09:30", None),  # not over yet
        ("2026-11-22T08:00", "2026-11-23T09:30:59", None),  # the grace of a minute
        ("2026-11-22T08:00", "2026-11-23T09:31", MONDAY),
        (None, "2026-11-23T09:31", MONDAY),
        ("2026-11-22T09:30", "2026-11-23T09:31", MONDAY),
        ("2026-11-22T09:31", "2026-11-23T09:31", None),  # after the time before it: this is its file
        ("2026-11-23T09:29", "2026-11-23T09:31", None),
        (
            "2026-11-20T08:00",
            "2026-11-23T23:00",
            MONDAY,
        ),  # the daemon was stopped for days: the last one only
    ],
)
def test_n04_a_time_without_a_file_since_the_one_before_is_missed(
    last: str | None, now: str, expected: Missed | None
) -> None:
    assert verdict(expectation(), last=last, now=now) == expected


def test_n04_only_times_after_the_setting_was_made_count() -> None:
    made = expectation("2026-11-23T09:31")
    assert verdict(made, last=None, now="2026-11-23T12:00") is None
    assert verdict(made, last=None, now="2026-11-24T09:31") == Missed(at("2026-11-24T09:30"))
    earlier = expectation("2026-11-23T09:00")
    assert verdict(earlier, last="2026-11-23T08:00", now="2026-11-23T12:00") is None, (
        "a file from before counts"
    )


def test_n04_a_missed_time_is_told_once_and_its_file_once() -> None:
    told = expectation(missed="2026-11-23T09:30")
    assert verdict(told, last="2026-11-22T08:00", now="2026-11-23T12:00") is None
    assert verdict(told, last="2026-11-23T11:00", now="2026-11-23T12:00") == Came(
        at("2026-11-23T09:30"), at("2026-11-23T11:00")
    )
    assert verdict(told, last="2026-11-22T08:00", now="2026-11-24T09:31") == Missed(at("2026-11-24T09:30"))


def test_n04_an_upload_under_way_gets_half_an_hour() -> None:
    now = "2026-11-23T09:45"
    assert verdict(expectation(), last=None, now=now, uploading=True) is None
    assert verdict(expectation(), last=None, now=now) == MONDAY
    assert verdict(expectation(), last=None, now="2026-11-23T10:00", uploading=True) == MONDAY


def test_n04_on_weekends_nothing_is_expected_and_friday_counts_for_monday_no_more() -> None:
    week = expectation(expected="weekdays by 09:30")
    friday = "2026-11-20T09:00"
    for now in ("2026-11-20T12:00", "2026-11-21T12:00", "2026-11-22T23:59", "2026-11-23T09:30"):
        assert verdict(week, last=friday, now=now) is None
    assert verdict(week, last=friday, now="2026-11-23T09:31") == MONDAY
    assert verdict(week, last="2026-11-21T03:00", now="2026-11-23T09:31") is None, (
        "a file of the weekend counts"
    )


@pytest.mark.parametrize(
    ("expected", "now", "by"),
    [
        ("daily by 02:30", "2026-03-29T01:01", "2026-03-29T01:00"),  # does not exist: 03:00
        ("daily by 02:30", "2026-10-25T00:31", "2026-10-25T00:30"),  # comes twice: the first
        ("daily by 09:30", "2026-03-28T08:31", "2026-03-28T08:30"),
        ("daily by 09:30", "2026-03-29T07:31", "2026-03-29T07:30"),
    ],
)
def test_n04_times_follow_the_clocks_of_the_organizations_zone(expected: str, now: str, by: str) -> None:
    berlin = expectation("2026-01-01T00:00", expected=expected, zone="Europe/Berlin")
    assert verdict(berlin, last=None, now=now) == Missed(at(by))
    early = at(now) - timedelta(minutes=1)
    yesterday = judge(berlin, arrivals=Arrivals(), now=early, uploading=False)
    assert yesterday != Missed(at(by))


def test_n04_a_time_that_comes_twice_is_missed_once() -> None:
    told = expectation(
        "2026-10-01T00:00", expected="daily by 02:30", zone="Europe/Berlin", missed="2026-10-25T00:30"
    )
    for minute in range(0, 24 * 60, 10):
        now = at("2026-10-25T00:31") + timedelta(minutes=minute)
        assert judge(told, arrivals=Arrivals(), now=now, uploading=False) is None


TUESDAY = Missed(at("2026-11-24T09:30"))


@pytest.mark.parametrize(
    ("late", "last", "expected"),
    [
        ("2026-11-23T11:00", "2026-11-23T11:00", TUESDAY),
        ("2026-11-23T11:00", "2026-11-23T11:05", TUESDAY),  # the second of several files that came late
        ("2026-11-23T11:00", "2026-11-23T21:30", TUESDAY),
        ("2026-11-23T11:00", "2026-11-23T21:31", None),  # nearer to Tuesday than to Monday
        ("2026-11-23T23:50", "2026-11-23T23:50", None),  # an export of each night that failed once
        ("2026-11-22T11:00", "2026-11-23T11:00", None),  # Sunday's file was late, Monday's was not
        (None, "2026-11-23T11:00", None),  # one more on a day that had its file
    ],
)
def test_n04_a_late_file_counts_for_the_time_that_it_was_late_for_only(
    late: str | None, last: str, expected: Missed | None
) -> None:
    assert verdict(expectation(late=late), last=last, now="2026-11-24T09:31") == expected


def test_n04_a_late_file_does_not_come_a_second_time() -> None:
    told = expectation(missed="2026-11-24T09:30", late="2026-11-23T11:00")
    assert verdict(told, last="2026-11-23T11:00", now="2026-11-24T09:32") is None
    assert verdict(told, last="2026-11-24T10:00", now="2026-11-24T10:01") == Came(
        at("2026-11-24T09:30"), at("2026-11-24T10:00")
    )


def test_n04_of_two_missed_days_the_file_is_late_for_the_second() -> None:
    told = expectation(missed="2026-11-24T09:30")
    came = Came(at("2026-11-24T09:30"), at("2026-11-24T11:00"))
    assert verdict(told, last="2026-11-24T11:00", now="2026-11-24T11:01") == came
    after = expectation(late="2026-11-24T11:00")
    assert verdict(after, last="2026-11-24T11:00", now="2026-11-25T09:31") == Missed(at("2026-11-25T09:30"))


def test_n04_what_comes_in_the_grace_is_told_nobody_and_late_all_the_same() -> None:
    assert verdict(expectation(), last="2026-11-23T09:30:30", now="2026-11-23T09:31") == Late(
        at("2026-11-23T09:30:30")
    )
    noted = expectation(late="2026-11-23T09:30:30")
    assert verdict(noted, last="2026-11-23T09:30:30", now="2026-11-23T12:00") is None
    assert verdict(noted, last="2026-11-23T09:30:30", now="2026-11-24T09:31") == TUESDAY


def test_n04_a_late_file_of_friday_is_not_mondays_and_one_of_the_weekend_is() -> None:
    week = expectation(expected="weekdays by 09:30", late="2026-11-20T11:00")
    assert verdict(week, last="2026-11-20T11:00", now="2026-11-23T09:31") == MONDAY
    assert verdict(week, last="2026-11-21T12:00", now="2026-11-23T09:31") is None


def test_n04_after_a_change_of_the_setting_no_earlier_file_comes_after_all() -> None:
    changed = expectation("2026-11-23T12:00", expected="daily by 08:00", missed="2026-11-23T09:30")
    assert verdict(changed, last="2026-11-22T11:00", now="2026-11-23T12:01") is None
    assert verdict(changed, last="2026-11-23T12:30", now="2026-11-23T12:31") == Came(
        at("2026-11-23T09:30"), at("2026-11-23T12:30")
    )


BEGIN = at("2026-03-27T12:00")  # two days before the clocks go forward in Berlin


@settings(max_examples=150, deadline=None)
@given(
    minutes=st.lists(st.integers(1, 7 * 24 * 60), max_size=12, unique=True),
    expected=st.sampled_from(["daily by 09:30", "weekdays by 09:30", "daily by 02:30", "weekdays by 23:50"]),
    begin=st.sampled_from([BEGIN, at("2026-10-23T12:00")]),
)
def test_n04_each_time_of_a_week_is_missed_exactly_if_nothing_came_for_it(
    minutes: list[int], expected: str, begin: datetime
) -> None:
    files = sorted(begin + timedelta(minutes=minute, seconds=-30) for minute in minutes)
    standing = replace(expectation(expected=expected, zone="Europe/Berlin"), since=begin)
    missed, came = [], []
    ends = [by + GRACE for by in times_of(standing)]
    for now in sorted({*files, *ends, *(file + GRACE for file in files)}):
        said = judge(standing, arrivals=arrivals(standing, files, now), now=now, uploading=False)
        match said:
            case Missed(by=by):
                missed.append(by)
                standing = replace(standing, missed=by)
            case Came(by=by, at=when):
                came.append(by)
                standing = replace(standing, missed=None, late=when)
            case Late(at=when):
                standing = replace(standing, late=when)
    assert missed == times_without_a_file(standing, files)
    assert len(set(came)) == len(came)
    assert set(came) <= set(missed)


def times_of(standing: Expectation) -> list[datetime]:
    """The times of the week, the one before it first."""
    found = [standing.times.before(standing.since)]
    for hour in range(7 * 24):
        by = standing.times.last(standing.since + timedelta(hours=hour))
        if by > found[-1]:
            found.append(by)
    return found


def times_without_a_file(standing: Expectation, files: list[datetime]) -> list[datetime]:
    """Those that people hear of, worked out the plain way: time by time, what was there and what was late."""
    found, was_met = [], True
    for before, by in pairwise(times_of(standing)):
        begin = before if was_met else before + timedelta(hours=12)
        was_met = any(begin < file <= by for file in files)
        if not was_met and not any(by < file <= by + GRACE for file in files):
            found.append(by)
    return found
