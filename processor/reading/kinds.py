"""What a file is, users or teams, by its header alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from processor.findings import Problem
from processor.imports import Kind
from processor.reading.header import Header, understand_header
from processor.reading.opening import as_utf8, is_utf16, open_table
from processor.reading.table import BadTableError


def kind_of(
    path: Path, *, encodings: Iterable[str], header_map: Mapping[str, str], folder: Path
) -> Kind | None:
    """Return the kind in the first of the encodings that the file is in; None where it would be refused."""
    for encoding in dict.fromkeys(encodings):
        try:
            return _kind_in(path, encoding, header_map, folder)
        except BadTableError:
            continue
    return None


def _kind_in(path: Path, encoding: str, header_map: Mapping[str, str], folder: Path) -> Kind | None:
    codec = is_utf16(path, encoding=encoding)
    readable = path if codec is None else as_utf8(path, codec=codec, folder=folder)
    try:
        table = open_table(readable, encoding=encoding if codec is None else "utf-8", map_labels=header_map)
    finally:
        if readable != path:
            readable.unlink()
    if isinstance(table, Problem):
        return None
    header = understand_header(table.labels, header_map=header_map, field_labels=[])
    return header.kind if isinstance(header, Header) else None
