"""A real database with an organization and imports, and a clock that tests move."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database, open_database
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization
from core.schema import imports


@dataclass
class MovedClock:
    """A clock that stands still until a test moves it."""

    at: datetime = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "rosterdrop.sqlite"
    prepare_database(path)
    async with open_database(path) as opened:
        async with opened.writing() as connection:
            await add_organization(
                connection,
                org_id="007",
                name="Mavericks",
                username="Mavericks_007",
                password_hash="x",
                settings=OrganizationSettings(owner="owner@x.example"),
                now="2026-11-01T00:00:00.000+00:00",
            )
            await add_imports(connection, 40)
        yield opened


async def add_imports(connection: AsyncConnection, count: int) -> None:
    rows = [
        {
            "number": number,
            "org_no": 1,
            "uid": f"{number:016x}",
            "seq": number,
            "name": "users.csv",
            "size_bytes": 1,
            "accepted_at": "2026-11-23T09:05:00.000+00:00",
            "outcome": "imported",
            "counts": {},
        }
        for number in range(1, count + 1)
    ]
    await connection.execute(insert(imports), rows)
