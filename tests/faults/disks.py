"""Small disks of our own, for root only: ext4 on a loop device, whose power can be cut, and a tmpfs, soon full."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.conftest import find_tool

TRIES = 100
PAUSE_S = 0.05
# Nothing is written by itself in the time of a trial: what was not synced is lost at a cut.
LAZY = "commit=300,noauto_da_alloc,nobarrier"


class DiskError(Exception):
    """The machine does not let us mount."""


def run(*command: object) -> None:
    """Run a program as root.

    Raises:
        DiskError: it failed.
    """
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DiskError(f"{command[0]}: {done.stderr.strip()}")


class Disk:
    """What is mounted where a data folder is to be."""

    def __init__(self, *, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)

    def mount(self) -> None:
        raise NotImplementedError

    def unmount(self) -> None:
        """Take it away; processes that were killed may hold it for a moment."""
        for attempt in range(TRIES):
            try:
                run("umount", self.place)
                return
            except DiskError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(PAUSE_S)

    def remove(self) -> None:
        self.unmount()


class Memory(Disk):
    """A tmpfs: it is full when it is full."""

    def __init__(self, *, place: Path, size_kib: int) -> None:
        super().__init__(place=place)
        self._size_kib = size_kib

    def mount(self) -> None:
        run("mount", "-t", "tmpfs", "-o", f"size={self._size_kib}k", "rosterdrop-test", self.place)

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.place)
        return found.f_bavail * found.f_frsize


class Ext4(Disk):
    """An ext4 on a loop device."""

    def __init__(self, *, place: Path, size_mib: int = 96) -> None:
        super().__init__(place=place)
        self._image = place.with_name(f"{place.name}.img")
        with self._image.open("wb") as file:
            file.truncate(size_mib << 20)
        run(find_tool("mkfs.ext4"), "-q", "-F", "-E", "lazy_itable_init=0", self._image)

    def mount(self) -> None:
        run("mount", "-o", f"loop,{LAZY}", self._image, self.place)

    def sync(self) -> None:
        """What was written before the trials is none of theirs."""
        run("sync", "-f", self.place)

    def power_on(self) -> None:
        """After a cut: what is on the disk is all there is."""
        self.unmount()
        self.mount()

    def remove(self) -> None:
        super().remove()
        self._image.unlink()


def why_not(folder: Path) -> str | None:
    """Why no disk can be mounted here; None if it can."""
    if os.geteuid() != 0:
        return "needs root"
    try:
        with tempfile.TemporaryDirectory(dir=folder) as name:  # lanes ask at the same time
            disk = Ext4(place=Path(name) / "can-it-be-mounted", size_mib=8)
            disk.mount()
            disk.remove()
    except (DiskError, OSError) as exc:
        return f"cannot mount here: {exc}"
    return None


def require_disks(folder: Path) -> None:
    """Skip a test where nothing can be mounted; in CI that is a failure."""
    reason = why_not(folder)
    if reason is None:
        return
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
