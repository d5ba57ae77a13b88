"""When a mail that could not be sent is tried again (rule N3). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Three days were enough."""


def after_attempt(attempts: int, *, created_at: datetime, now: datetime) -> RetryAt | GiveUp:
    """Rule N3: after 5 s, doubling to 15 minutes, given up 3 days after the mail was written.

    `attempts` counts the one that just failed, from 1. The last attempt stands at the end of the 3 days, so that a
    mail is never given up unsent while one more wait would still fit.
    """
    end = created_at + GIVEN_UP_AFTER
    if now >= end:
        return GiveUp()
    doublings = min(attempts - 1, 30)
    delay = min(FIRST_DELAY * 2**doublings, LONGEST_DELAY)
    return RetryAt(min(now + delay, end))
