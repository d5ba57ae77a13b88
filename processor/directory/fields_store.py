"""SQL that changes a custom field by command (rule C2): its values, type and name, in one transaction.

`last_import` stays as it is, which voids the fingerprint of each user whose values change.
"""

import json
from collections.abc import Callable, Mapping

import aiosqlite
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import driver_connection
from core.schema import fields, organizations, users
from processor.directory.field_changes import Value
from processor.reading.field_types import FieldType, KnownField

CHUNK = 5_000


async def known_fields(connection: AsyncConnection, org_no: int) -> dict[str, KnownField]:
    """Return an organization's custom fields by the form in which H4 compares labels."""
    rows = await connection.execute(select(fields).where(fields.c.org_no == org_no))
    return {row.label_key: KnownField(row.label, FieldType(row.type), bool(row.strict)) for row in rows}


async def values_held(connection: AsyncConnection, org_no: int, label: str) -> list[tuple[int, Value]]:
    """Return who has which value of a field."""
    driver = await driver_connection(connection)
    held: list[tuple[int, Value]] = []
    sql = "SELECT id, custom FROM users WHERE org_no = ? AND custom <> '{}' ORDER BY id"
    async with driver.execute(sql, (org_no,)) as cursor:
        while rows := list(await cursor.fetchmany(CHUNK)):
            for user, stored in rows:
                value = json.loads(stored).get(label)
                if value is not None:
                    held.append((user, value))
    return held


async def addresses_of(connection: AsyncConnection, ids: list[int]) -> list[str]:
    """Return the addresses of users."""
    rows = await connection.execute(select(users.c.email).where(users.c.id.in_(ids)).order_by(users.c.id))
    return list(rows.scalars())


async def change_field(
    connection: AsyncConnection,
    *,
    org_no: int,
    known: KnownField,
    old_key: str,
    label: str,
    new_key: str,
    kind: FieldType,
    strict: bool,
    values: Mapping[int, Value],
) -> None:
    """Write the field's row and the users' values; `values` are those that change."""
    await connection.execute(
        update(fields)
        .where(fields.c.org_no == org_no, fields.c.label_key == old_key)
        .values(label=label, label_key=new_key, type=str(kind), strict=int(strict))
    )
    driver = await driver_connection(connection)
    if label != known.label:
        await _rewrite(
            driver, org_no, lambda _user, custom: _renamed(custom, known.label, label, values, _user)
        )
    elif values:
        await _rewrite(driver, org_no, lambda user, custom: _with_value(custom, label, values, user))
    await connection.execute(
        update(organizations)
        .where(organizations.c.no == org_no)
        .values(directory_version=organizations.c.directory_version + 1)
    )


def _with_value(
    custom: dict[str, Value], label: str, values: Mapping[int, Value], user: int
) -> dict[str, Value] | None:
    if user not in values:
        return None
    return {**custom, label: values[user]}


def _renamed(
    custom: dict[str, Value], old: str, new: str, values: Mapping[int, Value], user: int
) -> dict[str, Value] | None:
    if old not in custom:
        return None
    value = values.get(user, custom[old])
    return {new if name == old else name: value if name == old else kept for name, kept in custom.items()}


async def _rewrite(
    driver: aiosqlite.Connection,
    org_no: int,
    after: Callable[[int, dict[str, Value]], dict[str, Value] | None],
) -> None:
    """Write the custom values of all users for whom `after` returns some."""
    last = 0
    sql = "SELECT id, custom FROM users WHERE org_no = ? AND id > ? AND custom <> '{}' ORDER BY id LIMIT ?"
    while rows := list(await driver.execute_fetchall(sql, (org_no, last, CHUNK))):
        last = rows[-1][0]
        changed = [
            (json.dumps(custom, ensure_ascii=False), user)
            for user, stored in rows
            if (custom := after(user, json.loads(stored))) is not None
        ]
        await driver.executemany("UPDATE users SET custom = ? WHERE id = ?", changed)
