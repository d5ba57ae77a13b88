"""Lock files: who works on a data folder, and whose turn it is to commit. flock(2), so a dead process holds none."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from core.errors import BusyError

LOCK_MODE = 0o600
FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.01


class FolderBusyError(BusyError):
    """Another process works on this data folder (rule O2)."""

    code = "data_folder_busy"
    retryable = False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, LOCK_MODE)


@contextmanager
def data_folder_lock(data_dir: Path) -> Iterator[None]:
    """Rule O2: hold the data folder for this process group, or say who cannot.

    Raises:
        FolderBusyError: another daemon, or a command that works the queue itself, holds it.
    """
    fd = _open(data_dir / "lock")
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise FolderBusyError(
                f"Another rosterdrop works on the data folder {data_dir}: stop it first, or use another folder."
            ) from exc
        yield
    finally:
        os.close(fd)


class TurnLock:
    """A lock between the tasks of this process and between processes, taken without blocking the loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tasks = asyncio.Lock()
        self._fd: int | None = None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait for the turn and hold it; pauses double from 0.5 to 10 ms while another process has it."""
        async with self._tasks:
            fd = _open(self._path) if self._fd is None else self._fd
            self._fd = fd
            pause_s = FIRST_PAUSE_S
            while not _taken(fd):
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            try:
                yield
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back; a lock that is not used any more needs it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
