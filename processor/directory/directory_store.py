"""Reads the directory of one organization for a plan: in chunks, by the driver, in one consistent view.

What it writes is in `apply_store.py`; lists for people are in `listing_store.py`.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import numpy as np

from core.addresses import address_key
from core.database import Database, driver_connection
from core.organizations_store import USER_ID_SHIFT
from core.secrets_key_store import secrets_key_of
from processor.directory.digests import Numbers
from processor.directory.erasure import NOBODY_ERASED, Erased
from processor.directory.erasure_store import erased_hashes
from processor.directory.fingerprints import Fingerprints, no_fingerprints
from processor.directory.held_values import HeldValues
from processor.directory.people import Person
from processor.directory.repeats import LastFile

CHUNK = 500
SMALL = 2_000  # a directory of so many users is read whole, instead of row by row's addresses

PERSON = (
    "id, email, name, first_name, last_name, account_type, is_org_admin, "
    "deactivated_at, deactivation_date, deactivates_at, leaver, custom, manager_id"
)
PERSON_BY_KEY = "SELECT email_key, " + PERSON + " FROM users WHERE org_no = ?"  # noqa: S608  our own columns
PERSON_BY_ID = "SELECT " + PERSON + " FROM users WHERE id IN "  # noqa: S608


HELD_BATCH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryState:
    """Counters of an organization's directory."""

    org_no: int
    version: int
    users_made: int
    teams_made: int
    date_order: str | None
    date_order_import: int | None


@dataclass(frozen=True, slots=True)
class KnownTeam:
    """A team as stored."""

    id: int
    name: str
    owner_id: int | None
    parent_id: int | None
    type: str | None


@dataclass(frozen=True, slots=True)
class KnownField:
    """A custom field as stored."""

    label: str
    key: str
    type: str
    strict: bool


class DirectoryReader:
    """Look-ups in one consistent view."""

    def __init__(
        self, *, driver: aiosqlite.Connection, state: DirectoryState, erased: Erased = NOBODY_ERASED
    ) -> None:
        self.erased = erased  # who is not made again (R3)
        self._driver = driver
        self.state = state
        self._values: dict[str, HeldValues] = {}

    async def people(self, keys: Sequence[str]) -> dict[str, Person]:
        """Return the users with these address keys."""
        sql = PERSON_BY_KEY + " AND email_key IN "
        rows = await self._chunked(sql, keys, self.state.org_no)
        return {row[0]: Person(*row[1:]) for row in rows}

    async def everybody(self) -> dict[str, Person] | None:
        """Return all users by address key where they are few, else None."""
        if self.state.users_made > SMALL:
            return None
        sql = PERSON_BY_KEY
        rows = await self._driver.execute_fetchall(sql, (self.state.org_no,))
        return {row[0]: Person(*row[1:]) for row in rows}

    async def ids(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the ids of the users with these address keys."""
        sql = "SELECT email_key, id FROM users WHERE org_no = ? AND email_key IN "
        return {row[0]: row[1] for row in await self._chunked(sql, keys, self.state.org_no)}

    async def found_by_address(self, keys: Sequence[str]) -> dict[str, int]:
        """Return who is meant by each address key: its user, failing that the one who had it before (P1, P6)."""
        found = await self.ids(keys)
        return {**await self.former_ids([key for key in keys if key not in found]), **found}

    async def has_former(self) -> bool:
        """Return whether any user of the organization had another address before."""
        return await self._one("SELECT 1 FROM former_addresses WHERE org_no = ? LIMIT 1") is not None

    async def former_ids(self, keys: Sequence[str]) -> dict[str, int]:
        """Return who had these address keys before."""
        if not await self.has_former():
            return {}
        sql = "SELECT email_key, user_id FROM former_addresses WHERE org_no = ? AND email_key IN "
        return {row[0]: row[1] for row in await self._chunked(sql, keys, self.state.org_no)}

    async def emails(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the addresses of users."""
        return {
            row[0]: row[1]
            for row in await self._chunked("SELECT id, email FROM users WHERE id IN ", list(ids))
        }

    async def managers(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the stored manager of each of the users, 0 for none."""
        sql = "SELECT id, coalesce(manager_id, 0) FROM users WHERE id IN "
        return {row[0]: row[1] for row in await self._chunked(sql, list(ids))}

    async def memberships(self, ids: Sequence[int]) -> dict[int, set[int]]:
        """Return the teams of each of the users."""
        found: dict[int, set[int]] = {}
        sql = "SELECT user_id, team_id FROM memberships WHERE user_id IN "
        for user, team in await self._chunked(sql, ids):
            found.setdefault(user, set()).add(team)
        return found

    async def active_among(self, ids: Sequence[int], *, first: int) -> tuple[int, list[str]]:
        """Return how many of the users are active, and the addresses of the first of them (P2)."""
        count, found = 0, list[str]()
        for start in range(0, len(ids), CHUNK):
            wanted = "email" if len(found) < first else "NULL"
            sql = f"SELECT {wanted} FROM users WHERE deactivated_at IS NULL AND id IN "  # noqa: S608
            rows = await self._chunked(sql, ids[start : start + CHUNK])
            count += len(rows)
            found += [row[0] for row in rows[: first - len(found)]]
        return count, sorted(found)

    async def active_admins(self) -> set[int]:
        """Return the active administrators."""
        sql = "SELECT id FROM users WHERE org_no = ? AND is_org_admin = 1 AND deactivated_at IS NULL"
        return {row[0] for row in await self._driver.execute_fetchall(sql, (self.state.org_no,))}

    async def people_by_id(self, ids: Sequence[int]) -> dict[int, Person]:
        """Return the users with these ids."""
        rows = await self._chunked(PERSON_BY_ID, ids)
        return {row[0]: Person(*row) for row in rows}

    async def values_of(self, field: str, key: Callable[[str], str]) -> HeldValues:
        """Return who holds which value of a custom field, as `key` compares them (P1, H6); read once for a plan.

        One pass over all users, 3 microseconds each: only organizations that name people so pay for it.
        """
        if field not in self._values:
            sql = "SELECT id, custom FROM users WHERE org_no = ? ORDER BY id"
            self._values[field] = await self._held(
                sql, lambda custom: _shown(json.loads(custom).get(field)), key
            )
        return self._values[field]

    async def names(self, key: Callable[[str], str]) -> HeldValues:
        """Return who has which full name, as `key` compares them (H6)."""
        if "" not in self._values:
            sql = "SELECT id, name FROM users WHERE org_no = ? ORDER BY id"
            self._values[""] = await self._held(sql, str, key)
        return self._values[""]

    async def _held(
        self, sql: str, read: Callable[[str], str | None], key: Callable[[str], str]
    ) -> HeldValues:
        held = HeldValues()
        async with self._driver.execute(sql, (self.state.org_no,)) as cursor:
            while rows := list(await cursor.fetchmany(HELD_BATCH)):
                given = [(row[0], key(value)) for row in rows if (value := read(row[1])) is not None]
                held.add([person for person, _ in given], [value for _, value in given])
        return held

    async def count_managed(self, ids: Iterable[int]) -> int:
        """Return how many users have one of these as their manager (one pass over all: there is no index)."""
        wanted = set(ids)
        if not wanted:
            return 0
        sql = "SELECT manager_id FROM users WHERE org_no = ? AND manager_id IS NOT NULL"
        async with self._driver.execute(sql, (self.state.org_no,)) as cursor:
            return sum([row[0] in wanted async for row in cursor])

    async def count_people(self) -> tuple[int, int]:
        """Return how many users there are, and how many of them are active (G1)."""
        known = await self._one("SELECT count(*) FROM users WHERE org_no = ?")
        gone = await self._one("SELECT count(*) FROM users WHERE org_no = ? AND deactivated_at IS NOT NULL")
        return int(known[0]), int(known[0]) - int(gone[0])

    async def owner(self, email: str) -> int:
        """Return the id of the organization's owner (T2); its first user where the address is not a user yet."""
        key = address_key(email)
        return (await self.ids([key])).get(key, (self.state.org_no << USER_ID_SHIFT) + 1)

    async def teams(self) -> dict[str, KnownTeam]:
        """Return all teams by name key (100,000 at most, U9)."""
        sql = "SELECT name_key, id, name, owner_id, parent_id, type FROM teams WHERE org_no = ?"
        rows = await self._driver.execute_fetchall(sql, (self.state.org_no,))
        return {row[0]: KnownTeam(*row[1:]) for row in rows}

    async def fields(self) -> list[KnownField]:
        """Return all custom fields in the order in which they were made."""
        sql = "SELECT label, label_key, type, strict FROM fields WHERE org_no = ? ORDER BY id"
        rows = await self._driver.execute_fetchall(sql, (self.state.org_no,))
        return [KnownField(row[0], row[1], row[2], bool(row[3])) for row in rows]

    async def fingerprints(self) -> Fingerprints:
        """Return what the last users file left, but for people whom something else has touched since."""
        sql = "SELECT meaning, digests, people, evidence, named, reading FROM fingerprints WHERE org_no = ?"
        row = await self._one(sql)
        if row is None:
            return no_fingerprints()
        digests = np.frombuffer(row[1], dtype="<u8")
        half = len(digests) // 2
        base = self.state.org_no << USER_ID_SHIFT
        people = np.frombuffer(row[2], dtype="<u4").astype(np.int64) + base
        named = np.frombuffer(row[4], dtype="<u4").astype(np.int64) + base
        reading = json.loads(row[5])
        stored = Fingerprints(
            meaning=row[0],
            first=digests[:half],
            second=digests[half:],
            people=people,
            evidence=np.frombuffer(row[3], dtype="<u2"),
            evidence_values=tuple(reading["evidence"]),
            orders=reading["orders"],
            named=named,
        )
        voids = await self._voids()
        return stored.without(voids) if len(voids) else stored

    async def last_file(self) -> LastFile | None:
        """Return the users file that the fingerprints are of."""
        sql = (
            "SELECT sha256, size_bytes, json_extract(counts, '$.rows') FROM imports WHERE number = "
            "(SELECT import_number FROM fingerprints WHERE org_no = ?)"
        )
        row = await self._one(sql)
        return None if row is None or row[0] is None else LastFile(*row)

    async def has_voids(self) -> bool:
        """Whether something else than an import has touched users since the last users file."""
        return await self._one("SELECT 1 FROM fingerprint_voids WHERE org_no = ? LIMIT 1") is not None

    async def _voids(self) -> Numbers:
        sql = "SELECT user_id FROM fingerprint_voids WHERE org_no = ?"
        rows = await self._driver.execute_fetchall(sql, (self.state.org_no,))
        return np.array([row[0] for row in rows], dtype=np.int64)

    async def _one(self, sql: str) -> Any:
        return next(iter(await self._driver.execute_fetchall(sql, (self.state.org_no,))), None)

    async def _chunked(self, sql: str, values: Sequence[Any], *before: Any) -> list[Any]:
        rows: list[Any] = []
        for start in range(0, len(values), CHUNK):
            chunk = values[start : start + CHUNK]
            marks = ",".join("?" * len(chunk))
            rows.extend(await self._driver.execute_fetchall(f"{sql}({marks})", (*before, *chunk)))
        return rows


def _shown(value: str | bool | None) -> str | None:
    """Return a stored value as a file writes it."""
    return ("Yes" if value else "No") if isinstance(value, bool) else value


@asynccontextmanager
async def reading_directory(
    database: Database, org_no: int, *, keys_dir: Path | None = None
) -> AsyncIterator[DirectoryReader]:
    """Open one consistent view of an organization's directory; `keys_dir` has the key by which erased people are known.

    Raises:
        SecretsKeyError: people were erased, and the key is missing or another one: call again when it is back.
    """
    async with database.reading() as connection:
        driver = await driver_connection(connection)
        sql = (
            "SELECT directory_version, users_made, teams_made, date_order, date_order_import "
            "FROM organizations WHERE no = ?"
        )
        row = next(iter(await driver.execute_fetchall(sql, (org_no,))))
        state = DirectoryState(
            org_no=org_no,
            version=row[0],
            users_made=row[1],
            teams_made=row[2],
            date_order=row[3],
            date_order_import=row[4],
        )
        hashes = await erased_hashes(connection, org_no)
        erased = NOBODY_ERASED
        if hashes and keys_dir is not None:
            key = await secrets_key_of(connection, keys_dir)
            erased = Erased(hashes=hashes, key=key, org_no=org_no)
        yield DirectoryReader(driver=driver, state=state, erased=erased)
