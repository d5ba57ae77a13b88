"""Labels that may be data (rules F2, N1): a file without a header has people's data where labels belong."""

import re
from collections.abc import Sequence

_DIGITS = re.compile(r"[\d\s.,/+()-]+")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")


def may_be_data(label: str) -> bool:
    """Whether a label looks like a value: an address, a date, or digits only."""
    text = label.strip()
    return "@" in text or bool(_DATE.search(text)) or bool(text and _DIGITS.fullmatch(text))


def column_numbers(labels: Sequence[str]) -> dict[str, int]:
    """Return the places, from 1, of those labels of a file that may be data."""
    return {label: number for number, label in reversed(list(enumerate(labels, 1))) if may_be_data(label)}


def shown_label(label: str, number: int | None) -> str:
    """Rule N1: a label that may be data is called by its place, `column 3`."""
    if not may_be_data(label):
        return label
    return "a column" if number is None else f"column {number}"
