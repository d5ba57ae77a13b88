"""What the columns of a file were understood as, for programs and in words (rule H7)."""

from collections.abc import Mapping

from processor.reading.header import Column, Header
from processor.reading.labels import Meaning

# Meanings that are no labels of a file (H5, H6).
_IN_WORDS = {
    "ignore": "ignored",
    Meaning.STATUS.value: "Leaver Status: says by a word who has left",
    Meaning.MANAGER_EMPLOYEE_ID.value: "Manager Employee ID: the manager, looked up by Employee ID",
    Meaning.MANAGER_NAME.value: "Manager Name: the manager, looked up by full name",
    Meaning.MANAGER.value: "Manager: the name of a manager whom Manager Email makes",
}


def meanings(header: Header) -> list[tuple[str, str]]:
    """Return each label of the file, in its order, with one of ours, `custom.<field>` or `ignore`."""
    by_place = {column.index: column for column in header.columns}
    return [(label, _meaning(by_place.get(place))) for place, label in enumerate(header.labels) if label]


def in_words(meaning: str, new_types: Mapping[str, str]) -> str:
    """Return a meaning as a report says it; `new_types`: of the custom fields that the file makes, by label."""
    field = meaning.removeprefix("custom.")
    if field == meaning:
        return _IN_WORDS.get(meaning, meaning)
    return f"new custom field {field} ({new_types[field]})" if field in new_types else f"custom field {field}"


def _meaning(column: Column | None) -> str:
    if column is None:
        return str(Meaning.IGNORE)
    if column.meaning is Meaning.CUSTOM:
        return f"custom.{column.field or column.label}"
    return str(column.meaning)
