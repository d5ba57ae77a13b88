"""The form of an entry of the catalogue: what is wrong, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A sentence that ends with its rule's number, and an advice that says what to do; `{facts}` are filled in."""

    text: str
    advice: str
    is_note: bool = False


def bad(rule: str, text: str, advice: str) -> Entry:
    """Make the entry of a problem."""
    return Entry(f"{text} ({rule})", advice)


def note(rule: str, text: str, advice: str) -> Entry:
    """Make the entry of a note."""
    return Entry(f"{text} ({rule})", advice, is_note=True)
