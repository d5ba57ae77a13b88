"""The one clock of a process (section X of the contract): everything that asks for the time asks here."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests hand in their own."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        ...


class SystemClock:
    """The machine's clock, shifted by `offset_s` seconds (`ROSTERDROP_TEST_NOW_OFFSET_S`)."""

    def __init__(self, *, offset_s: float = 0) -> None:
        self._offset = timedelta(seconds=offset_s)

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        return datetime.now(UTC) + self._offset


def to_text(moment: datetime) -> str:
    """Write a time as ISO 8601 in UTC with milliseconds, the only form that is stored."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote."""
    return datetime.fromisoformat(text)
