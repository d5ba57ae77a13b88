"""Opens a file: what its bytes are, its delimiter, the record of its header, where its data begin (rules F1, F2)."""

import codecs
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.delimiters import recognise_delimiter
from processor.reading.encodings import (
    LOOK_BYTES,
    choose_codec,
    recognise_other_file,
    undecodable,
)
from processor.reading.keys import is_blank_row
from processor.reading.table import BadTableError, Block, Record, TableFormat, read_batches, read_blocks

_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FIRST_ROWS = 5  # the most extra header rows that a preset may have
_HEADER_BYTES = 1 << 14
_COPY_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTable:
    """A file whose header was found; what its labels mean is decided elsewhere."""

    labels: list[str]
    header_line: int
    header_range: tuple[int, int]  # bytes of the header's record
    data: TableFormat
    first_rows: tuple[Record, ...]  # a few records below the header, to tell a second line of labels (H5)

    def without_rows(self, count: int) -> "OpenTable":
        """Return the same table whose data begin `count` records later."""
        passed = self.first_rows[:count]
        if not passed:
            return self
        below = passed[-1].line + len(passed[-1].raw.splitlines())
        offset = self.data.offset + sum(len(record.raw) for record in passed)
        return replace(self, data=replace(self.data, offset=offset, first_line=below))


def open_table(path: Path, *, encoding: str = "utf-8", map_labels: Iterable[str] = ()) -> OpenTable | Problem:
    """Rules F1, F2: find the header, or say why the file is another kind of file.

    Raises:
        BadTableError: the bytes are no table in this encoding.

    A file in UTF-16 must be turned into UTF-8 first (`as_utf8`).
    """
    with path.open("rb") as file:
        start = file.read(LOOK_BYTES)
    if refusal := recognise_other_file(start):
        return refusal
    codec = choose_codec(start, setting=encoding)
    if start.startswith(_UTF16_BOMS) and not codec.name.startswith("utf-16"):
        return undecodable(line=1, offset=0, sample=start)  # before its NUL bytes are found
    return _header(path, codec.name, codec.bom_bytes, map_labels)


def _not_utf16(path: Path, codec: str) -> BadTableError:
    """Find the place where a file ends to be UTF-16; memory is one block."""
    decoder = codecs.getincrementaldecoder(codec)()
    offset, line = 0, 1
    with path.open("rb") as file:
        while block := file.read(_COPY_CHARACTERS):
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(block).count("\n")
            except UnicodeDecodeError as exc:
                at = max(exc.start - pending, 0)
                line += block[:at].decode(codec, errors="ignore").count("\n")
                return BadTableError(
                    "not-in-encoding",
                    line=line,
                    offset=offset + at,
                    sample=block[at : at + 64],
                    encoding="utf-16",
                )
            offset += len(block)
    return BadTableError("not-in-encoding", line=line, offset=offset, sample=b"", encoding="utf-16")


def refusal_of(error: BadTableError) -> Problem:
    """Rule F2: say what makes the bytes no table."""
    facts: dict[str, Any] = dict(error.facts)
    if error.code == "not-in-encoding":
        return undecodable(line=error.line or 0, **facts)
    return problem(error.code, line=error.line, **facts)


def _header(path: Path, encoding: str, bom: int, map_labels: Iterable[str]) -> OpenTable | Problem:
    first = next(read_blocks(path, offset=bom, size=_HEADER_BYTES), None)
    if first is None:
        return problem("empty-file")
    delimiter = _delimiter(first, encoding, map_labels)
    table = TableFormat(path=path, encoding=encoding, delimiter=delimiter, first_line=1, offset=bom)
    for batch in read_batches(table, block_bytes=_HEADER_BYTES):
        records = iter(batch.records)
        header = next((record for record in records if not is_blank_row(record.cells)), None)
        if header is None:
            continue
        start = batch.block.offset_of(header.line)
        end = start + len(header.raw)
        below = header.line + len(header.raw.splitlines())
        data = TableFormat(path=path, encoding=encoding, delimiter=delimiter, first_line=below, offset=end)
        first_rows = tuple(islice(records, FIRST_ROWS))
        return OpenTable(
            labels=header.cells,
            header_line=header.line,
            header_range=(start, end),
            data=data,
            first_rows=first_rows,
        )
    return problem("empty-file")


def _delimiter(block: Block, encoding: str, map_labels: Iterable[str]) -> str:
    line = next((line for line in block.lines if line.strip()), b"")
    return recognise_delimiter(line.decode(encoding, errors="replace"), known_labels=map_labels)


def is_utf16(path: Path, *, encoding: str) -> str | None:
    """Return the codec where the organization sends UTF-16, whose lines cannot be told from its bytes."""
    with path.open("rb") as file:
        name = choose_codec(file.read(LOOK_BYTES), setting=encoding).name
    return name if name.startswith("utf-16") else None


def as_utf8(path: Path, *, codec: str, folder: Path) -> Path:
    """Write a file in UTF-16 anew as UTF-8, in blocks, and return the copy, which the caller removes.

    Raises:
        BadTableError: the bytes are not UTF-16.
    """
    with (
        path.open(encoding=codec, newline="") as source,
        tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=folder, delete=False) as target,
    ):
        copy = Path(target.name)
        try:
            target.write(source.read(1).removeprefix("\ufeff"))
            while text := source.read(_COPY_CHARACTERS):
                target.write(text)
        except UnicodeDecodeError as exc:
            copy.unlink()
            raise _not_utf16(path, codec) from exc
        except OSError:
            copy.unlink()
            raise
    return copy
