"""`processor/intake/pull_outcomes.py`: how a pull stands after a run (rule S2)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import to_text
from core.errors import ServiceError
from processor.intake.pull_outcomes import judge
from processor.intake.pulling import Report
from processor.intake.pulls import PullState
from processor.intake.ssh_connection import HostKeyChangedError, LoginRefusedError, ServerUnreachableError
from tests.unit.intake.test_pull_times import NOON, pull


def after(report: Report, **state: object) -> PullState:
    return judge(pull("at once", "UTC", started_at=to_text(NOON), **state), report, now=NOON)


def failing(error: ServiceError) -> PullState:
    return after(Report(error=error))


def test_s02_a_changed_host_key_stops_the_pull() -> None:
    state = failing(HostKeyChangedError("It shows another one."))
    assert state.stopped_at == to_text(NOON)
    assert state.again_at is None
    assert state.error == "It shows another one."


def test_s02_a_pull_that_is_stopped_stays_so_when_the_server_is_dead_too() -> None:
    before = to_text(NOON - timedelta(days=1))
    state = after(Report(error=ServerUnreachableError("Dead.")), stopped_at=before)
    assert state.stopped_at == before


def test_s02_trouble_is_tried_again_and_a_refused_login_later() -> None:
    broken, refused = failing(ServerUnreachableError("Dead.")), failing(LoginRefusedError("No."))
    assert broken.again_at == to_text(NOON + timedelta(minutes=1))
    assert refused.again_at == to_text(NOON + timedelta(minutes=10))
    assert (broken.failures, refused.failures) == (1, 1)


def test_s02_trouble_of_one_file_is_a_failure_with_its_sentence() -> None:
    state = after(Report(troubles=("big.csv: The file is too large (U9).",)))
    assert state.error == "big.csv: The file is too large (U9)."
    assert state.failures == 1
    assert state.again_at is None, "the others are fetched when they are due"


def test_s02_trouble_of_one_file_is_tried_again_before_a_daily_schedule() -> None:
    report = Report(troubles=("big.csv: The file is too large (U9).",))
    state = judge(pull("06:00", started_at=to_text(NOON)), report, now=NOON)
    assert state.again_at == to_text(NOON + timedelta(minutes=1))


def test_s02_many_files_with_trouble_are_told_in_few_sentences() -> None:
    said = Report(troubles=tuple(f"{n}.csv: No." for n in range(1_000))).complaint
    assert said == "0.csv: No. 1.csv: No. 2.csv: No. 3.csv: No. 4.csv: No. And 995 files more."


@pytest.mark.parametrize("schedule", ["at once", "06:00"])
def test_s02_a_file_that_is_being_written_is_looked_at_again_soon_and_after_an_hour_is_trouble(
    schedule: str,
) -> None:
    writing, state = Report(changing=("users.csv",)), pull(schedule, started_at=to_text(NOON)).state
    for minutes in (0, 5, 59):
        now = NOON + timedelta(minutes=minutes)
        state = judge(replace(pull(schedule), state=state), writing, now=now)
        assert (state.failures, state.again_at) == (0, to_text(now + timedelta(minutes=1)))
        assert state.changing_since == to_text(NOON)
    state = judge(replace(pull(schedule), state=state), writing, now=NOON + timedelta(minutes=60))
    assert "now users.csv:" in (state.error or "")


@pytest.mark.parametrize("schedule", ["at once", "06:00"])
def test_s02_a_file_that_is_never_complete_is_no_failure_in_a_row_and_looked_at_less_and_less_often(
    schedule: str,
) -> None:
    writing, state = Report(changing=("users.csv",)), pull(schedule, started_at=to_text(NOON)).state
    state = replace(state, changing_since=to_text(NOON))
    pauses = {60: 1, 61: 1, 62: 2, 64: 4, 90: 30, 120: 60, 6000: 60}
    for minutes, pause in pauses.items():
        now = NOON + timedelta(minutes=minutes)
        state = judge(replace(pull(schedule), state=state), writing, now=now)
        again_at = None if schedule == "at once" else to_text(now + timedelta(minutes=pause))
        assert (state.failures, state.again_at) == (0, again_at)
    broken = Report(error=ServerUnreachableError("Dead."))
    state = judge(replace(pull(schedule), state=state), broken, now=NOON + timedelta(days=9))
    assert state.failures == 1, "the first that is one"
    state = judge(replace(pull(schedule), state=state), writing, now=NOON + timedelta(days=9))
    assert state.failures == 0, "the server answers"


def test_s02_a_stopped_pull_goes_on_with_the_pinned_key_although_a_file_is_never_complete() -> None:
    since = to_text(NOON - timedelta(hours=2))
    state = after(Report(changing=("users.csv",)), changing_since=since, stopped_at=since, failures=4)
    assert (state.stopped_at, state.failures) == (None, 0)


def test_s02_trouble_of_other_files_hides_no_file_that_is_never_complete() -> None:
    report = Report(changing=("users.csv",), troubles=("big.csv: The file is too large (U9).",))
    said = after(report, changing_since=to_text(NOON - timedelta(hours=1))).error or ""
    assert "big.csv" in said
    assert "users.csv" in said


def test_s02_a_look_that_failed_says_nothing_about_files_that_are_being_written() -> None:
    since = to_text(NOON - timedelta(minutes=50))
    broken = Report(error=ServerUnreachableError("Dead."))
    assert after(broken, changing_since=since).changing_since == since
    assert after(broken).changing_since is None
    assert after(Report(error=HostKeyChangedError("Another.")), changing_since=since).changing_since == since
    assert after(Report(), changing_since=since).changing_since is None


def test_s02_u09_what_does_not_fit_into_the_hour_follows() -> None:
    assert after(Report(deferred=True)).again_at == to_text(NOON + timedelta(minutes=10))


def test_s02_success_ends_everything() -> None:
    state = after(Report(), failures=5, error="x", stopped_at=to_text(NOON), told_at=to_text(NOON))
    assert replace(state, succeeded_at=None) == PullState(added_at=to_text(NOON), started_at=to_text(NOON))
