"""Whether a file that an organization expects has come (rule N4): pure decisions on times."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.daily_times import DailyTime, daily_time
from core.organization_settings import WEEKDAYS, OrganizationSettings

GRACE = timedelta(minutes=1)
UPLOAD_GRACE = timedelta(minutes=30)  # while an upload is under way at that time


@dataclass(frozen=True, slots=True)
class Missed:
    """None came by then: tell it once."""

    by: datetime


@dataclass(frozen=True, slots=True)
class Came:
    """One came after all, after people were told that none came by then."""

    by: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an organization expects, since when, and the time that people were told of as missed."""

    times: DailyTime
    since: datetime
    missed: datetime | None = None


def expected_times(settings: OrganizationSettings) -> DailyTime | None:
    """Return the times by which files are expected, None where none are."""
    if settings.expected is None:
        return None
    days, _, at = settings.expected.partition(" by ")
    return daily_time(at, settings.time_zone, weekdays_only=days == WEEKDAYS)


def setting_of(settings: OrganizationSettings) -> str | None:
    """Return what an expectation is made of: when it changes, only times from then on count."""
    return None if settings.expected is None else f"{settings.expected} {settings.time_zone}"


def judge(
    expectation: Expectation, *, last_accepted: datetime | None, now: datetime, uploading: bool
) -> Missed | Came | None:
    """Rule N4: a time is missed when no file was accepted since the time before it.

    A minute of grace is for what is accepted just then; an upload that is under way gets half an hour. Each time is
    told of once; of several that nobody was there to tell of, the last.
    """
    times, missed = expectation.times, expectation.missed
    if missed is not None and last_accepted is not None and last_accepted > times.before(missed):
        return Came(missed, last_accepted)
    by = times.last(now - GRACE)
    if by <= expectation.since or by == missed:
        return None
    if last_accepted is not None and last_accepted > times.before(by):
        return None
    if uploading and now - by < UPLOAD_GRACE:
        return None
    return Missed(by)
