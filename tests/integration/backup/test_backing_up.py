"""What happens while a backup is made: each drop is in it in one place, and is imported once after the restore (O5)."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import open_database
from core.errors import ServiceError
from core.inbox import Drop, Inbox, Origin
from core.settings import Settings
from processor.backup.backing_up import BackUp
from processor.backup.queue_links import QueueLinks
from processor.backup.restoring import Restore
from processor.importing import work_queue
from processor.imports_store import list_imports
from tests.integration.directory.house import MovedClock, Org, open_house

FILES = {name: f"User Email\n{name}@x.example\n".encode() for name in ("a", "b", "c", "d")}


def accept(org: Org, name: str) -> Drop:
    incoming = org.inbox.begin(org_id=org.id, name=f"{name}.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(FILES[name])
    return org.inbox.accept(incoming)


async def import_without_filing(org: Org, drop: Drop) -> None:
    """Leave what a crash leaves between the transaction and the filing."""
    folders = org.inbox.folders(org.id)
    for folder in (folders.archive, folders.error):
        folder.rename(folder.with_name(f"{folder.name}.aside"))
        folder.write_bytes(b"")
    with pytest.raises(ServiceError):
        await org.importer.process(drop)
    for folder in (folders.archive, folders.error):
        folder.unlink()
        folder.with_name(f"{folder.name}.aside").rename(folder)


def back_up(folder: Path, target: Path, meanwhile: Callable[[], None]) -> None:
    BackUp(
        data_dir=folder / "data",
        database_path=folder / "data" / "rosterdrop.sqlite",
        keys_dir=None,
        target=target,
        reserve_bytes=0,
        clock=MovedClock(),
        program="test",
        progress=lambda _done, _total: meanwhile(),
    ).make()


def places(root: Path) -> dict[str, list[str]]:
    """Where the bytes of each file lie below an organization's folder."""
    found: dict[str, list[str]] = {name: [] for name in FILES}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            for name, data in FILES.items():
                if content == data:
                    found[name].append(path.relative_to(root).parts[0])
    return found


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
async def test_o05_what_moves_while_a_backup_is_made_is_in_it_in_one_place(tmp_path: Path, name: str) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        await org.importer.process(accept(org, "a"))  # filed before
        committed = accept(org, "b")
        await import_without_filing(
            org, committed
        )  # has its outcome, and is filed while the database is copied
        waiting = accept(org, "c")  # is imported while the database is copied
        loop, calls = asyncio.get_running_loop(), []

        async def work() -> None:
            await org.importer.process(committed)
            await org.importer.process(waiting)
            await org.importer.process(accept(org, "d"))  # accepted after the backup began

        def meanwhile() -> None:
            calls.append(1)
            if len(calls) == 1:
                asyncio.run_coroutine_threadsafe(work(), loop).result()

        await asyncio.to_thread(back_up, tmp_path, tmp_path / name, meanwhile)
        assert places(org.inbox.folders(org.id).root) == {one: ["archive"] for one in FILES}
    await restored(tmp_path / name, tmp_path / "there", org.id)


async def restored(backup: Path, data_dir: Path, org_id: str) -> None:
    clock = MovedClock()
    await asyncio.to_thread(
        Restore(backup=backup, data_dir=data_dir, keys_dir=data_dir / "keys", clock=clock).make
    )
    inbox = Inbox(data_dir=data_dir, clock=clock)
    root = inbox.folders(org_id).root
    assert places(root) == {"a": ["archive"], "b": ["archive"], "c": ["queue"], "d": []}
    settings = Settings(data_dir=data_dir, keys_dir=data_dir / "keys")
    async with open_database(settings.database_path) as database:
        await work_queue(database=database, inbox=inbox, clock=clock, settings=settings, org_id=org_id)
        async with database.reading() as connection:
            records = await list_imports(connection, limit=0)
    assert places(root) == {"a": ["archive"], "b": ["archive"], "c": ["archive"], "d": []}
    assert list(inbox.folders(org_id).queue.iterdir()) == []
    assert {record.name: record.outcome for record in records} == dict.fromkeys(
        ("a.csv", "b.csv", "c.csv"), "imported"
    )
    assert all(record.filed_as and (root / record.filed_as).is_file() for record in records)


async def test_o05_what_moves_between_the_links_and_the_view_of_the_database_is_whole_after_a_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = QueueLinks.link_all
    loop = asyncio.get_running_loop()
    async with open_house(tmp_path) as house:
        org = await house.org()
        incoming = org.inbox.begin(org_id=org.id, name="partial.csv", origin=Origin(account="test"))
        incoming.data.write_bytes(b"User Email\nann@x.example\nnobody\n")
        partial = org.inbox.accept(incoming)

        def link_all(links: QueueLinks) -> None:
            linked(links)
            # Its transaction commits and says which rows were refused; another file is accepted.
            asyncio.run_coroutine_threadsafe(import_without_filing(org, partial), loop).result()
            accept(org, "d")

        monkeypatch.setattr(QueueLinks, "link_all", link_all)
        await asyncio.to_thread(back_up, tmp_path, tmp_path / "backup", lambda: None)
    data_dir, clock = tmp_path / "there", MovedClock()
    await asyncio.to_thread(
        Restore(backup=tmp_path / "backup", data_dir=data_dir, keys_dir=data_dir / "keys", clock=clock).make
    )
    inbox, settings = (
        Inbox(data_dir=data_dir, clock=clock),
        Settings(data_dir=data_dir, keys_dir=data_dir / "keys"),
    )
    async with open_database(settings.database_path) as database:
        await work_queue(database=database, inbox=inbox, clock=clock, settings=settings, org_id=org.id)
        async with database.reading() as connection:
            records = await list_imports(connection, limit=0)
    assert {record.name: record.outcome for record in records} == {
        "partial.csv": "partial",
        "d.csv": "imported",
    }
    (rejected,) = inbox.folders(org.id).error.glob("*.rejected.csv")
    assert rejected.read_bytes() == b"User Email\nnobody\n"


async def test_o05_the_sums_are_those_of_the_files(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        await org.importer.process(accept(org, "a"))
        await asyncio.to_thread(back_up, tmp_path, tmp_path / "backup", lambda: None)
    lines = (tmp_path / "backup" / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {line[66:]: line[:64] for line in lines}
    files = {
        path.relative_to(tmp_path / "backup").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "backup").rglob("*")
        if path.is_file() and path.parent != tmp_path / "backup"
    }
    assert sums == files
    assert not (tmp_path / "data" / "backup-links").exists()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "backup").rglob("*")} == {0}


async def test_o05_uploads_that_nobody_was_told_are_stored_are_left_out(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        incoming = org.inbox.begin(org_id=org.id, name="half.csv", origin=Origin(account="test"))
        incoming.data.write_bytes(FILES["a"])
        await asyncio.to_thread(back_up, tmp_path, tmp_path / "backup", lambda: None)
    assert places(tmp_path / "backup")["a"] == []
