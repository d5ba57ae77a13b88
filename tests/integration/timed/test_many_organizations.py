"""What the daemon does by the clock costs no more with many idle organizations than with one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.empty_folders import EmptyFolders
from core.filled_folders import FilledFolders, prepare_all
from core.organization_settings import parse_organization_settings
from core.organizations_store import add_organization, organization_ids
from processor.daily_exports import DailyExports
from processor.digesting import Digests
from processor.directory.deactivations import Deactivations
from processor.expecting import ExpectedFiles
from processor.filing.retention import Retention
from processor.holding import HoldKeeper
from processor.operator_alarms import OperatorAlarms
from tests.integration.directory.house import House

MANY = 50


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def add_many(house: House) -> None:
    async with house.database.writing() as connection:
        for number in range(MANY):
            await add_organization(
                connection,
                org_id=f"many-{number}",
                name=f"Many {number}",
                username=f"Many_{number}",
                password_hash="",
                settings=parse_organization_settings({"owner": f"owner@many{number}.example"}),
                now="2026-11-24T00:00:00.000+00:00",
            )


async def look_at_everything(house: House) -> None:
    """Do once what the daemon does again and again."""
    inside: dict[str, Any] = {"database": house.database, "clock": house.clock}
    settings = house.settings
    async with house.database.reading() as connection:
        await organization_ids(connection)
    await Digests(**inside, settings=settings).look()
    await ExpectedFiles(**inside, inbox=house.inbox, settings=settings, is_uploading=lambda _: False).look()
    await DailyExports(
        **inside, settings=settings, folder_of=lambda org: house.inbox.folders(org).export
    ).look()
    await OperatorAlarms(**inside, settings=settings).look()
    await Retention(**inside, inbox=house.inbox).purge()
    await HoldKeeper(**inside, settings=settings, nudge=lambda _: None).look()
    await Deactivations(**inside, operator=None, mail_from=settings.mail_from).apply_due()


async def test_an_idle_look_at_many_organizations_asks_the_database_no_more_than_at_one(house: House) -> None:
    with counted_statements() as with_one:
        await look_at_everything(house)
    await add_many(house)
    with counted_statements() as with_many:
        await look_at_everything(house)
    assert with_one
    assert with_many == with_one


async def test_u08_a_look_at_empty_folders_lists_none_of_them_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_many(house)
    async with house.database.reading() as connection:
        org_ids = await organization_ids(connection)
    prepare_all(house.inbox, org_ids)
    later = os.stat(house.inbox.above).st_ctime_ns + 3_600_000_000_000
    filled = FilledFolders(house.inbox, EmptyFolders(now_ns=lambda: later))

    def looks() -> tuple[list[str], list[str], list[str]]:
        return filled.local(org_ids), filled.queues(org_ids), filled.incoming()

    looks()
    listed: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> Iterator[os.DirEntry[str]]:
        listed.append(str(path))
        return scandir(path)

    monkeypatch.setattr("core.empty_folders.os.scandir", noted)
    assert looks() == ([], [], [])
    assert [path for path in listed if path != str(house.inbox.above)] == []
    (house.inbox.folders("many-7").local / "users.csv").write_bytes(b"User Email\n")
    assert filled.local(org_ids) == ["many-7"]


async def test_folders_that_are_missing_are_made_for_all_at_once(house: House) -> None:
    house.inbox.folders("new").root.mkdir(parents=True)
    prepare_all(house.inbox, ["new", "newer"])
    assert all(folder.is_dir() for org in ("new", "newer") for folder in house.inbox.folders(org).all())
