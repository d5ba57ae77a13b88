"""How much room an organization's folder and the disk have left (rule U9)."""

import os
import time
from pathlib import Path

from core.settings import Settings
from server.limits import space_refusal
from server.threads import Pool

RECOUNT_AFTER_S = 10.0
ASK_DISK_AFTER_S = 0.5


class Space:
    """One organization's folder: counted now and then, what uploads add in between is added."""

    def __init__(self, *, root: Path, settings: Settings, pool: Pool) -> None:
        self._root = root
        self.settings = settings
        self._pool = pool
        self._used_bytes = 0
        self._counted_at = float("-inf")
        self._free_bytes = 0
        self._asked_at = float("-inf")

    async def recount(self) -> None:
        """Count what lies in the folder, unless that was done just now."""
        if time.monotonic() - self._counted_at < RECOUNT_AFTER_S:
            return
        self._counted_at = time.monotonic()
        self._used_bytes = await self._pool.run(folder_size, self._root)

    def refusal(self, *, growth_bytes: int) -> str | None:
        """Say why `growth_bytes` more cannot be taken."""
        return space_refusal(
            self.settings,
            used_bytes=self._used_bytes + growth_bytes,
            free_bytes=self._disk_free() - growth_bytes,
        )

    def add(self, growth_bytes: int) -> None:
        """Note what an upload wrote."""
        self._used_bytes += growth_bytes

    @property
    def left_bytes(self) -> int:
        """What may still come."""
        left = self.settings.org_space_bytes - self._used_bytes
        return max(0, min(left, self._disk_free() - self.settings.min_free_disk_bytes))

    def _disk_free(self) -> int:
        # statvfs(2) takes a microsecond and touches no disk.
        if time.monotonic() - self._asked_at >= ASK_DISK_AFTER_S:
            found = os.statvfs(self._root)
            self._free_bytes = found.f_bavail * found.f_frsize
            self._asked_at = time.monotonic()
        return self._free_bytes


def folder_size(root: Path) -> int:
    """Return the sizes of all regular files below `root`; links count nothing (blocks)."""
    total, folders = 0, [root]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        total += _size(entry)
        except FileNotFoundError:
            continue  # filed meanwhile
    return total


def _size(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
