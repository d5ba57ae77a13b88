"""The table of problems that stands in `error/` (rule R1), for people with a spreadsheet."""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO

from processor.filing.formulas import guard
from processor.findings import Problem

LABELS = ("Line", "Column", "Code", "Problem", "What to do")
BOM = b"\xef\xbb\xbf"
BLOCK_ROWS = 1_000
BLOCK_BYTES = 1 << 20

Row = tuple[str | int, ...]


def write_problems(target: BinaryIO, problems: Iterable[Problem]) -> None:
    """Rules R1 and E2: one row for each problem, in the order given; an unknown line or column is blank.

    UTF-8. Excel takes UTF-8 for what it is only after a byte order mark, so text that needs it gets one. Problems are
    read once and memory stays bounded (F4): `target` is read and sought for that.
    """
    plain = True
    for rows in _blocks(problems):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        plain = plain and text.getvalue().isascii()
        target.write(text.getvalue().encode("utf-8", "replace"))
    if not plain:
        put_in_front(target, BOM)


def _blocks(problems: Iterable[Problem]) -> Iterator[list[Row]]:
    yield [LABELS]
    each = iter(problems)
    while rows := [_row(problem) for problem in islice(each, BLOCK_ROWS)]:
        yield rows


def put_in_front(target: BinaryIO, mark: bytes) -> None:
    """Move all bytes back, the last first, and write `mark` before them; the file stands at its end then."""
    left = target.seek(0, os.SEEK_END)
    while left > 0:
        size = min(BLOCK_BYTES, left)
        left -= size
        target.seek(left)
        block = target.read(size)
        target.seek(left + len(mark))
        target.write(block)
    target.seek(0)
    target.write(mark)
    target.seek(0, os.SEEK_END)


def _row(problem: Problem) -> Row:
    return (
        "" if problem.line is None else problem.line,
        guard(problem.column or ""),
        guard(problem.code),
        guard(problem.text),
        guard(problem.advice),
    )
