"""SQL of logins (rules A1, A6): accounts by user name, support accounts, public keys, passwords about to run out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.accounts import Account, SupportAccount
from core.clock import to_text
from core.errors import NotFoundError, UsageError
from core.organizations_store import organization_by_id, organization_by_username
from core.schema import login_keys, organizations, support_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginKey:
    """A public key that may log in."""

    id: int
    key: str
    fingerprint: str
    comment: str
    added_at: str


async def account_by_username(connection: AsyncConnection, username: str) -> Account | None:
    """Return who has that user name, case ignored, or None; the same queries are made for any name (A2)."""
    found = await organization_by_username(connection, username)
    support = (await connection.execute(_support(username))).first()
    org_no = found[0].no if found else None
    support_no = support.no if support else None
    keys = await _keys(connection, org_no=org_no, support_no=support_no)
    old_hash, old_until = await _old_password(connection, org_no)
    if found is not None:
        return Account(
            username=found[0].username,
            password_hash=found[1],
            old_password_hash=old_hash,
            old_password_until=old_until,
            keys=keys,
            organization=found[0],
        )
    if support is None:
        return None
    return Account(
        username=support.username, password_hash=support.password_hash, keys=keys, support=_account(support)
    )


async def _old_password(connection: AsyncConnection, org_no: int | None) -> tuple[str | None, str | None]:
    columns = organizations.c
    query = select(columns.old_password_hash, columns.old_password_until).where(columns.no == org_no)
    row = (await connection.execute(query)).first()
    return (None, None) if row is None else (row.old_password_hash, row.old_password_until)


async def _keys(connection: AsyncConnection, *, org_no: int | None, support_no: int | None) -> frozenset[str]:
    query = select(login_keys.c.key).where(
        (login_keys.c.org_no == org_no) if support_no is None else (login_keys.c.support_no == support_no)
    )
    return frozenset((await connection.execute(query)).scalars())


async def add_support(
    connection: AsyncConnection, *, name: str, username: str, password_hash: str, now: datetime
) -> SupportAccount:
    """Make a support account.

    Raises:
        UsageError: an organization or a support account has that user name, case ignored (section W).
    """
    taken = UsageError(f"The user name {username} is taken: choose another name.")
    if await organization_by_username(connection, username) is not None:
        raise taken
    try:
        await connection.execute(
            insert(support_accounts).values(
                name=name,
                username=username,
                username_key=username.casefold(),
                password_hash=password_hash,
                created_at=to_text(now),
            )
        )
    except IntegrityError as exc:
        raise taken from exc
    return await support_by_name(connection, username)


async def support_by_name(connection: AsyncConnection, name: str) -> SupportAccount:
    """Return the support account with that user name, or that name.

    Raises:
        NotFoundError: there is none.
    """
    row = (await connection.execute(_support(name))).first()
    if row is None:
        query = select(support_accounts).where(support_accounts.c.name == name)
        row = (await connection.execute(query)).first()
    if row is None:
        raise NotFoundError(f"There is no support account {name}: `rosterdrop support list` shows all.")
    return _account(row)


async def is_support_username(connection: AsyncConnection, username: str) -> bool:
    """Section W: whether a support account has that user name, case ignored."""
    return (await connection.execute(_support(username))).first() is not None


async def all_support(connection: AsyncConnection) -> list[SupportAccount]:
    """Return all support accounts by name."""
    rows = await connection.execute(select(support_accounts).order_by(support_accounts.c.username_key))
    return [_account(row) for row in rows]


async def replace_support_password(connection: AsyncConnection, no: int, *, password_hash: str) -> None:
    """Rule A6: give a support account a new password; the old one counts no more."""
    await connection.execute(
        update(support_accounts).where(support_accounts.c.no == no).values(password_hash=password_hash)
    )


async def remove_support(connection: AsyncConnection, no: int) -> None:
    """Remove a support account and its keys."""
    await connection.execute(delete(login_keys).where(login_keys.c.support_no == no))
    await connection.execute(delete(support_accounts).where(support_accounts.c.no == no))


async def add_key(
    connection: AsyncConnection,
    *,
    key: str,
    fingerprint: str,
    comment: str,
    now: datetime,
    org_no: int | None = None,
    support_no: int | None = None,
) -> None:
    """Let a public key log in.

    Raises:
        UsageError: the account has it already.
    """
    if key in await _keys(connection, org_no=org_no, support_no=support_no):
        raise UsageError(f"This key is there already: {fingerprint}.")
    await connection.execute(
        insert(login_keys).values(
            org_no=org_no,
            support_no=support_no,
            key=key,
            fingerprint=fingerprint,
            comment=comment,
            added_at=to_text(now),
        )
    )


async def keys_of(
    connection: AsyncConnection, *, org_no: int | None = None, support_no: int | None = None
) -> list[LoginKey]:
    """Return the public keys of an organization or support account, the oldest first."""
    owner = login_keys.c.org_no == org_no if support_no is None else login_keys.c.support_no == support_no
    rows = await connection.execute(select(login_keys).where(owner).order_by(login_keys.c.id))
    return [
        LoginKey(
            id=row.id, key=row.key, fingerprint=row.fingerprint, comment=row.comment, added_at=row.added_at
        )
        for row in rows
    ]


async def remove_key(connection: AsyncConnection, key_id: int) -> None:
    """Let a public key log in no more."""
    await connection.execute(delete(login_keys).where(login_keys.c.id == key_id))


async def replace_password(
    connection: AsyncConnection,
    org_id: str,
    *,
    password_hash: str,
    old_password_hash: str | None = None,
    old_password_until: datetime | None = None,
) -> None:
    """Rule A1: give an organization a new password; the old one counts until then, or no more.

    Raises:
        NotFoundError: there is no such organization.
    """
    await organization_by_id(connection, org_id)
    await connection.execute(
        update(organizations)
        .where(organizations.c.id == org_id)
        .values(
            password_hash=password_hash,
            old_password_hash=old_password_hash,
            old_password_until=None if old_password_until is None else to_text(old_password_until),
        )
    )


async def password_hash_of(connection: AsyncConnection, org_id: str) -> str:
    """Return the hash of an organization's password, whose salt the next one takes over.

    Raises:
        NotFoundError: there is no such organization.
    """
    await organization_by_id(connection, org_id)
    query = select(organizations.c.password_hash).where(organizations.c.id == org_id)
    return str((await connection.execute(query)).scalar_one())


async def old_passwords_until(connection: AsyncConnection, *, before: datetime) -> dict[str, str]:
    """Return the organizations whose old password is good still and runs out before then, each with when (A1)."""
    columns = organizations.c
    query = select(columns.id, columns.old_password_until).where(
        columns.old_password_until < to_text(before), columns.removed_at.is_(None)
    )
    return {row.id: row.old_password_until for row in await connection.execute(query)}


def _support(username: str) -> Any:
    return select(support_accounts).where(support_accounts.c.username_key == username.casefold())


def _account(row: Row[Any]) -> SupportAccount:
    return SupportAccount(no=row.no, name=row.name, username=row.username, created_at=row.created_at)
