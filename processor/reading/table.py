"""Reads a CSV as physical lines and records, in bounded memory (rules F1 to F4); what cells mean is decided elsewhere.

Lines that the caller knows already are passed over unparsed, but only at the start of a record: a quoted cell that
spans lines swallows them exactly as it would without.
"""

import csv
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BLOCK_BYTES = 1 << 19
CELL_LIMIT = 64 * 1024  # characters (F2)
LINE_LIMIT_BYTES = 32 << 20  # 500 columns of 64 KiB

Places = npt.NDArray[np.int32]  # what the caller keeps of known lines, for each line of a file: few bytes


class BadTableError(Exception):
    """The bytes are no table: a code of the catalogue, the line, and facts for the problem's text (F2)."""

    def __init__(self, code: str, *, line: int | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.facts = facts


class Record(NamedTuple):
    """One record: the line where it begins, its bytes, its cells (none for an empty line)."""

    line: int
    raw: bytes
    cells: list[str]


@dataclass(slots=True)
class Block:
    """Physical lines with their line ends: number of the first, its offset in the file."""

    first_line: int
    offset: int
    lines: list[bytes]
    _starts: list[int] = field(default_factory=list)

    def offset_of(self, line: int) -> int:
        """Return where a line of this block begins in the file; the first call walks through the block."""
        if len(self._starts) <= len(self.lines):  # also where the block has grown since
            self._starts = list(accumulate(map(len, self.lines), initial=self.offset))
        return self._starts[line - self.first_line]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one block gave: records parsed, and the known lines passed over (their places and line numbers)."""

    block: Block
    records: list[Record]
    passed: Places
    passed_lines: npt.NDArray[np.int64]
    spans: bool = False  # whether a record may go over several lines
    stray: frozenset[int] = frozenset()  # lines of records with text behind a closing quotation mark


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """How the bytes after the header are to be read."""

    path: Path
    encoding: str
    delimiter: str
    first_line: int  # of the data
    offset: int  # of the first byte of the data


Find = Callable[
    [list[bytes]], Places
]  # for each line its place in the caller's index, -1 where it is unknown


def read_blocks(
    path: Path, *, offset: int = 0, first_line: int = 1, size: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Rules F1, F3: yield the lines from `offset` on; LF, CRLF and CR end a line, as editors count.

    Raises:
        BadTableError: a NUL byte, or a line over 32 MiB.
    """
    with path.open("rb") as file:
        file.seek(offset)
        rest = b""
        while chunk := file.read(size):
            data = rest + chunk
            # A CR at the very end may be half of a CRLF; a line that has not ended goes on in the next chunk.
            cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
            rest = data[cut:]
            if cut:
                block = _block(data[:cut], first_line, offset)
                yield block
                first_line += len(block.lines)
                offset += cut
            else:
                size *= 2  # a long line: read on in larger steps, for each copies what came before
            if len(rest) > LINE_LIMIT_BYTES:
                raise BadTableError("line-too-long", line=first_line)
        if rest:
            yield _block(rest, first_line, offset)


def _block(data: bytes, first_line: int, offset: int) -> Block:
    lines = data.splitlines(keepends=True)
    if b"\0" in data:
        at = data.index(b"\0")
        ends = accumulate(map(len, lines))
        line = next(number for number, end in enumerate(ends, first_line) if at < end)
        raise BadTableError("nul-byte", line=line, offset=offset + at)
    return Block(first_line, offset, lines)


class _Ahead(Iterator[Block]):
    """The blocks to come; what a record did not take of a block it drew in is put back: batches stay small (F4)."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._put_back: list[Block] = []

    def __next__(self) -> Block:
        return self._put_back.pop() if self._put_back else next(self._blocks)

    def put_back(self, block: Block) -> None:
        """Give a block back, to be the next one."""
        self._put_back.append(block)


def read_batches(
    table: TableFormat, *, find: Find | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[Batch]:
    """Yield what follows the header, block by block; `find` tells which lines are known and may be passed over.

    Raises:
        BadTableError: not text in the encoding, a NUL byte, a cell over the limit, a quote that is never closed.
    """
    csv.field_size_limit(CELL_LIMIT)
    ahead = _Ahead(
        read_blocks(table.path, offset=table.offset, first_line=table.first_line, size=block_bytes)
    )
    for block in ahead:
        places = find(block.lines) if find is not None else None
        unknown = list(range(len(block.lines))) if places is None else np.flatnonzero(places < 0).tolist()
        records = _parse_lines(block, unknown, table)
        stray: frozenset[int] = frozenset()
        spans = records is None
        if records is None:
            records, unknown = _walk(block, unknown, ahead, table)
            stray = frozenset(record.line for record in records if _has_stray_text(record, table))
        passed = np.ones(len(block.lines), dtype=bool)
        passed[unknown] = False
        lines = np.flatnonzero(passed)
        yield Batch(
            block,
            records,
            lines.astype(np.int32) if places is None else places[lines],
            lines + block.first_line,
            spans,
            stray,
        )


def _parse_lines(block: Block, unknown: list[int], table: TableFormat) -> list[Record] | None:
    """Parse lines that are records by themselves, all at once; None if one is not (or is no text, or has stray text).

    A last, empty line shows whether each line was a record: an open quote would have swallowed it.
    """
    raws = [block.lines[at] for at in unknown]
    try:
        texts = [raw.decode(table.encoding) for raw in raws]
        texts.append("\n")
        rows = list(csv.reader(texts, delimiter=table.delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    if len(rows) != len(texts):
        return None
    first_line = block.first_line
    lines = (first_line + at for at in unknown)
    return list(map(partial(tuple.__new__, Record), zip(lines, raws, rows, strict=False)))  # half of the time


def _walk(
    block: Block, unknown: list[int], ahead: _Ahead, table: TableFormat
) -> tuple[list[Record], list[int]]:
    """Parse record by record; a record that goes on in the next block draws those of its lines in that it takes.

    Returns the records and all lines they took, known ones inside quoted cells included.
    """
    own = len(block.lines)
    at = start = 0
    records: list[Record] = []
    taken: list[int] = []

    def feed() -> Iterator[str]:
        nonlocal at
        while True:
            if at == len(block.lines):
                following = next(ahead, None)
                if following is None:
                    raise BadTableError("quote-open", line=_line_of_open_quote(block, start, table))
                block.lines.extend(following.lines)
            at += 1
            yield _text(block, at - 1, block.lines[at - 1], table)

    reader = csv.reader(feed(), delimiter=table.delimiter)
    for place in unknown:
        if place < at:
            continue  # inside the record before
        start = at = place
        try:
            cells = next(reader)
        except csv.Error as exc:
            raise _over_limit(block, start, at, table) from exc
        taken.extend(range(start, at))
        records.append(Record(block.first_line + start, b"".join(block.lines[start:at]), cells))
    if at > own:
        if at < len(block.lines):
            line = block.first_line + at
            ahead.put_back(Block(line, block.offset_of(line), block.lines[at:]))
        del block.lines[at:]
    return records, taken


def _has_stray_text(record: Record, table: TableFormat) -> bool:
    """Rule F1: whether text stands behind a closing quotation mark, which RFC 4180 has no meaning for."""
    if b'"' not in record.raw:
        return False
    try:
        next(csv.reader([record.raw.decode(table.encoding)], delimiter=table.delimiter, strict=True), None)
    except csv.Error:
        return True
    return False


def _text(block: Block, at: int, raw: bytes, table: TableFormat) -> str:
    try:
        return raw.decode(table.encoding)
    except UnicodeDecodeError as exc:
        line = block.first_line + at
        raise BadTableError(
            "not-in-encoding",
            line=line,
            offset=block.offset_of(line) + exc.start,
            sample=raw,
            encoding=table.encoding,
        ) from exc


def _over_limit(block: Block, start: int, at: int, table: TableFormat) -> BadTableError:
    if at - start > 1:
        return BadTableError("quote-open", line=_line_of_open_quote(block, start, table))
    return BadTableError("cell-too-long", line=block.first_line + start)


def _line_of_open_quote(block: Block, start: int, table: TableFormat) -> int:
    """Return the line where the quoted cell begins that never ends, in the record that begins at `start`."""
    opened = start
    inside = False
    for at in range(start, len(block.lines)):
        before = ""
        for character in block.lines[at].decode(table.encoding, errors="replace"):
            if character == '"':
                if not inside and before in ("", table.delimiter):
                    inside, opened = True, at
                elif inside:
                    inside = False
                elif before == '"':
                    inside = True  # a doubled quote inside the cell
            before = character
    return block.first_line + opened


def line_ranges(table: TableFormat, lines: set[int]) -> list[tuple[int, int]]:
    """Return where these physical lines begin and end in the file (for rows that were refused after all, R1)."""
    found = []
    wanted = sorted(lines)
    for block in read_blocks(table.path, offset=table.offset, first_line=table.first_line):
        end = block.first_line + len(block.lines)
        for line in wanted[bisect_left(wanted, block.first_line) : bisect_left(wanted, end)]:
            start = block.offset_of(line)
            found.append((start, start + len(block.lines[line - block.first_line])))
    return found
