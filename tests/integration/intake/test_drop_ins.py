"""When a file in `local/` is complete, and what is left alone (rule U8)."""

import codecs
import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from structlog.testing import capture_logs

from core.clock import SystemClock
from core.inbox import Drop, Inbox, Incoming, Origin
from processor.intake.drop_ins import DropIns, Writer, ask_lease, strange_files
from tests.faults.disks import require_disks, run

QUIET_S = 2.0
NOBODY = 65534
FILE = b"User Email\nann@x.example\n"


class Local:
    """One organization's `local/`, and a clock that the test moves."""

    def __init__(self, folder: Path, inbox: Inbox | None = None) -> None:
        self.inbox = inbox or Inbox(data_dir=folder, clock=SystemClock())
        self.path = self.inbox.prepare("007").local
        self.drop_ins = DropIns(
            inbox=self.inbox, org_id="007", quiet_time_s=QUIET_S, unusable_name_wait_s=600
        )
        self.now_s = 1000.0

    def put(self, name: str, data: bytes = FILE) -> Path:
        path = self.path / name
        path.write_bytes(data)
        return path

    def scan(self, *, after_s: float = 0) -> int:
        self.now_s += after_s
        return self.drop_ins.scan(self.now_s).taken

    def queue(self) -> list[tuple[str, bytes]]:
        return [(drop.meta.name, drop.data.read_bytes()) for drop in self.inbox.queue("007")]


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path)


def test_u08_a_file_is_taken_when_it_was_unchanged_for_the_quiet_time(local: Local) -> None:
    local.put("users.csv")
    assert local.scan() == 0
    assert local.scan(after_s=QUIET_S - 0.1) == 0
    assert local.scan(after_s=0.1) == 1
    assert local.queue() == [("users.csv", FILE)]
    assert list(local.path.iterdir()) == []


def test_u08_a_file_that_changes_begins_its_quiet_time_anew(local: Local) -> None:
    path = local.put("users.csv")
    local.scan()
    path.write_bytes(FILE + b"bob@x.example\n")
    assert local.scan(after_s=QUIET_S) == 0
    assert local.scan(after_s=QUIET_S) == 1
    assert local.queue() == [("users.csv", FILE + b"bob@x.example\n")]


def test_u08_a_file_that_somebody_has_open_for_writing_is_left_until_he_closes_it(local: Local) -> None:
    path = local.put("users.csv")
    local.scan()
    with path.open("ab"):
        assert local.scan(after_s=10 * QUIET_S) == 0
    assert local.scan(after_s=QUIET_S) == 1


class LateWriter(Inbox):
    """While a file is claimed, somebody writes to it once more."""

    wrote = False

    def claim(self, *, org_id: str, name: str, origin: Origin) -> Incoming:
        incoming = super().claim(org_id=org_id, name=name, origin=origin)
        if not self.wrote:
            self.wrote = True
            with (self.folders(org_id).local / name).open("ab") as file:
                file.write(b"bob@x.example\n")
        return incoming


def test_u08_a_file_that_is_written_to_while_it_is_claimed_goes_back_and_is_taken_whole(
    tmp_path: Path,
) -> None:
    local = Local(tmp_path, LateWriter(data_dir=tmp_path, clock=SystemClock()))
    local.put("users.csv")
    local.scan()
    local.scan(after_s=QUIET_S)
    assert local.queue() == []
    assert [path.name for path in local.path.iterdir()] == ["users.csv"]
    local.scan()
    local.scan(after_s=QUIET_S)
    assert local.queue() == [("users.csv", FILE + b"bob@x.example\n")]
    assert local.inbox.incoming("007") == []


class LateOpener(Inbox):
    """While a file is claimed, somebody opens it, to write later."""

    writer: BinaryIO | None = None

    def claim(self, *, org_id: str, name: str, origin: Origin) -> Incoming:
        incoming = super().claim(org_id=org_id, name=name, origin=origin)
        if self.writer is None:
            self.writer = (self.folders(org_id).local / name).open("ab")
        return incoming


def test_u08_a_file_that_is_opened_while_it_is_claimed_goes_back_before_anything_is_written(
    tmp_path: Path,
) -> None:
    inbox = LateOpener(data_dir=tmp_path, clock=SystemClock())
    local = Local(tmp_path, inbox)
    local.put("users.csv")
    local.scan()
    local.scan(after_s=QUIET_S)
    assert local.queue() == []
    assert inbox.writer is not None
    with inbox.writer as writer:
        writer.write(b"bob@x.example\n")
    local.scan()
    local.scan(after_s=QUIET_S)
    assert local.queue() == [("users.csv", FILE + b"bob@x.example\n")]


class FullOnce(Inbox):
    """The disk is full at the first acceptance."""

    was_full = False

    def accept(self, incoming: Incoming, **changes: Any) -> Drop:
        if not self.was_full:
            self.was_full = True
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().accept(incoming, **changes)


def test_u08_what_a_full_disk_left_between_claim_and_queue_is_taken_by_the_next_scan(tmp_path: Path) -> None:
    local = Local(tmp_path, FullOnce(data_dir=tmp_path, clock=SystemClock()))
    local.put("users.csv")
    local.scan()
    local.scan(after_s=QUIET_S)
    assert local.queue() == []
    assert list(local.path.iterdir()) == []
    local.scan()
    assert local.queue() == [("users.csv", FILE)]
    assert local.inbox.incoming("007") == []


def test_u08_a_file_has_left_its_folder_for_good_before_it_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    class Accepting(Inbox):
        def accept(self, incoming: Incoming, **changes: Any) -> Drop:
            assert str(self.folders("007").local) in synced
            return super().accept(incoming, **changes)

    local = Local(tmp_path.resolve(), Accepting(data_dir=tmp_path.resolve(), clock=SystemClock()))
    local.put("users.csv")
    local.scan()
    monkeypatch.setattr(os, "fsync", fsync)
    assert local.scan(after_s=QUIET_S) == 1


def test_u08_the_same_where_local_is_another_disk(tmp_path: Path) -> None:
    require_disks(tmp_path)
    local = Local(tmp_path / "data", LateWriter(data_dir=tmp_path / "data", clock=SystemClock()))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run("mount", "--bind", elsewhere, local.path)
    try:
        local.put("users.csv")
        local.scan()
        local.scan(after_s=QUIET_S)
        assert local.queue() == []
        assert [path.name for path in local.path.iterdir()] == ["users.csv"]
        local.scan()
        local.scan(after_s=QUIET_S)
        assert local.queue() == [("users.csv", FILE + b"bob@x.example\n")]
        assert list(local.path.iterdir()) == []
    finally:
        run("umount", local.path)


@pytest.fixture
def of_another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A daemon's `local/` where the daemon is not root, and the operator who copies files is."""
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    with tempfile.TemporaryDirectory(prefix="rosterdrop-") as name:  # pytest's own folders are root's alone
        folder = Path(name)
        os.chown(folder, NOBODY, NOBODY)
        with as_nobody():
            local = Local(folder)
        yield local


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user without rights, and without CAP_LEASE."""
    codecs.lookup("ascii")  # a codec that cannot be read now would be missing from then on
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_u08_a_file_that_nobody_may_read_is_told_once_left_alone_and_taken_when_it_is_readable(
    of_another: Local,
) -> None:
    path = of_another.put("secret.csv")
    path.chmod(0o600)
    of_another.put("users.csv").chmod(0o644)
    with capture_logs() as logs, as_nobody():
        for _ in range(4):
            of_another.scan(after_s=2 * QUIET_S)
    told = [(line["name"], line["reason"]) for line in logs if line["event"] == "drop_in.ignored"]
    assert told == [("secret.csv", "it cannot be read (permission)")]
    assert of_another.queue() == [("users.csv", FILE)]
    assert path.read_bytes() == FILE
    with as_nobody():
        assert list(strange_files(of_another.path)) == [("secret.csv", "it cannot be read (permission)")]
    path.chmod(0o644)
    with as_nobody():
        assert of_another.scan(after_s=2 * QUIET_S) == 1
    assert [name for name, _ in of_another.queue()] == ["users.csv", "secret.csv"]


def test_u08_where_the_lease_cannot_be_asked_twice_the_quiet_time_counts(of_another: Local) -> None:
    of_another.put("users.csv").chmod(0o644)
    with as_nobody(), (of_another.path / "users.csv").open("rb") as file:
        assert ask_lease(file.fileno()) is Writer.UNKNOWN, "it is root's, and this user has no CAP_LEASE"
        of_another.scan()
        assert of_another.scan(after_s=QUIET_S) == 0
        assert of_another.scan(after_s=QUIET_S - 0.1) == 0
        assert of_another.scan(after_s=0.1) == 1
    assert of_another.queue() == [("users.csv", FILE)]


def make_strange(local: Path, outside: Path) -> list[str]:
    """One of each kind."""
    outside.write_bytes(FILE)
    os.mkfifo(local / "fifo.csv")
    (local / "link.csv").symlink_to(outside)
    (local / "dangling.csv").symlink_to(local / "nowhere.csv")
    os.link(outside, local / "second-link.csv")
    (local / "folder.csv").mkdir()
    (Path(os.fsdecode(os.fsencode(local) + b"/latin-\xe9.csv"))).write_bytes(FILE)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(local / "socket.csv"))
    if os.geteuid() == 0:
        os.mknod(local / "device.csv", 0o20666, os.makedev(1, 3))
    return sorted(os.listdir(local))


def test_u08_every_strange_file_is_reported_once_left_alone_and_stops_no_other(
    tmp_path: Path,
) -> None:
    local = Local(tmp_path / "d")  # a socket's path has to be short
    names = make_strange(local.path, tmp_path / "outside.csv")
    local.put("users.csv")
    with capture_logs() as logs:
        for _ in range(3):
            local.scan(after_s=QUIET_S)
    told = [line for line in logs if line["event"] == "drop_in.ignored"]
    assert len(told) == len(names), told
    assert all(line["reason"] for line in told)
    assert sorted(os.listdir(local.path)) == names
    assert local.queue() == [("users.csv", FILE)]


def test_u08_a_local_folder_that_is_removed_is_made_again(local: Local) -> None:
    shutil.rmtree(local.path)
    assert local.scan() == 0
    local.put("users.csv")
    local.scan()
    assert local.scan(after_s=QUIET_S) == 1


def test_k_the_folder_of_an_organization_that_goes_is_not_made_again(local: Local) -> None:
    root = local.inbox.folders("007").root
    shutil.rmtree(root)
    assert local.scan() == 0
    assert not root.exists()


def test_u08_a_file_is_gone_between_two_looks(local: Local) -> None:
    path = local.put("users.csv")
    local.scan()
    path.unlink()
    assert local.scan(after_s=QUIET_S) == 0
    assert local.queue() == []
