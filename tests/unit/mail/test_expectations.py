"""`processor/expectations.py`: whether an expected file is missed, or came after all (N4)."""

from datetime import UTC, datetime, timedelta

import pytest

from core.organization_settings import OrganizationSettings
from processor.expectations import Came, Expectation, Missed, expected_times, judge


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def expectation(
    since: str = "2026-11-01T00:00",
    *,
    expected: str = "daily by 09:30",
    zone: str = "UTC",
    missed: str | None = None,
) -> Expectation:
    settings = OrganizationSettings.model_validate(
        {"owner": "o@x.example", "expected": expected, "time_zone": zone}
    )
    times = expected_times(settings)
    assert times is not None
    return Expectation(times=times, since=at(since), missed=at(missed) if missed else None)


def verdict(
    expected: Expectation, *, last: str | None, now: str, uploading: bool = False
) -> Missed | Came | None:
    accepted = None if last is None else at(last)
    return judge(expected, last_accepted=accepted, now=at(now), uploading=uploading)


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
    yesterday = judge(berlin, last_accepted=None, now=early, uploading=False)
    assert yesterday != Missed(at(by))


def test_n04_a_time_that_comes_twice_is_missed_once() -> None:
    told = expectation(
        "2026-10-01T00:00", expected="daily by 02:30", zone="Europe/Berlin", missed="2026-10-25T00:30"
    )
    for minute in range(0, 24 * 60, 10):
        now = at("2026-10-25T00:31") + timedelta(minutes=minute)
        assert judge(told, last_accepted=None, now=now, uploading=False) is None
