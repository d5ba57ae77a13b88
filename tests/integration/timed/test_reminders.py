"""A reminder of a held file, or its expiry, that meets an approval of the same moment (G1)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import to_text
from core.database import Database
from processor import holds_store
from processor.holding import HoldKeeper, discard_unfinished
from processor.imports import ImportRecord, Outcome
from processor.imports_store import record_of
from tests.integration.directory.house import House, Org
from tests.integration.directory.test_guards import people
from tests.integration.timed.conftest import told


async def held(org: Org) -> ImportRecord:
    await org.drop("f.csv", people(199, label="Deactivation Date"))
    record = await org.drop("f.csv", people(199, label="Deactivation Date", first=30, value="2026-11-01"))
    assert record.outcome is Outcome.HELD
    return record


async def approve(house: House, number: int) -> None:
    async with house.database.writing() as connection:
        assert await holds_store.approve(connection, number, now=to_text(house.clock.now()))


def keeper(house: House, database: Database | None = None) -> HoldKeeper:
    return HoldKeeper(
        database=database or house.database,
        clock=house.clock,
        settings=house.settings,
        nudge=lambda _org_id: None,
    )


async def test_g01_a_held_file_is_reminded_of_daily_until_it_is_approved(house: House) -> None:
    org = await house.org()
    record = await held(org)
    before = len(await told(house))
    house.clock.move(hours=24)
    for _ in range(2):
        await keeper(house).look()
    assert len(await told(house)) == before + 2, "to recipient and operator, once"
    await approve(house, record.number)
    house.clock.move(hours=24)
    await keeper(house).look()
    assert len(await told(house)) == before + 2


async def test_g01_a_clock_that_was_a_year_ahead_and_is_put_right_silences_no_reminder(house: House) -> None:
    org = await house.org()
    await held(org)
    await org.sql("UPDATE imports SET reminded_at = '2027-11-24T00:00:00.000+00:00' WHERE org_no = :org")
    before = len(await told(house))
    for _ in range(2):
        await keeper(house).look()
    assert len(await told(house)) == before + 2, "to recipient and operator, once"


async def test_k_g01_what_a_disabled_organization_sent_stands_still_until_it_is_enabled(house: House) -> None:
    org = await house.org()
    record = await held(org)
    before = await told(house)
    await org.sql("UPDATE organizations SET disabled_at = '2026-11-23' WHERE no = :org")
    for _ in range(9):
        house.clock.move(days=1)
        await keeper(house).look()
    assert (await told(house), await outcome_of(house, record)) == (before, Outcome.HELD)
    await org.sql("UPDATE organizations SET disabled_at = NULL WHERE no = :org")
    await keeper(house).look()
    assert await outcome_of(house, record) is Outcome.DISCARDED


async def outcome_of(house: House, record: ImportRecord) -> Outcome | None:
    async with house.database.reading() as connection:
        found = await record_of(connection, number=record.number)
    assert found is not None
    return found.outcome


class ApprovedMeanwhile(Database):
    """A database in which somebody approves an import right before the next transaction that writes."""

    def __init__(self, *, house: House, number: int) -> None:
        super().__init__(path=house.database.path)
        self._house = house
        self._number = number

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        await approve(self._house, self._number)
        async with super().writing() as connection:
            yield connection


@pytest.mark.parametrize("days", [1, 7], ids=["reminder", "expiry"])
async def test_g01_no_reminder_and_no_expiry_follows_an_approval(house: House, days: int) -> None:
    """The approval comes between the keeper's look at what is held and what it does about it."""
    org = await house.org()
    record = await held(org)
    before = len(await told(house))
    house.clock.move(days=days)
    database = ApprovedMeanwhile(house=house, number=record.number)
    await keeper(house, database).look()
    await database.close()
    assert len(await told(house)) == before
    async with house.database.reading() as connection:
        now = await record_of(connection, number=record.number)
    assert now is not None
    assert now.outcome is Outcome.HELD
    assert now.approved_at is not None


async def test_g01_a_person_can_still_discard_what_was_approved(house: House) -> None:
    org = await house.org()
    record = await held(org)
    await approve(house, record.number)
    assert await discard_unfinished(
        house.database, record, code="rejected", settings=house.settings, now=house.clock.now()
    )
