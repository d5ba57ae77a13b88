"""When a pull is due, when it is tried again, when its operator hears of it (rules S1, S2); pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import from_text, to_text
from core.organization_settings import AT_ONCE
from processor.intake.pulls import Pull, PullState
from processor.intake.schedule import due_at

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
FIRST_LOGIN_PAUSE = timedelta(minutes=10)  # more would lock the account at many a server
LONGEST_LOGIN_PAUSE = timedelta(hours=6)
LOOK_AGAIN = timedelta(minutes=1)  # for files that were still being written
GO_ON = timedelta(minutes=10)  # with what did not fit into the hour (U9)
PATIENCE = timedelta(hours=1)  # with files that are still being written
FAILURES_TO_TELL = 3
TELL_AGAIN = timedelta(days=1)


def as_of(pull: Pull, *, now: datetime) -> Pull:
    """Return the pull without times to come: the clock was ahead when they were written, and is right again."""
    state, ago = pull.state, to_text(now - timedelta(days=1))

    def is_ahead(at: str | None, by: timedelta = timedelta()) -> bool:
        return at is not None and from_text(at) > now + by

    return replace(
        pull,
        state=replace(
            state,
            added_at=ago if is_ahead(state.added_at) else state.added_at,
            started_at=ago if is_ahead(state.started_at) else state.started_at,
            again_at=None if is_ahead(state.again_at, LONGEST_LOGIN_PAUSE) else state.again_at,
            told_at=None if is_ahead(state.told_at) else state.told_at,
            changing_since=None if is_ahead(state.changing_since) else state.changing_since,
        ),
    )


def next_at(pull: Pull, *, interval_s: float) -> datetime | None:
    """Return when the next look is due; None where it is stopped. `at once` looks every `interval_s`."""
    state = pull.state
    if state.stopped_at is not None:
        return None
    again = None if state.again_at is None else from_text(state.again_at)
    if again is not None and state.failures and pull.server.schedule == AT_ONCE:
        return again  # the pause after a failure goes before the interval
    planned = scheduled_at(pull, interval_s=interval_s)
    return planned if again is None else min(planned, again)


def scheduled_at(pull: Pull, *, interval_s: float) -> datetime:
    """Return the schedule's next time; what was missed while nothing ran is due at once."""
    started = pull.state.started_at
    if pull.server.schedule == AT_ONCE:
        if started is None:
            return from_text(pull.state.added_at)
        return from_text(started) + timedelta(seconds=interval_s)
    base = from_text(started or pull.state.added_at)
    return due_at(pull.server.schedule, accepted=base, zone=ZoneInfo(pull.time_zone))


def started(pull: Pull, *, now: datetime, interval_s: float) -> PullState:
    """Note a try, which counts as the schedule's where its time has come; one that is killed is made again soon."""
    state = replace(pull.state, tried_at=to_text(now), again_at=to_text(now + FIRST_PAUSE))
    if scheduled_at(pull, interval_s=interval_s) <= now:
        return replace(state, started_at=to_text(now))
    return state


def succeeded(state: PullState, *, now: datetime, again_in: timedelta | None = None) -> PullState:
    """Note that all went well; `again_in` looks again before the schedule does."""
    return replace(
        state,
        succeeded_at=to_text(now),
        again_at=to_text(now + again_in) if again_in else None,
        failures=0,
        error=None,
        told_at=None,
        stopped_at=None,
    )


def changing_since(state: PullState, *, changing: bool, known: bool, now: datetime) -> str | None:
    """Return since when each look has found a file that is still being written; a look that failed says nothing."""
    if changing:
        return state.changing_since or to_text(now)
    return None if known else state.changing_since


def is_patient(state: PullState, *, now: datetime) -> bool:
    """Whether a file that is still being written is no failure yet, whatever the schedule."""
    return state.changing_since is None or now - from_text(state.changing_since) < PATIENCE


def failed(state: PullState, error: str, *, now: datetime, login: bool = False) -> PullState:
    """Note a failure: the pause doubles with each one in a row, and is longer after a refused `login`."""
    first, longest = (FIRST_LOGIN_PAUSE, LONGEST_LOGIN_PAUSE) if login else (FIRST_PAUSE, LONGEST_PAUSE)
    pause = min(first * 2 ** min(state.failures, 10), longest)
    return replace(state, failures=state.failures + 1, error=error, again_at=to_text(now + pause))


def unfinished(state: PullState, error: str, *, now: datetime) -> PullState:
    """Note that a file is never complete: no failure, for the server answers; looked at less and less often."""
    since = now if state.changing_since is None else from_text(state.changing_since)
    pause = min(max(now - since - PATIENCE, FIRST_PAUSE), LONGEST_PAUSE)
    return replace(state, failures=0, error=error, again_at=to_text(now + pause), stopped_at=None)


def stopped(state: PullState, error: str, *, now: datetime) -> PullState:
    """Note that the host key changed; the first such time stays."""
    return replace(
        state,
        error=error,
        again_at=None,
        failures=state.failures + 1,
        stopped_at=state.stopped_at or to_text(now),
    )


def wants_mail(state: PullState, *, now: datetime) -> bool:
    """Whether the operator is to hear of failures: at the third in a row, then daily."""
    if state.failures < FAILURES_TO_TELL:
        return False
    return state.told_at is None or now - from_text(state.told_at) >= TELL_AGAIN
