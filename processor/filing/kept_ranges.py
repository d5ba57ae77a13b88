"""Keeps which rows were refused beside the drop's bytes, so that a crash between outcome and filing loses nothing.

Written before the import's transaction commits; the file goes with the queue's folder. Eight bytes for each end.
"""

import os
import sys
from array import array
from collections.abc import Sequence

from core.durable import sync_directory
from core.inbox import FILE_MODE, Drop
from processor.filing.rejected import Range

NAME = "refused.ranges"


def keep_ranges(drop: Drop, *, header: Range, rows: Sequence[Range]) -> None:
    """Rule R1: make the ranges durable in the drop's folder; without refused rows there is nothing to keep.

    Raises:
        OSError: the disk is full or failed.
    """
    target = drop.folder / NAME
    if not rows:
        target.unlink(missing_ok=True)
        return
    new = drop.folder / f"{NAME}.new"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(_packed([header, *rows]))
        file.flush()
        os.fsync(file.fileno())
    new.replace(target)
    sync_directory(drop.folder)


def kept_ranges(drop: Drop) -> tuple[Range, list[Range]] | None:
    """Return the header's range and those of the refused rows, None if none are kept."""
    try:
        ends = array("q", (drop.folder / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if sys.byteorder == "big":
        ends.byteswap()
    ranges = list(zip(ends[::2], ends[1::2], strict=False))
    return (ranges[0], ranges[1:]) if ranges else None


def _packed(ranges: Sequence[Range]) -> bytes:
    ends = array("q", (end for pair in ranges for end in pair))
    if sys.byteorder == "big":
        ends.byteswap()
    return ends.tobytes()
