"""`processor/intake/pull_times.py`: when a pull is due, tried again, and told of (rules S1, S2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import from_text, to_text
from processor.intake import pull_times as times
from processor.intake.pulls import Pull, PullServer, PullState

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
INTERVAL_S = 300.0


def pull(schedule: str = "at once", zone: str = "UTC", **state: object) -> Pull:
    server = PullServer(
        host="h", port=22, username="u", password="p", folder="/", host_key="k", schedule=schedule
    )
    values = {"added_at": to_text(NOON), **state}
    return Pull(
        org_no=1,
        org_id="007",
        time_zone=zone,
        server=server,
        state=PullState(**values),  # type: ignore[arg-type]  # of a table
    )


def due(of: Pull) -> datetime | None:
    return times.next_at(of, interval_s=INTERVAL_S)


def test_s02_at_once_looks_at_once_and_then_every_few_minutes() -> None:
    assert due(pull()) == NOON
    assert due(pull(started_at=to_text(NOON))) == NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("13:30", "UTC", NOON.replace(hour=13, minute=30)),
        ("11:30", "UTC", NOON.replace(day=25, hour=11, minute=30)),
        ("06:00", "America/New_York", NOON.replace(day=25, hour=11)),
        ("*/15 * * * *", "UTC", NOON.replace(minute=15)),
    ],
)
def test_s01_s02_a_schedule_is_of_the_organizations_time_zone(
    schedule: str, zone: str, expected: datetime
) -> None:
    assert due(pull(schedule, zone)) == expected


def test_s02_a_time_that_was_missed_is_made_up_for() -> None:
    late = pull("06:00", started_at=to_text(NOON - timedelta(days=3)))
    found = due(late)
    assert found is not None
    assert found < NOON


@pytest.mark.parametrize("schedule", ["at once", "06:00", "*/15 * * * *"])
@pytest.mark.parametrize("what", ["started_at", "added_at"])
def test_s02_a_clock_that_was_a_year_ahead_and_is_put_right_stops_no_pull(schedule: str, what: str) -> None:
    ahead = to_text(NOON + timedelta(days=365))
    late = pull(schedule, **{what: ahead, "again_at": ahead, "told_at": ahead, "changing_since": ahead})
    assert due(late) == due(times.as_of(late, now=NOON + timedelta(days=365)))
    right = times.as_of(late, now=NOON)
    at = due(right)
    assert at is not None
    assert at <= NOON
    assert right.state.told_at is None
    assert times.is_patient(right.state, now=NOON)


def test_s02_times_of_the_past_and_pauses_are_as_they_were() -> None:
    usual = pull(started_at=to_text(NOON), again_at=to_text(NOON + timedelta(hours=6)), told_at=to_text(NOON))
    assert times.as_of(usual, now=NOON) == usual


def test_s02_a_stopped_pull_is_never_due() -> None:
    assert due(pull(stopped_at=to_text(NOON))) is None


def test_s02_a_run_that_is_killed_is_made_again_in_a_minute() -> None:
    daily = pull("06:00", started_at=to_text(NOON - timedelta(hours=7)))
    begun = replace(daily, state=times.started(daily, now=NOON, interval_s=INTERVAL_S))
    assert begun.state.started_at == to_text(NOON)
    assert due(begun) == NOON + timedelta(minutes=1)


def test_s02_a_second_try_is_not_the_schedules() -> None:
    daily = pull("06:00", started_at=to_text(NOON), again_at=to_text(NOON + timedelta(minutes=1)))
    again = times.started(daily, now=NOON + timedelta(minutes=1), interval_s=INTERVAL_S)
    assert again.started_at == to_text(NOON)


def test_s02_pauses_double_to_an_hour() -> None:
    state, pauses = pull().state, []
    for _ in range(9):
        state = times.failed(state, "it broke", now=NOON)
        assert state.again_at
        pauses.append((from_text(state.again_at) - NOON).total_seconds() / 60)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert state.failures == 9


def test_s02_a_refused_login_is_tried_seldom() -> None:
    state = times.failed(pull().state, "no", now=NOON, login=True)
    assert state.again_at == to_text(NOON + timedelta(minutes=10))


def test_s02_with_at_once_the_pause_after_a_failure_goes_before_the_interval() -> None:
    state = replace(pull().state, started_at=to_text(NOON))
    for _ in range(6):
        state = times.failed(state, "it broke", now=NOON)
    assert due(replace(pull(), state=state)) == NOON + timedelta(minutes=32)


def test_s02_a_schedule_goes_on_while_a_pull_fails() -> None:
    state = replace(pull().state, started_at=to_text(NOON - timedelta(minutes=1)))
    for _ in range(9):
        state = times.failed(state, "it broke", now=NOON)
    assert due(replace(pull("12:05"), state=state)) == NOON + timedelta(minutes=5)


def test_s02_the_operator_hears_of_the_third_failure_and_then_daily() -> None:
    state, told = pull().state, []
    for hour in range(60):
        now = NOON + timedelta(hours=hour)
        state = times.failed(state, "it broke", now=now)
        if times.wants_mail(state, now=now):
            told.append(hour)
            state = replace(state, told_at=to_text(now))
    assert told == [2, 26, 50]


def test_s02_success_ends_failures_and_what_was_told() -> None:
    failing = replace(pull().state, failures=4, error="no", told_at=to_text(NOON), stopped_at=to_text(NOON))
    well = times.succeeded(failing, now=NOON)
    assert (well.failures, well.error, well.told_at, well.stopped_at, well.again_at) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert times.succeeded(failing, now=NOON, again_in=times.LOOK_AGAIN).again_at == to_text(
        NOON + timedelta(minutes=1)
    )


def test_s02_a_file_that_is_being_written_is_no_failure_for_an_hour() -> None:
    state = replace(pull().state, changing_since=to_text(NOON))
    assert times.is_patient(pull().state, now=NOON + timedelta(days=1))
    assert times.is_patient(state, now=NOON + timedelta(minutes=59))
    assert not times.is_patient(state, now=NOON + timedelta(minutes=61))
