"""Ids that a spreadsheet has changed (rule P1): shortened to `1.02E+05`, or without the zeros in front."""

from dataclasses import dataclass, field

from processor.findings import Problem
from processor.lines import Lines
from processor.reading.catalogue import problem
from processor.reading.stray_rows import cells_in_words

LONGEST = 12  # digits of an id that is looked for with zeros in front


def lost_zeros(known: object, given: object) -> bool:
    """Whether an id is the known one without its zeros in front."""
    if not (isinstance(known, str) and isinstance(given, str)):
        return False
    known, given = known.strip(), given.strip()
    return known != given and known[:1] == "0" and given.isdigit() and known.lstrip("0") == given


def with_zeros(key: str) -> list[str]:
    """Return what an id may have been before it lost its zeros."""
    if not key.isdigit() or key.startswith("0"):
        return []
    return [key.zfill(length) for length in range(len(key) + 1, LONGEST + 1)]


@dataclass(slots=True)
class OddIds:
    """Where a file has such ids, by the label of their column."""

    _found: dict[tuple[str, str | None], Lines] = field(default_factory=dict)

    def add(self, code: str, label: str | None, line: int) -> None:
        """Take one cell; `code` is `id-shortened` or `id-without-zeros`."""
        self._found.setdefault((code, label), Lines()).add(line)

    def notes(self) -> list[Problem]:
        """Rule P1: one note for each kind and column."""
        return [
            problem(code, column=label, cells=cells_in_words(len(lines)), lines=lines.in_words())
            for (code, label), lines in self._found.items()
        ]
