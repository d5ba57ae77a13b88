"""Dates and their order (rule P9)."""

import re
from collections.abc import Iterable
from datetime import date


def readings(text: str) -> dict[str, str]:
    """What a text can mean, as ISO text by order (`iso`, `dmy`, `mdy`)."""
    found: dict[str, str] = {}
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        _try(found, "iso", match[1], match[2], match[3])
    elif match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        _try(found, "dmy", match[3], match[2], match[1])
        _try(found, "mdy", match[3], match[1], match[2])
    return found


def _try(found: dict[str, str], order: str, year: str, month: str, day: str) -> None:
    try:
        found[order] = date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return


def is_date(text: str) -> bool:
    return bool(readings(text))


def is_doubtful(text: str) -> bool:
    return len(set(readings(text).values())) > 1


def proofs(texts: Iterable[str]) -> set[str]:
    """The orders that dates with one reading only prove."""
    return {order for text in texts for order in readings(text) if len(readings(text)) == 1} - {"iso"}


def read(text: str, *, order: str | None, setting: str) -> str | None:
    """The date as ISO text; None where it is none or doubtful."""
    found = readings(text)
    if setting != "auto":
        return found.get("iso") or found.get(setting)
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return found.get(order or "")
