"""The problems and notes of one file, bounded: the first of each kind one by one, the others by their lines (R2, F4).

A file of 1 MB can hold half a million bad cells. Of one code in one column, `KEPT` are kept as they are, of a file
`KEPT_IN_ALL`; what follows is kept as runs of lines, `RUNS` in one finding that says how many it stands for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from processor.directory.spill import Row, Spill
from processor.findings import Problem
from processor.lines import Lines, in_words, is_one_line

KEPT = 20_000
KEPT_IN_ALL = 100_000
RUNS = 50

Kind = tuple[bool, str, str | None]  # whether it is a note, code, column


@dataclass(slots=True)
class _More:
    """What is not kept one by one of a kind: its first finding, and where it stands."""

    first: Problem
    lines: Lines = field(default_factory=Lines)


class FileFindings:
    """Rows (is_note, line, column, code, text, advice, times) for the table of problems."""

    def __init__(self, *, spill: Spill) -> None:
        self._spill = spill
        self._kept: dict[Kind, int] = {}
        self._in_all = 0
        self._more: dict[Kind, _More] = {}

    def add(self, found: Sequence[Problem], *, is_note: bool) -> None:
        """Take findings in the order of the file."""
        rows: list[Row] = []
        for one in found:
            kind = (is_note, one.code, one.column)
            kept = self._kept.get(kind, 0)
            if one.line is None or (kept < KEPT and self._in_all < KEPT_IN_ALL) or not kept:
                self._kept[kind] = kept + 1
                self._in_all += 1
                rows.append((int(is_note), one.line, one.column, one.code, one.text, one.advice, 1))
            else:
                more = self._more.get(kind)
                if more is None:
                    more = self._more[kind] = _More(one)
                more.lines.add(one.line)
        if rows:
            self._spill.append(rows)

    def batches(self) -> Iterator[list[Row]]:
        """Yield all rows in batches, those that stand for several last; more than once is fine."""
        yield from self._spill.batches()
        for (is_note, code, column), more in self._more.items():
            yield [
                (int(is_note), line, column, code, text, more.first.advice, times)
                for line, text, times in _summed_up(more)
            ]


def _summed_up(more: _More) -> Iterator[tuple[int, str, int]]:
    """Yield line, text and number of the findings that stand for several."""
    runs = more.lines.runs()
    rule = more.first.text.rpartition(" (")[2]
    while some := list(islice(runs, RUNS)):
        times = sum(count for _, _, count in some)
        lines = "line" if is_one_line(some) else "lines"
        yield some[0][0], f"{times:,} more like this: {lines} {in_words(some)} ({rule}", times
    if more.lines.beyond:
        beyond, line = more.lines.beyond, more.lines.first_beyond
        yield line, f"{beyond:,} more like this, from line {line} on ({rule}", beyond
