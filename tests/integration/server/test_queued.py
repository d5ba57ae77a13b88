"""Drops that wait for a schedule are read once, however often a client asks (rule U4)."""

from collections.abc import Container
from pathlib import Path

from core.clock import SystemClock
from core.inbox import Drop, Inbox, Origin
from server.queued import QueuedDrops


class ReadingInbox(Inbox):
    """Notes what it is asked to read."""

    def __init__(self, *, data_dir: Path) -> None:
        super().__init__(data_dir=data_dir, clock=SystemClock())
        self.read: list[str] = []

    def queue(self, org_id: str, *, first: int | None = None, without: Container[str] = ()) -> list[Drop]:
        found = super().queue(org_id, first=first, without=without)
        self.read += [drop.meta.name for drop in found]
        return found

    def put(self, name: str) -> Drop:
        origin = Origin(account="Mavericks_007", address="198.51.100.7", client="OpenSSH")
        return self.accept(self.begin(org_id="007", name=name, origin=origin))


def test_u04_a_drop_is_read_once_while_it_waits_and_forgotten_when_it_is_filed(tmp_path: Path) -> None:
    inbox = ReadingInbox(data_dir=tmp_path)
    inbox.prepare("007")
    queued = QueuedDrops(inbox=inbox, org_id="007")
    assert queued.read() == []
    first, second = inbox.put("users.csv"), inbox.put("teams.csv")
    assert queued.read() == queued.read() == [first, second]
    third = inbox.put("users.csv")
    assert queued.named("users.csv") == [first, third]
    assert inbox.read == ["users.csv", "teams.csv", "users.csv"]
    first.folder.rename(tmp_path / "filed")
    assert queued.read() == [second, third]
    assert queued.named("users.csv") == [third]
