"""SQL of the tables of failed logins: login_guards, known_addresses, ban_lifts (rule A2); nothing else names them."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.bans import Failure, GuardKey, GuardRecord, Kind, name_key
from core.clock import from_text, to_text
from core.schema import ban_lifts, known_addresses, login_guards

KEEP_LIFTS = timedelta(days=1)


async def all_guards(connection: AsyncConnection) -> list[GuardRecord]:
    """Return every record, the longest banned first."""
    query = select(login_guards).order_by(login_guards.c.until.desc(), login_guards.c.changed_at)
    return [_from_row(row) for row in await connection.execute(query)]


async def banned(connection: AsyncConnection, now: datetime) -> list[GuardRecord]:
    """Return what is banned or locked, by its end."""
    query = select(login_guards).where(login_guards.c.until > to_text(now)).order_by(login_guards.c.until)
    return [_from_row(row) for row in await connection.execute(query)]


async def save_guards(connection: AsyncConnection, records: Iterable[GuardRecord]) -> None:
    """Write records, new or known."""
    rows = [_to_row(record) for record in records]
    if rows:
        statement = upsert(login_guards)
        changed = {
            name: statement.excluded[name] for name in rows[0] if name not in {"kind", "name", "address"}
        }
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["kind", "name", "address"], set_=changed), rows
        )


async def remove_guards(connection: AsyncConnection, keys: Iterable[GuardKey]) -> None:
    """Remove records that count no more."""
    for key in keys:
        await connection.execute(
            delete(login_guards).where(
                login_guards.c.kind == str(key.kind),
                login_guards.c.name == key.name,
                login_guards.c.address == key.address,
            )
        )


async def lift(connection: AsyncConnection, value: str, *, now: datetime) -> int:
    """Rule A2: forget counts, bans and doubling of an address or name, and tell the daemon; return how many."""
    key = name_key(value)
    result = await connection.execute(
        delete(login_guards).where(or_(login_guards.c.name == key, login_guards.c.address == value))
    )
    await connection.execute(delete(ban_lifts).where(ban_lifts.c.at < to_text(now - KEEP_LIFTS)))
    await connection.execute(insert(ban_lifts).values(value=value, at=to_text(now)))
    return int(result.rowcount)


async def last_lift(connection: AsyncConnection) -> int:
    """Return the number of the newest lift, 0 before the first."""
    return int((await connection.execute(select(func.coalesce(func.max(ban_lifts.c.id), 0)))).scalar_one())


async def lifts_after(connection: AsyncConnection, number: int) -> list[tuple[int, str]]:
    """Return the lifts that came after one, in order."""
    query = select(ban_lifts).where(ban_lifts.c.id > number).order_by(ban_lifts.c.id)
    return [(row.id, row.value) for row in await connection.execute(query)]


async def save_known(connection: AsyncConnection, addresses: Iterable[tuple[str, datetime]]) -> None:
    """Note when addresses last logged in."""
    rows = [{"address": address, "last_login_at": to_text(at)} for address, at in addresses]
    if rows:
        statement = upsert(known_addresses)
        changed = {"last_login_at": statement.excluded.last_login_at}
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["address"], set_=changed), rows
        )


async def known_since(connection: AsyncConnection, since: datetime) -> dict[str, datetime]:
    """Return the addresses that logged in since then, each with its last login; older ones are not asked for again."""
    query = select(known_addresses).where(known_addresses.c.last_login_at >= to_text(since))
    return {row.address: from_text(row.last_login_at) for row in await connection.execute(query)}


async def forget_known(connection: AsyncConnection, before: datetime) -> None:
    """Remove addresses that have not logged in since then."""
    await connection.execute(delete(known_addresses).where(known_addresses.c.last_login_at < to_text(before)))


def _to_row(record: GuardRecord) -> dict[str, Any]:
    failures = [[to_text(failure.at), failure.name, failure.address] for failure in record.failures]
    return {
        "kind": str(record.key.kind),
        "name": record.key.name,
        "address": record.key.address,
        "shown": record.shown,
        "failures": json.dumps(failures),
        "until": None if record.until is None else to_text(record.until),
        "failed": record.failed,
        "bans": record.bans,
        "changed_at": to_text(record.changed_at),
    }


def _from_row(row: Row[Any]) -> GuardRecord:
    return GuardRecord(
        key=GuardKey(Kind(row.kind), row.name, row.address),
        shown=row.shown,
        changed_at=from_text(row.changed_at),
        failures=tuple(
            Failure(from_text(at), name, address) for at, name, address in json.loads(row.failures)
        ),
        until=None if row.until is None else from_text(row.until),
        failed=row.failed,
        bans=row.bans,
    )
