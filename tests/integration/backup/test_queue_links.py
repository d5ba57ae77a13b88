from pathlib import Path

from core.clock import SystemClock
from core.inbox import Drop, Inbox, Origin
from processor.backup.queue_links import QueueLinks, queue_links


def accept(inbox: Inbox, name: str, org_id: str = "007") -> Drop:
    inbox.prepare(org_id)
    incoming = inbox.begin(org_id=org_id, name=name, origin=Origin(account="test"))
    incoming.data.write_bytes(name.encode())
    return inbox.accept(incoming)


def linked(links: QueueLinks, org_id: str = "007") -> list[bytes]:
    return [(drop.folder / "data").read_bytes() for drop in links.drops_of(org_id)]


def test_o05_what_comes_after_the_first_look_is_linked_by_the_second(tmp_path: Path) -> None:
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    accept(inbox, "first")
    with queue_links(tmp_path) as links:
        links.link_all()
        accept(inbox, "second")
        accept(inbox, "other", "008")
        assert linked(links) == [b"first"]
        links.link_new()
        assert linked(links) == [b"first", b"second"]
        assert linked(links, "008") == [b"other"]
    assert list(tmp_path.iterdir()) == [tmp_path / "orgs"]


def test_o05_links_keep_the_bytes_of_a_drop_that_is_filed(tmp_path: Path) -> None:
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    drop = accept(inbox, "first")
    with queue_links(tmp_path) as links:
        links.link_all()
        drop.data.rename(inbox.folders("007").archive / "first")
        (drop.folder / "meta.json").unlink()
        drop.folder.rmdir()
        assert linked(links) == [b"first"]
        (kept,) = links.drops_of("007")
        assert kept.uid == drop.meta.uid


def test_o05_a_drop_that_is_just_being_filed_is_not_linked(tmp_path: Path) -> None:
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    drop = accept(inbox, "first")
    drop.data.rename(inbox.folders("007").archive / "first")
    with queue_links(tmp_path) as links:
        links.link_all()
        assert linked(links) == []


def test_o05_what_the_importer_put_beside_the_bytes_is_linked_at_the_end(tmp_path: Path) -> None:
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    drop = accept(inbox, "first")
    with queue_links(tmp_path) as links:
        links.link_all()
        (drop.folder / "refused.ranges").write_bytes(b"12345678")
        links.complete()
        (kept,) = links.drops_of("007")
        assert (kept.folder / "refused.ranges").read_bytes() == b"12345678"


def test_o05_links_of_a_killed_backup_are_removed_by_the_next(tmp_path: Path) -> None:
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    accept(inbox, "first")
    (tmp_path / "backup-links" / "007" / "old").mkdir(parents=True)
    with queue_links(tmp_path) as links:
        links.link_all()
        assert linked(links) == [b"first"]
