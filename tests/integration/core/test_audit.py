"""The audit trail on a real database: appended only, batched, never waited for (A5)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.audit import REFUSED, AuditEntry, AuditLine, Event
from core.audit_store import append, once_more, search, stream
from core.audit_trail import AuditTrail, audit_trail
from core.clock import SystemClock
from core.database import Database, open_database
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization

NOW = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "audit.sqlite"
    prepare_database(path)
    async with open_database(path) as opened:
        async with opened.writing() as connection:
            await add_organization(
                connection,
                org_id="007",
                name="Mavericks",
                username="Mavericks_007",
                password_hash="x",
                settings=OrganizationSettings(owner="owner@example.com"),
                now="2026-11-24T09:00:00.000+00:00",
            )
        yield opened


def entry(event: Event = Event.UPLOAD_ACCEPTED, **values: Any) -> AuditEntry:
    return AuditEntry(
        **{"at": NOW, "who": "Mavericks_007", "org_id": "007", "address": "203.0.113.7", **values},
        event=event,
    )


async def kept(database: Database, **chosen: Any) -> list[AuditLine]:
    async with database.reading() as connection:
        return await search(connection, **chosen)


async def test_a05_what_was_written_is_found_by_each_of_its_marks(database: Database) -> None:
    async with database.writing() as connection:
        await append(
            connection,
            [
                entry(detail="users.csv"),
                entry(Event.LOGIN_SUCCEEDED, at=NOW + timedelta(hours=1)),
                entry(Event.KEY_ADDED, org_id=None, who="operator:ann", address=None),
            ],
        )
    assert [line.event for line in await kept(database)] == [
        "login.succeeded",
        "key.added",
        "upload.accepted",
    ]
    assert [line.who for line in await kept(database, event="key")] == ["operator:ann"]
    assert [line.event for line in await kept(database, org_id="007", until=NOW + timedelta(minutes=1))] == [
        "upload.accepted"
    ]
    assert not await kept(database, since=NOW + timedelta(days=1))
    assert not await kept(database, event="log")
    (line,) = await kept(database, event="upload.accepted", who="Mavericks_007")
    assert (line.org, line.address, line.outcome, line.detail) == ("007", "203.0.113.7", "ok", "users.csv")
    async with database.reading() as connection:
        written = [line.event async for line in stream(connection)]
    assert written == ["upload.accepted", "login.succeeded", "key.added"]


async def test_a05_a02_refusals_of_one_address_name_and_minute_are_one_row(database: Database) -> None:
    refused = [
        entry(
            Event.LOGIN_REFUSED, outcome=REFUSED, detail="wrong password", at=NOW + timedelta(seconds=10 * n)
        )
        for n in range(7)
    ]
    other = entry(Event.LOGIN_REFUSED, outcome=REFUSED, detail="wrong password", address="198.51.100.1")
    async with database.writing() as connection:
        await append(connection, [*refused[:2], other])
        await append(connection, refused[2:])
    rows = [(line.address, line.at[11:19], line.detail) for line in await kept(database)]
    assert sorted(rows) == [
        ("198.51.100.1", "09:00:05", "wrong password"),
        ("203.0.113.7", "09:00:05", "wrong password (6 times)"),
        ("203.0.113.7", "09:01:05", "wrong password"),
    ]


def test_a05_a_count_keeps_its_reason() -> None:
    assert once_more("wrong password", "") == "wrong password (2 times)"
    assert once_more("wrong password (2 times)", "unknown user") == "unknown user (3 times)"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit",
        "UPDATE audit SET detail = 'nothing' WHERE event = 'upload.accepted'",
        "UPDATE audit SET who = 'somebody else' WHERE event = 'login.refused'",
        "UPDATE audit SET address = NULL WHERE event = 'login.refused'",
        "UPDATE audit SET org_no = NULL WHERE event = 'login.refused'",
    ],
)
async def test_a05_the_database_itself_refuses_to_change_the_trail(
    database: Database, statement: str
) -> None:
    async with database.writing() as connection:
        await append(connection, [entry(), entry(Event.LOGIN_REFUSED, outcome=REFUSED)])
    with (
        closing(sqlite3.connect(database.path)) as raw,
        pytest.raises(sqlite3.DatabaseError, match="append-only"),
    ):
        raw.execute(statement)
    assert len(await kept(database)) == 2


async def test_a05_a_stop_in_good_order_loses_nothing(database: Database) -> None:
    async with audit_trail(database=database, clock=SystemClock()) as trail:
        for number in range(1300):
            trail.add(entry(detail=str(number)))
        assert trail.waiting == 1300
    found = await kept(database)
    assert sorted(int(line.detail or "") for line in found) == list(range(1300))


class DeadDatabase(Database):
    """A database that does not answer for a while: failures are data."""

    dead = True

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        if self.dead:
            raise OSError("disk I/O error")
        async with super().writing() as connection:
            yield connection


async def test_a05_a_dead_database_stops_nobody_and_what_does_not_fit_is_counted(database: Database) -> None:
    dead = DeadDatabase(path=database.path)
    trail = AuditTrail(database=dead, clock=SystemClock(), limit=10)
    for number in range(25):
        trail.add(entry(detail=str(number)))
    with pytest.raises(OSError, match="disk"):
        await trail.flush()
    assert trail.waiting == 10
    dead.dead = False
    await trail.flush()
    await dead.close()
    assert [line.detail for line in await kept(database, event="upload")][::-1] == [
        str(number) for number in range(15, 25)
    ]
    (lost,) = await kept(database, event="audit.lost")
    assert (lost.detail or "").startswith("15 entries")


async def test_a05_entries_are_written_soon_without_being_asked(database: Database) -> None:
    async with audit_trail(database=database, clock=SystemClock()) as trail:
        trail.add(entry())
        for _ in range(500):
            if await kept(database):
                break
            await asyncio.sleep(0.02)
        assert not trail.waiting
        assert await kept(database)
