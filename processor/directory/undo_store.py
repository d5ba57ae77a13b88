"""SQL of undos (rule G3): reads what an import did and what became of it, writes a plan, tells of undone imports.

The plan is made in `undoing.py`, without a lock; it is written only if the directory is still the one it was made for.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import aiosqlite
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.addresses import address_key
from core.database import driver_connection
from core.schema import direct_changes, undo_leftovers, undos
from processor.directory.moved import DirectoryMovedError
from processor.directory.people import Person
from processor.directory.undo_plan import Back, DirectoryNow, Done, Left, Place, TeamNow, UndoPlan
from processor.imports import Change
from processor.reading.field_types import FieldType

CHUNK = 500
PERSON = """
SELECT id, email, name, first_name, last_name, account_type, is_org_admin, deactivated_at, deactivation_date,
  deactivates_at, leaver, custom, manager_id FROM users WHERE id IN """
LATER = """
SELECT c.place, c.kind, c.target, c.key, c.field, c.old, c.new
FROM imports i JOIN changes c ON c.import_number = i.number
WHERE i.org_no = ? AND i.number > ? AND i.outcome IN ('imported', 'partial')
  AND NOT EXISTS (SELECT 1 FROM undos u WHERE u.import_number = i.number)
"""
# `last_import` stays as it is, which voids the user's fingerprint (see the trigger `users_touched`).
WRITE_PERSON = """
UPDATE users SET email=?, name=?, first_name=?, last_name=?, account_type=?, is_org_admin=?, deactivated_at=?,
  deactivation_date=?, deactivates_at=?, leaver=?, custom=?, manager_id=?, email_key=? WHERE id=?
"""
TOUCH = "UPDATE users SET last_import = NULL WHERE id = ?"
FORMER = "INSERT OR REPLACE INTO former_addresses (org_no, email_key, user_id) VALUES (?,?,?)"
LEFT = """
INSERT INTO undo_leftovers (import_number, place, kind, target, key, field, old, new, code)
VALUES (?,?,?,?,?,?,?,?,?)
"""
DIRECT = """
INSERT INTO direct_changes (org_no, at, cause, import_number, kind, target, key, field, old, new)
VALUES (?,?,?,?,?,?,?,?,?,?)
"""


class Undone(NamedTuple):
    """What is told of an import that was undone."""

    at: str
    who: str
    counts: dict[str, int]
    changes: list[Change]
    left: list[tuple[Change, str]]  # with the code of `undo_plan.WHY`


async def version_of(connection: AsyncConnection, org_no: int) -> int:
    """Return the directory's version."""
    driver = await driver_connection(connection)
    sql = "SELECT directory_version FROM organizations WHERE no = ?"
    return int(next(iter(await driver.execute_fetchall(sql, (org_no,))))[0])


async def done_by(connection: AsyncConnection, number: int) -> list[Done]:
    """Return what an import changed, in the order of the file."""
    driver = await driver_connection(connection)
    sql = (
        "SELECT place, kind, target, key, field, old, new FROM changes WHERE import_number = ? ORDER BY place"
    )
    return [_done(row) for row in await driver.execute_fetchall(sql, (number,))]


async def directory_now(
    connection: AsyncConnection, done: Sequence[Done], *, org_no: int, number: int
) -> DirectoryNow:
    """Return all that is stored now of what the import changed."""
    driver = await driver_connection(connection)
    targets = sorted({one.target for one in done if one.kind == "user"})
    created = {one.target for one in done if one.kind == "user" and one.field == "created"}
    people = {row[0]: Person(*row) for row in await _chunked(driver, PERSON, targets)}
    memberships: dict[int, set[int]] = {}
    sql = "SELECT user_id, team_id FROM memberships WHERE user_id IN "
    for user, team in await _chunked(driver, sql, targets):
        memberships.setdefault(user, set()).add(team)
    teams = await _teams(driver, org_no)
    named = {address_key(value) for value in _addresses(done)}
    sql = "SELECT email_key, id FROM users WHERE org_no = ? AND email_key IN "
    ids = {row[0]: row[1] for row in await _chunked(driver, sql, sorted(named), org_no)}
    linked = [one for one in done if one.field == "manager_email"]
    above = {ids[key] for one in linked if one.old and (key := address_key(one.old)) in ids}
    return DirectoryNow(
        people=people,
        memberships=memberships,
        teams={team.id: team for team in teams.values()},
        team_ids={key: team.id for key, team in teams.items()},
        ids=ids,
        emails={person.id: person.email for person in people.values()},
        types=await _types(driver, org_no),
        admins=await _active_admins(driver, org_no),
        managers=await _managers(driver, {one.target for one in linked} | above),
        parents={team.id: team.parent_id or 0 for team in teams.values()},
        later=await _later(driver, org_no, number, {one.where for one in done}, created),
    )


async def write_undo(
    connection: AsyncConnection, plan: UndoPlan, *, org_no: int, number: int, version: int, at: str, who: str
) -> bool:
    """Rule G3: write all of it in the caller's transaction; False where the import was undone already.

    Raises:
        DirectoryMovedError: the directory is not the one that the plan was made for; nothing was written.
    """
    driver = await driver_connection(connection)
    moved = "UPDATE organizations SET directory_version = directory_version + 1 WHERE no = ? AND directory_version = ?"
    if (await driver.execute(moved, (org_no, version))).rowcount != 1:
        raise DirectoryMovedError("The directory was changed meanwhile: the undo starts again.")
    begun = "INSERT INTO undos (import_number, at, who, counts) VALUES (?,?,?,?) ON CONFLICT DO NOTHING"
    if (await driver.execute(begun, (number, at, who, json.dumps(plan.counts)))).rowcount != 1:
        return False
    rows = [(*person[1:], address_key(person.email), person.id) for person in plan.people.values()]
    await driver.executemany(WRITE_PERSON, rows)
    await driver.executemany(FORMER, [(org_no, *moved) for moved in _addresses_given_up(plan)])
    touched = {user for user, _ in (*plan.joined, *plan.ended)} - plan.people.keys()
    await driver.executemany(TOUCH, [(user,) for user in sorted(touched)])
    await driver.executemany("DELETE FROM memberships WHERE user_id = ? AND team_id = ?", plan.ended)
    await driver.executemany("INSERT OR IGNORE INTO memberships (user_id, team_id) VALUES (?,?)", plan.joined)
    await driver.executemany(
        "UPDATE teams SET owner_id = ?, parent_id = ?, type = ? WHERE id = ?",
        [(team.owner_id, team.parent_id, team.type, team.id) for team in plan.teams.values()],
    )
    await record_direct(connection, plan.changes, org_no=org_no, at=at, cause="undo", number=number)
    await driver.executemany(LEFT, [_left_row(number, left) for left in plan.left])
    return True


async def record_direct(
    connection: AsyncConnection,
    changes: Iterable[Back],
    *,
    org_no: int,
    at: str,
    cause: str,
    number: int | None = None,
) -> None:
    """Keep what changed a directory without a file."""
    driver = await driver_connection(connection)
    await driver.executemany(
        DIRECT,
        [
            (org_no, at, cause, number, kind, target, key, field, _json(old), _json(new))
            for kind, target, key, field, old, new in changes
        ],
    )


async def undone_of(connection: AsyncConnection, number: int) -> Undone | None:
    """Return what an undo of this import did and left, None where it was not undone."""
    row = (await connection.execute(select(undos).where(undos.c.import_number == number))).first()
    if row is None:
        return None
    changes = await connection.execute(
        select(direct_changes).where(direct_changes.c.import_number == number).order_by(direct_changes.c.id)
    )
    left = await connection.execute(
        select(undo_leftovers)
        .where(undo_leftovers.c.import_number == number)
        .order_by(undo_leftovers.c.place)
    )
    return Undone(
        at=row.at,
        who=row.who,
        counts=row.counts,
        changes=[_change(one) for one in changes],
        left=[(_change(one), one.code) for one in left],
    )


def _addresses_given_up(plan: UndoPlan) -> list[tuple[str, int]]:
    """Rule P1: a file may name a manager by the address that the import gave and the undo takes back."""
    return [(address_key(str(back.old)), back.target) for back in plan.changes if back.field == "email"]


def _change(row: Any) -> Change:
    return Change(row.kind, row.key, row.field, row.old, row.new)


def _done(row: Sequence[Any]) -> Done:
    old, new = (None if value is None else json.loads(value) for value in row[5:7])
    return Done(row[0], row[1], row[2], row[3], row[4], old, new)


def _left_row(number: int, left: Left) -> tuple[Any, ...]:
    done = left.done
    return (
        number, done.place, done.kind, done.target, done.key, done.field, _json(done.old), _json(done.new), left.code,
    )  # fmt: skip


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _addresses(done: Iterable[Done]) -> Iterable[str]:
    for one in done:
        if one.field in ("manager_email", "owner_email", "email"):
            yield from (str(value) for value in (one.old, one.new) if value is not None)


async def _teams(driver: aiosqlite.Connection, org_no: int) -> dict[str, TeamNow]:
    sql = "SELECT name_key, id, name, owner_id, parent_id, type FROM teams WHERE org_no = ?"
    return {row[0]: TeamNow(*row[1:]) for row in await driver.execute_fetchall(sql, (org_no,))}


async def _types(driver: aiosqlite.Connection, org_no: int) -> dict[str, FieldType]:
    rows = await driver.execute_fetchall("SELECT label, type FROM fields WHERE org_no = ?", (org_no,))
    return {row[0]: FieldType(row[1]) for row in rows}


async def _active_admins(driver: aiosqlite.Connection, org_no: int) -> frozenset[int]:
    sql = "SELECT id FROM users WHERE org_no = ? AND is_org_admin = 1 AND deactivated_at IS NULL"
    return frozenset(row[0] for row in await driver.execute_fetchall(sql, (org_no,)))


async def _managers(driver: aiosqlite.Connection, people: set[int]) -> dict[int, int]:
    """Return the stored links of these and of all above them, level by level."""
    found: dict[int, int] = {}
    frontier = people
    sql = "SELECT id, coalesce(manager_id, 0) FROM users WHERE id IN "
    while frontier:
        level = dict(await _chunked(driver, sql, sorted(frontier)))
        found.update(level)
        frontier = set(level.values()) - found.keys() - {0}
    return found


async def _later(
    driver: aiosqlite.Connection, org_no: int, number: int, wanted: set[Place], created: set[int]
) -> frozenset[Place]:
    """Return which of these later imports changed too, and all memberships of the created that came later."""
    found: set[Place] = set()
    async with driver.execute(LATER, (org_no, number)) as cursor:
        while rows := list(await cursor.fetchmany(10_000)):
            for row in rows:
                where = _done(row).where
                if where in wanted or (where[1] in created and where[2].startswith("teams:")):
                    found.add(where)
    return frozenset(found)


async def _chunked(driver: aiosqlite.Connection, sql: str, values: Sequence[Any], *before: Any) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        marks = ",".join("?" * len(chunk))
        rows.extend(await driver.execute_fetchall(f"{sql}({marks})", (*before, *chunk)))
    return rows
