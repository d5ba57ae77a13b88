"""What a client holds open for reading: a file on disk, or the lines of a listing."""

import errno
import os
from collections.abc import AsyncIterator, Iterable

from asyncssh import SFTPAttrs, SFTPName

from server.attributes import READ_ONLY, file_attributes
from server.threads import Pool
from server.upload import MAX_READ_BYTES

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


class Listing:
    """The lines of a folder; READDIR takes some at a time."""

    def __init__(self, lines: Iterable[SFTPName]) -> None:
        self._lines = iter(lines)

    def __aiter__(self) -> AsyncIterator[SFTPName]:
        return self

    async def __anext__(self) -> SFTPName:
        """Return the next line."""
        try:
            return next(self._lines)
        except StopIteration:
            raise StopAsyncIteration from None
