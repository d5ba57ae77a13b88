"""From bytes to records with their line numbers (sections F and R1)."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class BadFileError(Exception):
    """The file is refused as a whole (F2)."""

    def __init__(self, code: str, line: int | None = None) -> None:
        super().__init__(code)
        self.code, self.line = code, line


@dataclass(frozen=True)
class Record:
    """A record and the line where it begins."""

    line: int
    cells: list[str]


def is_blank(cells: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def records(data: bytes) -> tuple[Record, list[Record]]:
    """Return the header and what stands below it."""
    text = data.decode("utf-8").removeprefix("\ufeff")
    lines = LINE.findall(text)
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t|", key=first.count)
    found = _parse(lines, delimiter)
    header, *rows = [record for record in found if not is_blank(record.cells)] or [Record(1, [])]
    if not header.cells:
        raise BadFileError("empty-file")
    is_unended = not text.endswith(("\r", "\n")) and found[-1] is (rows or found)[-1]
    if is_unended and rows and len(rows[-1].cells) < len(header.cells):
        raise BadFileError("looks-cut-off", rows[-1].line)
    return header, rows


def _parse(lines: list[str], delimiter: str) -> list[Record]:
    reader = csv.reader([*lines, "\n"], delimiter=delimiter)  # the last line shows whether a quote is open
    found: list[Record] = []
    begin = 1
    for cells in reader:
        found.append(Record(begin, cells))
        begin = reader.line_num + 1
    if found[-1].cells:
        inside = LINE.findall(found[-1].cells[-1][:-1])
        raise BadFileError("quote-open", len(lines) - max(len(inside), 1) + 1)
    return found[:-1]
