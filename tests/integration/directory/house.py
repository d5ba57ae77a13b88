"""A data folder with a real database, organizations whose files are dropped and imported, and a clock to move."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from core.database import Database, driver_connection, open_database
from core.inbox import Inbox, Origin
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization, change_organization
from core.settings import Settings
from processor.findings import Problem
from processor.importing import Importer
from processor.imports import ImportRecord
from processor.imports_store import findings_of
from tests.oracle import Directory, Team, User

OWNER = "owner@x.example"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class MovedClock:
    """A clock that stands still until a test moves it."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(kw_only=True)
class Org:
    """One organization and the road of its drops."""

    id: str
    no: int
    database: Database
    inbox: Inbox
    importer: Importer
    clock: MovedClock
    without_fingerprints: bool = False

    async def drop(self, name: str, data: bytes) -> ImportRecord:
        """Accept a file and bring it to its outcome."""
        if self.without_fingerprints:
            await self.sql("UPDATE fingerprints SET meaning = x'00' WHERE org_no = :org")
        incoming = self.inbox.begin(org_id=self.id, name=name, origin=Origin(account="test"))
        incoming.data.write_bytes(data)
        return await self.importer.process(self.inbox.accept(incoming))

    async def change_settings(self, **values: Any) -> None:
        async with self.database.writing() as connection:
            settings = OrganizationSettings.model_validate({"owner": OWNER, **values})
            await change_organization(connection, self.id, settings=settings)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        """Run a statement of SQL as nothing but an import would; `:org` is the organization's number."""
        named = {"org": self.no, **values}
        async with self.database.writing() as connection:
            result = await connection.execute(
                text(statement), {name: value for name, value in named.items() if f":{name}" in statement}
            )
            return list(result.all()) if result.returns_rows else []

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Read with SQL."""
        async with self.database.reading() as connection:
            driver = await driver_connection(connection)
            return list(await driver.execute_fetchall(statement, {"org": self.no, **values}))

    async def problems(self, record: ImportRecord, *, notes: bool = False) -> list[Problem]:
        async with self.database.reading() as connection:
            return await findings_of(connection, record.number, notes=notes)

    async def codes(self, record: ImportRecord, *, notes: bool = False) -> list[tuple[Any, ...]]:
        """Line, column and code of each problem (or note), sorted."""
        found = await self.problems(record, notes=notes)
        return sorted(
            ((p.line, p.column, p.code) for p in found), key=lambda one: tuple(str(part) for part in one)
        )

    async def users(self) -> dict[str, User]:
        """All users by address, in the oracle's form."""
        rows = await self.rows(USERS)
        teams: dict[int, set[str]] = {}
        for user, name in await self.rows(MEMBERSHIPS):
            teams.setdefault(user, set()).add(name)
        texts = {label for label, kind in (await self.fields()).items() if kind == "text"}
        return {row[1]: shown_user(row, teams.get(row[0], set()), texts) for row in rows}

    async def user(self, email: str) -> User:
        return (await self.users())[email]

    async def teams(self) -> dict[str, Team]:
        """All teams by name."""
        rows = await self.rows(TEAMS)
        return {row[0]: Team(name=row[0], owner=row[1], parent=row[2], kind=row[3]) for row in rows}

    async def fields(self) -> dict[str, str]:
        """The type of each custom field by label."""
        rows = await self.rows("SELECT label, type FROM fields WHERE org_no = :org ORDER BY id")
        return {row[0]: row[1] for row in rows}

    async def directory(self) -> Directory:
        """All that an organization knows."""
        return Directory(users=await self.users(), teams=await self.teams(), fields=await self.fields())


USERS = """
SELECT u.id, u.email, u.name, u.first_name, u.last_name, u.account_type, u.is_org_admin, u.deactivated_at,
  u.deactivation_date, u.deactivates_at, m.email, u.custom
FROM users u LEFT JOIN users m ON m.id = u.manager_id WHERE u.org_no = :org
"""
MEMBERSHIPS = """
SELECT m.user_id, t.name FROM memberships m JOIN teams t ON t.id = m.team_id WHERE t.org_no = :org
"""
TEAMS = """
SELECT t.name, o.email, p.name, t.type FROM teams t LEFT JOIN users o ON o.id = t.owner_id
  LEFT JOIN teams p ON p.id = t.parent_id WHERE t.org_no = :org
"""


def shown_user(row: Any, teams: set[str], texts: set[str]) -> User:
    """A row of `USERS` in the oracle's form; of a custom field that is text, a boolean is shown as a word."""
    custom: dict[str, str | bool] = json.loads(row[11])
    shown = {
        label: ("Yes" if value else "No") if isinstance(value, bool) and label in texts else value
        for label, value in custom.items()
    }
    return User(
        email=row[1],
        name=row[2],
        first_name=row[3],
        last_name=row[4],
        account_type=row[5],
        is_org_admin=bool(row[6]),
        is_active=row[7] is None,
        deactivation_date=row[8],
        deactivates_at=None if row[9] is None else datetime.fromisoformat(row[9]),
        manager=row[10],
        teams=frozenset(teams),
        custom=shown,
    )


@dataclass(kw_only=True)
class House:
    """One data folder; organizations are made as they are needed."""

    database: Database
    inbox: Inbox
    importer: Importer
    clock: MovedClock
    settings: Settings
    made: int = field(default=0)

    async def org(self, **values: Any) -> Org:
        """Make an organization with these settings."""
        self.made += 1
        org_id = f"{self.made:05d}"
        async with self.database.writing() as connection:
            organization = await add_organization(
                connection,
                org_id=org_id,
                name="Mavericks",
                username=f"Mavericks_{org_id}",
                password_hash="x",
                settings=OrganizationSettings.model_validate({"owner": OWNER, **values}),
                now="2026-11-01T00:00:00.000+00:00",
            )
        self.inbox.prepare(org_id)
        return Org(
            id=org_id,
            no=organization.no,
            database=self.database,
            inbox=self.inbox,
            importer=self.importer,
            clock=self.clock,
        )


@asynccontextmanager
async def open_house(folder: Path, **values: Any) -> AsyncIterator[House]:
    """Open an empty data folder; `values` are settings of the operator."""
    data = folder / "data"
    data.mkdir()
    settings = Settings(data_dir=data, keys_dir=folder / "keys", **values)
    clock = MovedClock()
    prepare_database(settings.database_path)
    inbox = Inbox(data_dir=data, clock=clock)
    async with open_database(settings.database_path) as database:
        importer = Importer(database=database, inbox=inbox, clock=clock, settings=settings)
        yield House(database=database, inbox=inbox, importer=importer, clock=clock, settings=settings)
