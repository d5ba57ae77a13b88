"""SQL of which secrets key the database goes with, and what depends on it (R3, S2); no other names that table."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import to_text
from core.database import Database
from core.pull_schema import pull_servers
from core.schema import erased_people, secrets_keys
from core.secrets_key import SecretsKeyError, fingerprint_of, load_secrets_key, wrong_secrets_key


@dataclass(frozen=True, slots=True)
class Dependents:
    """How much only the secrets key knows or opens."""

    erased_people: int
    pull_servers: int

    def __bool__(self) -> bool:
        return bool(self.erased_people or self.pull_servers)


async def secrets_key_of(connection: AsyncConnection, keys_dir: Path) -> bytes:
    """Return the key that what is kept was made with; none is made.

    Raises:
        SecretsKeyError: it is missing, damaged or another one.
    """
    recorded = await _recorded(connection)
    key = await asyncio.to_thread(load_secrets_key, keys_dir, make=False)
    right = await _opens_secrets(connection, key) if recorded is None else recorded == fingerprint_of(key)
    if not right:
        raise wrong_secrets_key(keys_dir)
    return key


async def note_secrets_key(database: Database, keys_dir: Path, *, now: datetime) -> None:
    """Note which key is the right one where something depends on it and nothing says so: after an upgrade.

    Where customers' passwords are stored, the key has to open one; of erased people alone nobody can tell.

    Raises:
        SecretsKeyError: it is missing, damaged or another one; nothing is noted.
    """
    async with database.reading() as connection:
        if await _recorded(connection) is not None or not await dependents(connection):
            return
        key = await secrets_key_of(connection, keys_dir)
    async with database.writing() as connection:
        if await _recorded(connection) is None:
            await _record(connection, key, now)


async def secrets_key_to_keep_with(database: Database, keys_dir: Path, *, now: datetime) -> bytes:
    """Return the key for something more that is to be kept: made where nothing depends on one, and noted.

    Raises:
        SecretsKeyError: something depends on a key that is missing, damaged or another one.
    """
    async with database.reading() as connection:
        recorded, needed = await _recorded(connection), await dependents(connection)
        if needed:
            key = await secrets_key_of(connection, keys_dir)
        else:
            key = await asyncio.to_thread(load_secrets_key, keys_dir, make=True)
    if recorded != fingerprint_of(key):
        async with database.writing() as connection:
            await _record(connection, key, now)
    return key


async def trouble_with_secrets_key(connection: AsyncConnection, keys_dir: Path) -> SecretsKeyError | None:
    """Return what keeps those waiting that depend on the key; None where nothing does, or where all is well."""
    if await dependents(connection):
        try:
            await secrets_key_of(connection, keys_dir)
        except SecretsKeyError as exc:
            return exc
    return None


async def give_up_secrets_key(connection: AsyncConnection, key: bytes, *, now: datetime) -> Dependents:
    """Note a new key in place of one that is lost; who was erased is forgotten, for nobody knows them again.

    Return what depended on the lost one: stored passwords stay, and cannot be opened.
    """
    lost = await dependents(connection)
    await connection.execute(delete(erased_people))
    await _record(connection, key, now)
    return lost


async def dependents(connection: AsyncConnection) -> Dependents:
    """Return what depends on the key."""
    people = await connection.execute(select(func.count()).select_from(erased_people))
    servers = await connection.execute(select(func.count()).select_from(pull_servers))
    return Dependents(erased_people=people.scalar_one(), pull_servers=servers.scalar_one())


async def _opens_secrets(connection: AsyncConnection, key: bytes) -> bool:
    """Whether the key opens one of the stored passwords, or there is none; a single one may be of a key before."""
    # A process that imports needs no cipher.
    from core.sealing import Sealed, SecretLostError, bound_to_server, unseal  # noqa: PLC0415

    rows = (await connection.execute(select(pull_servers))).all()
    for row in rows:
        bound_to = bound_to_server(row.org_no, row.host, row.port, row.username, row.host_key)
        with suppress(SecretLostError):
            unseal(key, Sealed(kind=row.secret_kind, box=row.secret), bound_to=bound_to)
            return True
    return not rows


async def _recorded(connection: AsyncConnection) -> str | None:
    fingerprint = (await connection.execute(select(secrets_keys.c.fingerprint))).scalar()
    return None if fingerprint is None else str(fingerprint)


async def _record(connection: AsyncConnection, key: bytes, now: datetime) -> None:
    await connection.execute(delete(secrets_keys))
    await connection.execute(
        insert(secrets_keys).values(fingerprint=fingerprint_of(key), recorded_at=to_text(now))
    )
