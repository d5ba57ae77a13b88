"""Copies bytes in blocks, with their SHA-256, so that a large file neither fills memory nor floods the disk."""

import hashlib
import os
from collections.abc import Callable
from typing import BinaryIO, Protocol

BLOCK_BYTES = 1 << 20
SYNC_EVERY_BYTES = 8 << 20

Told = Callable[[int], None]  # of each block: how many bytes it has


class Source(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...


class SteadyFile:
    """Writes to a file and syncs it every 8 MiB.

    Otherwise a gigabyte of unwritten blocks would stand before the next fsync of the daemon's commits.
    """

    def __init__(self, file: BinaryIO, *, told: Told) -> None:
        self._file = file
        self._told = told
        self._unsynced = 0

    def write(self, block: bytes, /) -> int:
        """Write all of it."""
        self._told(len(block))
        self._file.write(block)
        self._unsynced += len(block)
        if self._unsynced >= SYNC_EVERY_BYTES:
            self.sync()
        return len(block)

    def sync(self) -> None:
        """Make what was written durable."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._unsynced = 0


class DigestedSource:
    """Reads from a source and keeps the digest of what was read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = BLOCK_BYTES, /) -> bytes:
        """Return the next bytes."""
        block = self._source.read(size)
        self._hash.update(block)
        return block

    @property
    def digest(self) -> str:
        """The SHA-256 so far, as hexadecimal digits."""
        return self._hash.hexdigest()


def copy_blocks(source: Source, target: SteadyFile) -> None:
    """Copy until the source ends, durable."""
    while block := source.read(BLOCK_BYTES):
        target.write(block)
    target.sync()


def digest_of(source: Source) -> str:
    """Read to the end and return the SHA-256."""
    digested = DigestedSource(source)
    while digested.read(BLOCK_BYTES):
        pass
    return digested.digest
