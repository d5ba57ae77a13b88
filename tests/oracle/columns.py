"""What columns mean (rules H1, H2, H4) and the cells of a row by meaning."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.oracle.table import Record

USER_LABELS = (
    "User Email", "User Name", "First Name", "Last Name", "Teams", "Manager Email", "Manager",
    "Manager Employee ID",    "User Account Type", "Is Org Admin", "Deactivation Date",
)  # fmt: skip
TEAM_LABELS = {
    "Team Name": "Team Name",
    "Team Owner": "Team Owner",
    "Owner Email": "Team Owner",
    "Team Owner Email": "Team Owner",
    "Parent Team": "Parent Team",
    "Team Type": "Team Type",
}
GUARDED = re.compile(r"'+[=+\-@\t\r]")


def norm(label: str) -> str:
    """Rule H4: the form in which labels are the same."""
    return re.sub(r"[\s_-]", "", label).casefold()


def unguarded(text: str) -> str:
    """Rule E2: take off the quotation mark that keeps a spreadsheet from running a cell."""
    return text[1:] if GUARDED.match(text.strip()) else text


class Columns:
    """The columns of one file."""

    def __init__(self, labels: list[str], standard: Mapping[str, str], fields: Iterable[str] | None) -> None:
        self.width = len(labels)
        self._labels = labels
        loose = {norm(label): meaning for label, meaning in standard.items()}
        if {norm("First Name"), norm("Last Name")} & {norm(label) for label in labels}:
            loose.pop(norm("User Name"), None)
        known = {norm(label): label for label in fields or ()}
        self._at: dict[str, int] = {}
        self.custom: dict[str, int] = {}  # field -> place
        for place, label in enumerate(labels):
            meaning = standard.get(label) or loose.get(norm(label))
            if meaning:
                self._at[meaning] = place
            elif fields is not None:
                self.custom[known.get(norm(label), label)] = place

    def label(self, meaning: str) -> str:
        """The label of a column as the file writes it."""
        return self._labels[self._at[meaning]]

    def label_of_field(self, field: str) -> str:
        """The label of a custom field's column."""
        return self._labels[self.custom[field]]

    def has(self, meaning: str) -> bool:
        return meaning in self._at

    def row(self, record: Record) -> "Row":
        return Row(self._at, record)


@dataclass(frozen=True)
class Row:
    """One row by meaning."""

    _at: Mapping[str, int]
    _record: Record

    @property
    def line(self) -> int:
        return self._record.line

    def text(self, meaning: str) -> str:
        """The cell without outer white space; empty where there is none."""
        place = self._at.get(meaning, len(self._record.cells))
        return unguarded(self._record.cells[place].strip()).strip() if place < len(self._record.cells) else ""

    def raw(self, place: int) -> str:
        """The cell of a custom field, with outer white space."""
        text = self._record.cells[place]
        return unguarded(text.strip()) if GUARDED.match(text.strip()) else text
