"""Rule N1: more than 6 import mails an hour to one recipient become one summary. Pure; the outbox acts on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LIMIT = 6
WINDOW = timedelta(hours=1)
# A summary that is due this soon may be on its way already, so it takes nothing in.
CLOSES_BEFORE = timedelta(minutes=2)
LEAST_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Alone:
    """The mail goes out by itself."""


@dataclass(frozen=True, slots=True)
class Join:
    """The mail becomes a line of the summary with this id."""

    summary: int


@dataclass(frozen=True, slots=True)
class Begin:
    """The mail becomes the first line of a summary that goes out then."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSummary:
    """A summary that nobody has tried to send yet."""

    id: int
    due_at: datetime


def decide(*, recent: Sequence[datetime], summary: OpenSummary | None, now: datetime) -> Alone | Join | Begin:
    """Rule N1: six in an hour go out at once; the rest waits until the first of the six is an hour old.

    `recent` has the times of this recipient's import mails, in any order; older ones than an hour don't count.
    """
    within = sorted(at for at in recent if at > now - WINDOW)
    if len(within) < LIMIT:
        return Alone()
    if summary is not None and summary.due_at - now > CLOSES_BEFORE:
        return Join(summary.id)
    return Begin(max(within[-LIMIT] + WINDOW, now + LEAST_WAIT))
