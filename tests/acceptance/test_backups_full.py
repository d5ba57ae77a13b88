"""A backup for which there is no room, on small disks that are really full (rule O5)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.daemon import Daemon, Organization
from tests.acceptance.rosters import people
from tests.faults.disks import Memory, require_disks

BIG = 8 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Memory]:
    """A disk of 4 MiB."""
    require_disks(tmp_path)
    disk = Memory(place=tmp_path / "disk", size_kib=4096)
    disk.mount()
    yield disk
    disk.remove()


def said(daemon: Daemon, *words: object) -> str:
    """Run a backup that fails, and return its one sentence."""
    done = daemon.run("backup", *words)
    assert (done.returncode, done.stdout) == (1, ""), done
    (line,) = done.stderr.splitlines()
    return line


def takes_files(daemon: Daemon, organization: Organization, path: Path, count: int) -> None:
    """See that nobody disturbed it."""
    (organization.folder / "local" / path.name).write_bytes(path.read_bytes())
    assert daemon.finished(organization, count)[-1]["outcome"] == "imported"


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_o05_a_backup_onto_a_disk_that_gets_full_fails_in_one_sentence_and_leaves_nothing(
    disk: Memory, daemon: Daemon, tmp_path: Path, name: str
) -> None:
    organization = daemon.add("Mavericks")
    takes_files(daemon, organization, people(tmp_path / "before.csv", 5), 1)
    (organization.folder / "export" / "big.csv").write_bytes(bytes(BIG))
    target = disk.place / name
    line = said(daemon, target)
    assert f"There is no room for the backup in {disk.place}: nothing of it was left there." in line
    assert list(disk.place.iterdir()) == []
    assert not (daemon.data / "backup-links").exists()
    refused = daemon.run("restore", target)
    assert refused.returncode == 2
    takes_files(daemon, organization, people(tmp_path / "after.csv", 6), 2)
    (organization.folder / "export" / "big.csv").unlink()
    assert daemon.run("backup", target).returncode == 0, "there is room for it now"


@pytest.mark.parametrize("free_kib", [0, 16, 128])
def test_o05_no_room_for_the_copy_of_the_database_is_the_same_sentence(
    disk: Memory, daemon: Daemon, tmp_path: Path, free_kib: int
) -> None:
    organization = daemon.add("Mavericks")
    takes_files(daemon, organization, people(tmp_path / "before.csv", 500), 1)
    (disk.place / "theirs").write_bytes(bytes(disk.free_bytes - (free_kib << 10)))
    for name in ("backup", "backup.tar"):
        line = said(daemon, disk.place / name)
        assert f"There is no room for the backup in {disk.place}: nothing of it was left there." in line
        assert [path.name for path in disk.place.iterdir()] == ["theirs"]
    takes_files(daemon, organization, people(tmp_path / "after.csv", 6), 2)


def test_o05_a_backup_onto_the_data_folders_own_disk_takes_no_room_that_the_daemon_needs(
    disk: Memory, tmp_path: Path
) -> None:
    daemon = Daemon(folder=disk.place, keys=tmp_path / "keys", min_free_disk_bytes=1 << 20).start()
    try:
        organization = daemon.add("Mavericks")
        takes_files(daemon, organization, people(tmp_path / "before.csv", 5), 1)
        filler = organization.folder / "export" / "big.csv"
        filler.write_bytes(bytes(disk.free_bytes - (3 << 19)))
        before = disk.free_bytes
        line = said(daemon, disk.place / "backup")
        assert "There is no room for the backup" in line
        assert not (disk.place / "backup").exists()
        assert not list(disk.place.glob(".backup*"))
        assert disk.free_bytes >= before - (1 << 18), "but for the log and what the daemon wrote itself"
        takes_files(daemon, organization, people(tmp_path / "after.csv", 6), 2)
    finally:
        assert daemon.stop() == 0
