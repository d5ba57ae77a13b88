"""What lies on disk in an organization's folders, read beneath a directory handle; no link is followed (rule U1).

All functions block on the disk: call them in a thread.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from asyncssh import SFTPAttrs, SFTPName

from core.beneath import open_beneath, rename_without_replacing
from server.attributes import (
    READ_ONLY,
    WRITABLE,
    file_attributes,
    folder_attributes,
    listed,
)
from server.paths import Area
from server.statuses import MissingError, RefusedError

_LOOK = os.O_PATH | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY  # a FIFO must not keep us waiting
_LIST = os.O_RDONLY | os.O_DIRECTORY


class DiskLines:
    """The lines of a folder that is being read, in the order of the disk; links and devices are left out.

    A folder of a hundred thousand files takes no memory but for the piece that is asked for.
    """

    def __init__(self, *, fd: int, described: Callable[[os.stat_result], SFTPAttrs | None]) -> None:
        self._described = described
        self._fd = fd
        self._entries = os.scandir(fd)

    def some(self, count: int | None) -> list[SFTPName]:
        """Return the next lines, at most so many; none at the end (blocks)."""
        found: list[SFTPName] = []
        for entry in self._entries:
            try:
                attributes = self._described(entry.stat(follow_symlinks=False))
            except FileNotFoundError:
                continue  # taken meanwhile
            if attributes is not None:
                found.append(listed(os.fsencode(entry.name), attributes))
                if len(found) == count:
                    break
        return found

    def close(self) -> None:
        """Give the folder back; twice is once."""
        self._entries.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "DiskLines":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class DiskFolder:
    """One of an organization's folders as it lies on disk."""

    def __init__(self, *, root: Path, area: Area) -> None:
        self._path = root / area.value
        self._mode = WRITABLE if area is Area.LOCAL else READ_ONLY

    def attributes(self, path: bytes) -> SFTPAttrs:
        """Describe a regular file or folder.

        Raises:
            MissingError: there is nothing, or something else such as a link or a device.
        """
        fd = self._open(path, _LOOK)
        try:
            found = self._described(os.fstat(fd))
        finally:
            os.close(fd)
        if found is None:
            raise MissingError
        return found

    def open_file(self, path: bytes) -> tuple[int, int]:
        """Open a regular file for reading; return its handle and size.

        Raises:
            MissingError: there is none, or something else.
            RefusedError: it is a folder.
        """
        fd = self._open(path, _READ)
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode):
            return fd, found.st_size
        os.close(fd)
        if stat.S_ISDIR(found.st_mode):
            raise RefusedError("This is a folder: list it instead (U1)")
        raise MissingError

    def files(self) -> list[SFTPName]:
        """List the regular files of the folder; links, devices and folders are left out."""
        with self.reading() as lines:
            return [line for line in lines.some(None) if stat.S_ISREG(line.attrs.permissions or 0)]

    def reading(self, path: bytes = b"") -> "DiskLines":
        """Open a folder, to be listed piece by piece; the caller closes it."""
        fd = self._open(path, _LIST)
        try:
            return DiskLines(fd=fd, described=self._described)
        except BaseException:
            os.close(fd)
            raise

    def remove_file(self, name: bytes) -> None:
        """Remove a regular file that lies directly in the folder."""
        folder = self._open(b"", _LIST)
        try:
            self._must_be_file(folder, name)
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)

    def rename_file(self, old: bytes, new: bytes) -> None:
        """Rename a regular file inside the folder; nothing is replaced."""
        folder = self._open(b"", _LIST)
        try:
            self._must_be_file(folder, old)
            rename_without_replacing(old, new, source_dir=folder, target_dir=folder)
        finally:
            os.close(folder)

    def has(self, name: bytes) -> bool:
        """Whether a regular file or folder of that name lies there."""
        try:
            self.attributes(name)
        except (MissingError, OSError):
            return False
        return True

    def _open(self, path: bytes, flags: int) -> int:
        folder = os.open(self._path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return open_beneath(folder, path or b".", flags)
        finally:
            os.close(folder)

    def _described(self, found: os.stat_result) -> SFTPAttrs | None:
        if stat.S_ISDIR(found.st_mode):
            return folder_attributes(mtime=found.st_mtime)
        if not stat.S_ISREG(found.st_mode):
            return None
        return file_attributes(size_bytes=found.st_size, mtime=found.st_mtime, mode=self._mode)

    @staticmethod
    def _must_be_file(folder: int, name: bytes) -> None:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise MissingError
