"""Remembers which folders were empty, so that a look at thousands of them costs a stat each (2 microseconds)."""

import os
import time
from collections.abc import Callable

# File systems count time in steps of up to two seconds: what changed within them may have changed again.
STEP_NS = 3_000_000_000
SURE_AFTER_S = 600.0  # a file system whose times say nothing is listed again all the same


class EmptyFolders:
    """Says of folders whether anything lies in them; for the threads of one process.

    A folder is listed when its inode or its time of change is another than when it was empty: a name that comes moves
    that time, and nobody can set it. A folder that changed within a step of time is listed each time.
    """

    def __init__(
        self,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now_ns = now_ns
        self._monotonic = monotonic
        self._empty: dict[str, tuple[int, int]] = {}
        self._sure_at = monotonic() + SURE_AFTER_S

    def have_entries(self, folders: list[str]) -> list[bool]:
        """Return of each folder whether anything lies in it; one that is not there is not known to be empty."""
        if self._monotonic() >= self._sure_at:
            self._empty.clear()
            self._sure_at = self._monotonic() + SURE_AFTER_S
        now_ns = self._now_ns()
        return [self._has_entries(folder, now_ns) for folder in folders]

    def _has_entries(self, folder: str, now_ns: int) -> bool:
        try:
            found = os.stat(folder, follow_symlinks=False)
            state = (found.st_ino, found.st_ctime_ns)
            if self._empty.get(folder) == state:
                return False
            with os.scandir(folder) as entries:
                if next(entries, None) is not None:
                    return True
        except OSError:
            return True
        if now_ns - found.st_ctime_ns - STEP_NS >= 0:
            self._empty[folder] = state
        return False
