"""Lines that are no rows: titles above the labels, labels once more, totals, rows with another delimiter (F2, F3)."""

import csv
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.delimiters import DELIMITERS, recognise_delimiter
from processor.reading.header import LABEL_LIMIT, Header
from processor.reading.labels import STANDARD_LABELS, clean_label, label_key
from processor.reading.values import clean, is_blank

if TYPE_CHECKING:  # the daemon loads no numpy
    from processor.reading.table import Batch, Record

_TOTAL = re.compile(
    r"((grand|sub|report)[\s-]?)?(totals?|sum|count|summe|gesamt|anzahl)\b|end of (report|file|list)\b"
    r"|(records?|rows|employees|report (generated|created|run)|generated|printed|number of \w+)\b.*[:\d]",
    re.IGNORECASE,
)
# Of teams, whose names may be Total Rewards or Sum: nothing else in the cell, and a number in it or beside it.
_TOTAL_OF_TEAMS = re.compile(
    r"((grand|sub|report)[\s-]?)?(totals?|sum|count|summe|gesamt|anzahl|number of|records?|rows)"
    r"(\s+(of|teams?|records|rows|departments|employees|users))*\s*[:=]?\s*(?P<number>\d[\d.,']*)?",
    re.IGNORECASE,
)
_END = re.compile(r"\W*end of (report|file|list)\W*", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d.,']*")
_MOST_CELLS_OF_A_TOTAL = 4
_LOOKED_AT = 8  # cells, so that a file of bad rows only is not read much slower
_LONGEST_ROW = 64 * 1024
_LONGEST_TOTAL = 200  # characters
_STANDARD = frozenset(label_key(label) for label in STANDARD_LABELS)


def cells_in_words(count: int) -> str:
    """Return `1 cell` or `3 cells`."""
    return f"{count:,} cell{'' if count == 1 else 's'}"


def looks_like_total(cells: Sequence[str]) -> bool:
    """Whether a row is a total or a footer: few cells, the first begins with a word of those, none is an address."""
    filled = [clean(cell) for cell in cells if not is_blank(cell)]
    if not 0 < len(filled) <= _MOST_CELLS_OF_A_TOTAL or any("@" in cell for cell in filled):
        return False
    return _TOTAL.match(filled[0]) is not None


def is_total_of_teams(cells: Sequence[str]) -> bool:
    """Whether a row of a teams file is a total or the file's last word, and no team whose name begins like one."""
    if sum(map(len, cells[:_LOOKED_AT])) > _LONGEST_TOTAL or "@" in "".join(cells):
        return False
    filled = [clean(cell) for cell in cells if not is_blank(cell)]
    if not 0 < len(filled) <= _MOST_CELLS_OF_A_TOTAL:
        return False
    if len(filled) == 1 and _END.fullmatch(filled[0]):
        return True
    found = _TOTAL_OF_TEAMS.fullmatch(filled[0])
    numbers = all(_NUMBER.fullmatch(cell) for cell in filled[1:])
    return found is not None and numbers and (len(filled) > 1 or found["number"] is not None)


def looks_like_labels(cells: Sequence[str], header: Header) -> bool:
    """Whether a row holds labels once more: the file's own, or at least two that we know, and nothing like data."""
    if any(len(cell) > LABEL_LIMIT for cell in cells[:_LOOKED_AT]):
        return False
    keys = [label_key(clean_label(cell)) for cell in cells[:_LOOKED_AT]]
    own = _keys_of(header.labels)
    if keys == own[:_LOOKED_AT]:
        return True
    filled = [key for key in keys if key]
    known = sum(key in _STANDARD or key in own for key in filled)
    return known >= 2 and 2 * known >= len(filled) and not any("@" in cell for cell in cells)


@lru_cache(maxsize=8)
def _keys_of(labels: tuple[str, ...]) -> list[str]:
    return [label_key(clean_label(label)) for label in labels]


def delimiter_of_row(cells: Sequence[str], header: Header) -> str | None:
    """Return the other delimiter by which a row would have as many cells as the header; None for none."""
    text = header.delimiter.join(cells)
    if len(text) > _LONGEST_ROW:
        return None
    for delimiter in DELIMITERS:
        if delimiter == header.delimiter or text.count(delimiter) < len(header.labels) - 1:
            continue
        try:
            found = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(found) == len(header.labels) > 1:
            return delimiter
    return None


def stray_row(line: int, cells: Sequence[str], header: Header) -> Problem | None:
    """Rules F2, F3: what a row that cannot be taken is instead; None where it is just a bad row."""
    if looks_like_labels(cells, header):
        return problem("labels-again", line=line)
    return problem("total-row", line=line) if looks_like_total(cells) else None


def check_width(line: int, cells: Sequence[str], header: Header) -> Problem | None:
    """Rule F3: fewer cells than the header are a problem, more too unless the surplus is blank."""
    width = len(header.labels)
    if len(cells) == width:
        return None
    if len(cells) > width and all(is_blank(cell) for cell in cells[width:]):
        return None
    if stray := stray_row(line, cells, header):
        return stray
    found = cells_in_words(len(cells))
    if delimiter := delimiter_of_row(cells, header):
        return problem(
            "row-other-delimiter",
            line=line,
            found=found,
            expected=width,
            delimiter=delimiter_in_words(delimiter),
            ours=delimiter_in_words(header.delimiter),
        )
    code = "row-too-short" if len(cells) < width else "row-too-long"
    return problem(code, line=line, found=found, expected=width)


def delimiter_in_words(delimiter: str) -> str:
    """Return how a sentence names a delimiter."""
    return "tabs" if delimiter == "\t" else f"`{delimiter}`"


def title_above(
    first_line: int,
    below: "Sequence[Record]",
    understand: Callable[[Sequence[str]], object],
    *,
    encoding: str,
    map_labels: Sequence[str] = (),
) -> Problem | None:
    """Rule F2: where the first line is no header and one right below it is: the lines above are a title.

    `below`: the first records below the first line; `understand` makes a `Header` of labels, or refuses them.
    """
    for record in below:
        text = record.raw.decode(encoding, errors="replace")
        delimiter = recognise_delimiter(text, known_labels=map_labels)
        try:
            labels = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:
            continue
        if isinstance(understand(labels), Header):
            return problem("title-above", line=first_line, labels=record.line)
    return None


def is_cut_off(batch: "Batch", width: int) -> bool:
    """Rule R1: whether the file's last row has no line end and too few cells, and is no total either."""
    if not batch.records:
        return False
    last = batch.records[-1]
    at_end = last.line == batch.block.first_line + len(batch.block.lines) - len(last.raw.splitlines())
    return (
        at_end
        and not last.raw.endswith((b"\n", b"\r"))
        and not all(map(is_blank, last.cells))
        and len(last.cells) < width
        and not looks_like_total(last.cells)
    )
