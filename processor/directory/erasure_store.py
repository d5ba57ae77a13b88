"""SQL that erases one person from directory and log (rule R3), and tells who was erased.

What is kept is a keyed hash of the address, so that a later file does not make the person again.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

import aiosqlite
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.addresses import address_key
from core.database import driver_connection
from core.schema import erased_people, users

HIDDEN = '"(erased)"'  # stands in other people's history where the address stood
OURS = "import_number IN (SELECT number FROM imports WHERE org_no = ?)"
ADDRESS_FIELDS = "field IN ('manager_email', 'owner_email')"


class Person(NamedTuple):
    """Who is to be erased."""

    id: int
    email: str
    addresses: tuple[str, ...]  # this and former ones, as keys
    is_active_admin: bool


async def person_of(connection: AsyncConnection, *, org_no: int, email: str) -> Person | None:
    """Return a user by his address, case ignored, with the addresses that he had before."""
    query = select(users).where(users.c.org_no == org_no, users.c.email_key == address_key(email))
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    driver = await driver_connection(connection)
    sql = "SELECT email_key FROM former_addresses WHERE org_no = ? AND user_id = ?"
    former = [one[0] for one in await driver.execute_fetchall(sql, (org_no, row.id))]
    admin = bool(row.is_org_admin) and row.deactivated_at is None
    return Person(row.id, row.email, tuple(dict.fromkeys((row.email_key, *former))), admin)


async def erase(
    connection: AsyncConnection,
    person: Person,
    *,
    org_no: int,
    owner: str,
    hashes: Iterable[bytes],
    now: str,
) -> None:
    """Rule R3: remove the person from everything in the database; teams go to the organization's owner (T2)."""
    driver = await driver_connection(connection)
    # The person and those whom he managed lose their fingerprints (see the trigger `users_touched`).
    await driver.execute("UPDATE users SET last_import = NULL WHERE id = ?", (person.id,))
    await driver.execute(
        "UPDATE users SET manager_id = NULL, last_import = NULL WHERE org_no = ? AND manager_id = ?",
        (org_no, person.id),
    )
    await driver.execute(
        "UPDATE teams SET owner_id = (SELECT id FROM users WHERE org_no = ? AND email_key = ?) WHERE owner_id = ?",
        (org_no, address_key(owner), person.id),
    )
    await driver.execute("DELETE FROM memberships WHERE user_id = ?", (person.id,))
    await driver.execute("DELETE FROM former_addresses WHERE org_no = ? AND user_id = ?", (org_no, person.id))
    await _erase_history(driver, person, org_no)
    await _erase_mails(driver, person, org_no)
    await driver.execute("DELETE FROM users WHERE id = ?", (person.id,))
    await driver.executemany(
        "INSERT OR REPLACE INTO erased_people (org_no, address_hash, erased_at) VALUES (?,?,?)",
        [(org_no, one, now) for one in hashes],
    )


async def _erase_mails(driver: aiosqlite.Connection, person: Person, org_no: int) -> None:
    """Remove the mails to the person: SQLite's `lower` knows ASCII only, and one domain has more than one spelling."""
    found = await driver.execute_fetchall("SELECT DISTINCT recipient FROM outbox WHERE org_no = ?", (org_no,))
    theirs = [(org_no, recipient) for (recipient,) in found if address_key(recipient) in person.addresses]
    await driver.executemany("DELETE FROM outbox WHERE org_no = ? AND recipient = ?", theirs)


async def _erase_history(driver: aiosqlite.Connection, person: Person, org_no: int) -> None:
    written = {json.dumps(address).lower() for address in (*person.addresses, person.email)}
    for table, ours in (("changes", OURS), ("undo_leftovers", OURS), ("direct_changes", "org_no = ?")):
        # What is put together here are names of this module.
        delete = f"DELETE FROM {table} WHERE {ours} AND kind = 'user' AND target = ?"  # noqa: S608
        await driver.execute(delete, (org_no, person.id))
        for column in ("old", "new"):
            hide = (
                f"UPDATE {table} SET {column} = ? WHERE {ours} AND {ADDRESS_FIELDS} AND lower({column}) = ?"  # noqa: S608
            )
            await driver.executemany(hide, [(HIDDEN, org_no, text) for text in sorted(written)])


async def erased_hashes(connection: AsyncConnection, org_no: int) -> frozenset[bytes]:
    """Return the keyed hashes of all addresses that were erased."""
    query = select(erased_people.c.address_hash).where(erased_people.c.org_no == org_no)
    return frozenset((await connection.execute(query)).scalars())


async def forget_erased(connection: AsyncConnection, *, org_no: int, address_hash: bytes) -> bool:
    """Let a person who came back be made again; False where nobody of that address was erased."""
    result = await connection.execute(
        erased_people.delete().where(
            erased_people.c.org_no == org_no, erased_people.c.address_hash == address_hash
        )
    )
    return result.rowcount > 0
