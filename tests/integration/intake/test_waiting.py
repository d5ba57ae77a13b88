"""Drops of organizations with a schedule wait, are announced once, and are imported in order (rule S1)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.inbox import Origin
from core.settings import Settings
from processor import holds_store
from processor.importing import work_queue
from processor.imports import ImportRecord, Outcome
from processor.imports_store import list_imports
from tests.integration.directory.house import House, Org, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def org(house: House) -> Org:
    """An organization whose files are imported at 22:00."""
    return await house.org(schedule="22:00")


def accept(org: Org, email: str) -> None:
    incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(f"User Email\n{email}\n".encode())
    org.inbox.accept(incoming)


async def work(org: Org, tmp_path: Path) -> list[ImportRecord]:
    settings = Settings(data_dir=tmp_path / "data", keys_dir=tmp_path / "keys")
    return await work_queue(
        database=org.database, inbox=org.inbox, clock=org.clock, settings=settings, org_id=org.id
    )


async def outcomes(org: Org) -> list[Outcome | None]:
    async with org.database.reading() as connection:
        return [record.outcome for record in await list_imports(connection, org_id=org.id)]


async def test_s1_a_drop_waits_until_its_time_and_is_announced_once(org: Org, tmp_path: Path) -> None:
    accept(org, "ann@x.example")
    assert await work(org, tmp_path) == []
    org.clock.move(hours=9, minutes=59)
    assert await work(org, tmp_path) == []
    assert await outcomes(org) == [Outcome.WAITING]
    assert len(await org.rows("SELECT 1 FROM outbox")) == 1
    org.clock.move(minutes=1)
    assert [record.outcome for record in await work(org, tmp_path)] == [Outcome.IMPORTED]
    assert set(await org.users()) >= {"ann@x.example"}


async def test_s1_drops_that_waited_are_imported_in_order(org: Org, tmp_path: Path) -> None:
    for email in ("ann@x.example", "bob@x.example"):
        accept(org, email)
        await work(org, tmp_path)
    org.clock.move(hours=10)
    records = await work(org, tmp_path)
    assert [record.seq for record in records] == [1, 2]
    assert [record.outcome for record in records] == [Outcome.IMPORTED, Outcome.IMPORTED]


async def test_s1_a_drop_that_is_told_to_run_now_waits_no_more(org: Org, tmp_path: Path) -> None:
    accept(org, "ann@x.example")
    await work(org, tmp_path)
    async with org.database.writing() as connection:
        assert await holds_store.run_now(connection, 1)
    assert [record.outcome for record in await work(org, tmp_path)] == [Outcome.IMPORTED]


async def test_s1_set_back_to_at_once_what_waits_is_imported(org: Org, tmp_path: Path) -> None:
    accept(org, "ann@x.example")
    await work(org, tmp_path)
    await org.change_settings()
    assert [record.outcome for record in await work(org, tmp_path)] == [Outcome.IMPORTED]
