"""Which folders are listed again: nothing that came into one is missed (rule U8)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.empty_folders import STEP_NS, SURE_AFTER_S, EmptyFolders


class Disk:
    """Counts how often a folder is listed; the clock stands a while after whatever happened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listed = 0
        self.monotonic_s = 0.0
        self.ahead_ns = 2 * STEP_NS
        self.empty = EmptyFolders(now_ns=self._now_ns, monotonic=lambda: self.monotonic_s)

    def _now_ns(self) -> int:
        changed_ns = self.folder.stat().st_ctime_ns if self.folder.exists() else 0
        return changed_ns + self.ahead_ns

    def has_entries(self) -> bool:
        return self.empty.have_entries([str(self.folder)])[0]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    folder = tmp_path / "local"
    folder.mkdir()
    disk = Disk(folder)
    scandir = os.scandir

    def counted(path: str) -> Iterator[os.DirEntry[str]]:
        disk.listed += 1
        return scandir(path)

    monkeypatch.setattr("core.empty_folders.os.scandir", counted)
    return disk


def test_a_folder_that_stays_empty_is_listed_once(disk: Disk) -> None:
    assert not any(disk.has_entries() for _ in range(5))
    assert disk.listed == 1


def test_u08_a_name_that_comes_is_seen_and_its_going_too(disk: Disk) -> None:
    assert not disk.has_entries()
    (disk.folder / "users.csv").touch()
    assert disk.has_entries()
    assert disk.has_entries()
    (disk.folder / "users.csv").unlink()
    assert not disk.has_entries()


def test_u08_a_folder_whose_times_were_set_back_is_looked_at_all_the_same(disk: Disk) -> None:
    before = disk.folder.stat()
    assert not disk.has_entries()
    (disk.folder / "users.csv").touch()
    os.utime(disk.folder, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert disk.has_entries()


def test_u08_a_folder_that_changed_just_now_is_not_trusted(disk: Disk) -> None:
    disk.ahead_ns = STEP_NS // 2
    disk.has_entries()
    disk.has_entries()
    assert disk.listed == 2


def test_u08_a_time_in_the_future_is_not_trusted(disk: Disk) -> None:
    disk.ahead_ns = -STEP_NS
    disk.has_entries()
    disk.has_entries()
    assert disk.listed == 2


def test_u08_all_are_listed_once_in_a_while_whatever_their_times_say(disk: Disk) -> None:
    disk.has_entries()
    disk.monotonic_s = SURE_AFTER_S
    disk.has_entries()
    assert disk.listed == 2


def test_u08_another_folder_of_that_name_is_listed(disk: Disk) -> None:
    assert not disk.has_entries()
    disk.folder.rmdir()
    assert disk.has_entries(), "one that is not there is not known to be empty"
    disk.folder.mkdir()
    (disk.folder / "users.csv").touch()
    assert disk.has_entries()
