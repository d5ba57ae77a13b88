"""When an organization's drops are processed (rule S1): at once, at a time of day, or by a cron expression. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from core.organization_settings import AT_ONCE


def due_at(schedule: str, *, accepted: datetime, zone: ZoneInfo) -> datetime:
    """Rule S1: return when a drop that was accepted then is due; the moment of acceptance itself for `at once`.

    A time that the clocks skip in spring is the first after it; one that comes twice in autumn counts once.
    """
    if schedule == AT_ONCE:
        return accepted
    return next(CronSim(as_cron(schedule), accepted.astimezone(zone)))


def as_cron(schedule: str) -> str:
    """Return a time of day as a cron expression; a cron expression as it is."""
    hour, colon, minute = schedule.partition(":")
    return f"{int(minute)} {int(hour)} * * *" if colon and hour.isdigit() and minute.isdigit() else schedule
