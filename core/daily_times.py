"""Times of day in a time zone, through the days on which clocks change (rules N4, E1). Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return that time of that day in UTC.

    A time that the clocks skip in spring is the first after it; one that comes twice in autumn is the first of both.
    """
    wall = datetime.combine(day, at)
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyTime:
    """A time that comes once a day, or on Mondays to Fridays only."""

    at: time
    zone: ZoneInfo
    weekdays_only: bool = False

    def last(self, now: datetime) -> datetime:
        """Return the latest such time that is not after `now`."""
        day = now.astimezone(self.zone).date() + DAY  # a skipped day moves its times to the next one
        while True:
            if not (self.weekdays_only and day.weekday() >= SATURDAY):
                moment = moment_of(day, self.at, self.zone)
                if moment <= now:
                    return moment
            day -= DAY

    def before(self, moment: datetime) -> datetime:
        """Return the latest such time before one of them."""
        return self.last(moment - timedelta(microseconds=1))


def daily_time(at: str, zone: str, *, weekdays_only: bool = False) -> DailyTime:
    """Return the time that the settings `HH:MM` and `time_zone` mean."""
    return DailyTime(at=time.fromisoformat(at), zone=ZoneInfo(zone), weekdays_only=weekdays_only)


def start_of_day(now: datetime, zone: str) -> datetime:
    """Return when the present day of a time zone began."""
    return DailyTime(at=time(0), zone=ZoneInfo(zone)).last(now)
