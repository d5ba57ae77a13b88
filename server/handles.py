"""What a client holds open for reading: a file on disk, or the lines of a listing."""

import errno
import os
from collections.abc import Iterable

from asyncssh import SFTPAttrs, SFTPName

from server.attributes import READ_ONLY, file_attributes, listed
from server.disk_folder import DiskLines
from server.statuses import status_of
from server.threads import Pool
from server.transport import Lines
from server.upload import MAX_READ_BYTES

LINES_AT_ONCE = 128  # what asyncssh answers a READDIR with
_NOT_CACHED = frozenset({errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})


class ReadHandle:
    """A file open for reading; a READ is answered with at most 256 KiB."""

    def __init__(self, *, fd: int, size_bytes: int, pool: Pool, mtime: float | None = None) -> None:
        self.size_bytes = size_bytes
        self._fd = fd
        self._pool = pool
        self._mtime = mtime

    async def read(self, offset: int, size: int) -> bytes:
        """Return bytes, from the page cache without a thread; nothing at the end."""
        size = min(size, MAX_READ_BYTES, max(0, self.size_bytes - offset))
        if size <= 0:
            return b""
        buffer = bytearray(size)
        try:
            count = os.preadv(self._fd, [buffer], offset, os.RWF_NOWAIT)
        except OSError as exc:
            if exc.errno not in _NOT_CACHED:
                raise
            return await self._pool.run(os.pread, self._fd, size, offset)
        return bytes(memoryview(buffer)[:count])

    def attributes(self) -> SFTPAttrs:
        """Answer FSTAT."""
        mtime = os.fstat(self._fd).st_mtime if self._mtime is None else self._mtime
        return file_attributes(size_bytes=self.size_bytes, mtime=mtime, mode=READ_ONLY)

    def close(self) -> None:
        """Give the file back; twice is once."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Listing(Lines):
    """The lines of a folder; READDIR takes some at a time. What lies on disk is read when it is asked for."""

    def __init__(self, *, here: SFTPAttrs, found: Iterable[SFTPName] | DiskLines, pool: Pool) -> None:
        first = [listed(b".", here), listed(b"..", here)]
        self._disk = found if isinstance(found, DiskLines) else None
        self._lines = iter(first if isinstance(found, DiskLines) else [*first, *found])
        self._pool = pool

    async def __anext__(self) -> SFTPName:
        """Return the next line."""
        line = next(self._lines, None)
        if line is None and self._disk is not None:
            try:
                self._lines = iter(await self._pool.run(self._disk.some, LINES_AT_ONCE))
            except OSError as exc:
                raise status_of(exc) from exc
            line = next(self._lines, None)
        if line is None:
            raise StopAsyncIteration
        return line

    def close(self) -> None:
        """Give the folder back; twice is once."""
        if self._disk is not None:
            self._disk.close()
            self._disk = None
