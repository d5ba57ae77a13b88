"""The types of custom fields (rules C1, C2): what they are called and what one is known to be."""

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """What a custom field holds; the values stand in the database and in `fields list --json`."""

    TEXT = "text"
    DATE = "date"
    BOOLEAN = "boolean"

    @property
    def described(self) -> str:
        """How a sentence names it."""
        return {"text": "a text", "date": "a date"}.get(self.value, "Yes or No (also True or False)")


@dataclass(frozen=True, slots=True)
class KnownField:
    """A custom field of the organization; `strict`: its type was set by command and no file changes it (C2)."""

    label: str
    type: FieldType
    strict: bool = False
