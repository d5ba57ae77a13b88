"""What is said about a file: problems and notes. The catalogue of codes is `processor/reading/catalogue.py`."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of the file that was not applied; as a note: a finding that takes nothing away.

    `line` is the first line of the row as an editor counts, None for the whole file; `column` the label as the file
    writes it, None for a whole row or file. `text` and `advice` quote no cell value.
    """

    line: int | None
    column: str | None
    code: str
    text: str
    advice: str
    times: int = 1  # how many it stands for, where a file has so many of a kind that their lines are listed


Note = Problem


def number_of(findings: Iterable[Problem]) -> int:
    """Return how many findings these stand for."""
    return sum(one.times for one in findings)
