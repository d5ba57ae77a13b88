"""Times that people type: a day, or a day and a time; UTC unless they say otherwise."""

from datetime import UTC, datetime

from core.errors import UsageError

FORM = "2026-11-24 or 2026-11-24T09:30 (UTC)"


def parse_moment(text: str, option: str) -> datetime:
    """Return the time.

    Raises:
        UsageError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(f"{option}: {text!r} is no time; write it like {FORM}.") from exc
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
