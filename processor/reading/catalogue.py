"""Every problem and note by its code, and the one place where they are made; the sentences stand in the entries beside.

`docs/problems.md` lists the same codes; a test compares the two.
"""

from processor.findings import Problem
from processor.reading.entries import Entry
from processor.reading.entries_of_files import ENTRIES as OF_FILES
from processor.reading.entries_of_rows import ENTRIES as OF_ROWS

CATALOGUE: dict[str, Entry] = {**OF_FILES, **OF_ROWS}


def problem(code: str, *, line: int | None = None, column: str | None = None, **facts: object) -> Problem:
    """Make the problem (or note) of that code; `facts` fill its sentences and are never cell values.

    Raises:
        KeyError: no such code, or a fact is missing.
    """
    entry = CATALOGUE[code]
    facts["line"] = line
    return Problem(line, column, code, entry.text.format_map(facts), entry.advice.format_map(facts))


def is_note(code: str) -> bool:
    """Whether the code takes nothing away (section W): it changes no outcome and no exit status."""
    return CATALOGUE[code].is_note
