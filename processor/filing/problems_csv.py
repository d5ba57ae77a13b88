"""The table of problems that stands in `error/` (rule R1), for people with a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from processor.filing.formulas import guard
from processor.findings import Problem

LABELS = ("Line", "Column", "Code", "Problem", "What to do")
BOM = b"\xef\xbb\xbf"


def write_problems(target: BinaryIO, problems: Iterable[Problem]) -> None:
    """Rules R1 and E2: one row for each problem, in the order given; an unknown line or column is blank.

    UTF-8. Excel takes UTF-8 for what it is only after a byte order mark, so text that needs it gets one.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(LABELS)
    table.writerows(_row(problem) for problem in problems)
    table_text = text.getvalue()
    if not table_text.isascii():
        target.write(BOM)
    target.write(table_text.encode("utf-8", "replace"))


def _row(problem: Problem) -> tuple[str | int, ...]:
    return (
        "" if problem.line is None else problem.line,
        guard(problem.column or ""),
        guard(problem.code),
        guard(problem.text),
        guard(problem.advice),
    )
