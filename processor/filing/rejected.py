"""The refused rows of a partial file as they were sent (rule R1): original bytes, so delimiter and encoding stay."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

Range = tuple[int, int]  # from the first byte to the one after the last

BLOCK_BYTES = 1 << 20
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_NARROW = (b"\r\n", b"\n", b"\r")  # the longest first
_LITTLE = tuple(end.decode().encode("utf-16-le") for end in _NARROW)
_BIG = tuple(end.decode().encode("utf-16-be") for end in _NARROW)
_FAMILIES = (_LITTLE, _BIG, _NARROW)


def write_rejected(target: BinaryIO, *, data: Path, header: Range, rows: Iterable[Range]) -> None:
    """Rule R1: the original header and exactly the refused rows, in the order of the file.

    Ranges may hold the line end or stop before it; a byte order mark before the header is kept. Overlapping ranges
    are copied once. Memory stays bounded by the ranges (F4).
    """
    fd = os.open(data, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        line_ends = _line_ends(fd, header)
        tail = _copy(target, fd, (_mark_start(fd, header[0]), header[1]))
        for row in in_order(rows):
            if not tail.endswith(line_ends):
                target.write(line_ends[0])
            tail = _copy(target, fd, row)
    finally:
        os.close(fd)


def in_order(rows: Iterable[Range]) -> Iterator[Range]:
    """Yield the ranges in the order of the file; what overlaps counts once."""
    done = 0
    for start, end in sorted(rows):
        if end > max(start, done):
            yield max(start, done), end
            done = end


def _mark_start(fd: int, start: int) -> int:
    """Return where the header begins with its byte order mark."""
    return 0 if 0 < start <= 3 and os.pread(fd, start, 0) in _BOMS else start


def _line_ends(fd: int, header: Range) -> tuple[bytes, ...]:
    """Return what ends a line in this file, first the one that ends its header."""
    last = os.pread(fd, 4, max(header[0], header[1] - 4))
    following = os.pread(fd, 4, header[1])
    for family in _FAMILIES:
        for line_end in family:
            if last.endswith(line_end):
                return (line_end, *family)
    for family in _FAMILIES:
        for line_end in family:
            if following.startswith(line_end):
                return (line_end, *family)
    return (b"\n", *_NARROW)


def _copy(target: BinaryIO, fd: int, line: Range) -> bytes:
    """Copy a range and return its last bytes."""
    at, end = line
    tail = b""
    while at < end and (block := os.pread(fd, min(BLOCK_BYTES, end - at), at)):
        target.write(block)
        tail = (tail + block[-4:])[-4:]
        at += len(block)
    return tail
