"""Whether a file that an organization expects has come (rule N4): pure decisions on times."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.daily_times import DailyTime, daily_time
from core.organization_settings import WEEKDAYS, OrganizationSettings

GRACE = timedelta(minutes=1)
UPLOAD_GRACE = timedelta(minutes=30)  # while an upload is under way at that time
# What comes so long after a time that had no file is late for it; what comes later is early for the next one, for an
# export of each night that failed once would else be late for ever.
LATE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Missed:
    """None came by then: tell it once."""

    by: datetime


@dataclass(frozen=True, slots=True)
class Came:
    """One came after all, after people were told that none came by then."""

    by: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """One came so soon after that time that nobody was told: keep that it was late."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an organization expects, and since when.

    `missed` is the time that people were told of as missed, `late` when the last file came that was late.
    """

    times: DailyTime
    since: datetime
    missed: datetime | None = None
    late: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """When the last file was accepted, and the last one that was accepted by the `time_in_question`."""

    last: datetime | None = None
    last_by: datetime | None = None


def expected_times(settings: OrganizationSettings) -> DailyTime | None:
    """Return the times by which files are expected, None where none are."""
    if settings.expected is None:
        return None
    days, _, at = settings.expected.partition(" by ")
    return daily_time(at, settings.time_zone, weekdays_only=days == WEEKDAYS)


def setting_of(settings: OrganizationSettings) -> str | None:
    """Return what an expectation is made of: when it changes, only times from then on count."""
    return None if settings.expected is None else f"{settings.expected} {settings.time_zone}"


def time_in_question(expectation: Expectation, *, now: datetime) -> datetime:
    """Return the last time by which a file was expected; a minute of grace is for what is accepted just then."""
    return expectation.times.last(now - GRACE)


def judge(
    expectation: Expectation, *, arrivals: Arrivals, now: datetime, uploading: bool
) -> Missed | Came | Late | None:
    """Rule N4: a time is missed when no file was accepted for it, which is since the time before it.

    A file that was late for the time before does not count again (see `LATE`). An upload that is under way gets half
    an hour. Each time is told of once; of several that nobody was there to tell of, the last.
    """
    missed, last = expectation.missed, arrivals.last
    if missed is not None and last is not None and last > _came_from(expectation, missed):
        return Came(missed, last)
    by = time_in_question(expectation, now=now)
    if by <= expectation.since or by == missed:
        return None
    if arrivals.last_by is not None and arrivals.last_by > _counts_from(expectation, by):
        return None
    if last is not None and last > by:
        return None if expectation.late is not None and expectation.late > by else Late(last)
    if uploading and now - by < UPLOAD_GRACE:
        return None
    return Missed(by)


def _counts_from(expectation: Expectation, by: datetime) -> datetime:
    """Return the time after which a file that is accepted counts for `by`."""
    before = expectation.times.before(by)
    was_late = expectation.late is not None and expectation.late > before
    return before + LATE if was_late else before


def _came_from(expectation: Expectation, missed: datetime) -> datetime:
    """Return the time after which a file is the one that was missed; those before another setting never are."""
    return missed if missed <= expectation.since else _counts_from(expectation, missed)
