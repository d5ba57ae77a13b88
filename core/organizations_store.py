"""SQL of the organizations table; nothing else changes that table but an import, which moves its counters."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.addresses import parse_address
from core.errors import NotFoundError, UsageError
from core.organization_settings import OrganizationSettings, parse_organization_settings
from core.organizations import Organization
from core.schema import organizations, users

USER_ID_SHIFT = 32


async def add_organization(
    connection: AsyncConnection,
    *,
    org_id: str,
    name: str,
    username: str,
    password_hash: str,
    settings: OrganizationSettings,
    now: str,
) -> Organization:
    """Make the organization and its first user, the owner: active, administrator.

    Raises:
        UsageError: the id or the user name is taken.
    """
    try:
        result = await connection.execute(
            insert(organizations).values(
                id=org_id,
                name=name,
                username=username,
                username_key=username.casefold(),
                password_hash=password_hash,
                settings=settings.to_stored(),
                created_at=now,
                users_made=1,
            )
        )
    except IntegrityError as exc:
        if await _is_half_removed(connection, org_id):
            raise UsageError(
                f"The removal of {org_id} was interrupted: `rosterdrop org remove {org_id}` ends that first."
            ) from exc
        raise UsageError(
            f"There is an organization with the id {org_id} or the user name {username} already."
        ) from exc
    assert result.inserted_primary_key is not None
    no = int(result.inserted_primary_key[0])
    owner = parse_address(settings.owner)
    await connection.execute(
        insert(users).values(
            id=first_user_id(no),
            org_no=no,
            email=owner.text,
            email_key=owner.key,
            name=owner.text.partition("@")[0],
            account_type="Regular",
            is_org_admin=1,
        )
    )
    return await organization_by_id(connection, org_id)


async def _is_half_removed(connection: AsyncConnection, org_id: str) -> bool:
    columns = organizations.c
    query = select(columns.no).where(columns.id == org_id, columns.removed_at.is_not(None))
    return (await connection.execute(query)).first() is not None


def first_user_id(no: int) -> int:
    """Return the id of an organization's first user, its owner."""
    return (no << USER_ID_SHIFT) + 1


async def organization_by_id(connection: AsyncConnection, org_id: str) -> Organization:
    """Return the organization.

    Raises:
        NotFoundError: there is none with that id.
    """
    row = (await connection.execute(_active().where(organizations.c.id == org_id))).first()
    if row is None:
        raise NotFoundError(f"There is no organization {org_id}: `rosterdrop org list` shows all.")
    return _from_row(row)


async def check_known(connection: AsyncConnection, org_id: str) -> None:
    """Expect an organization of that id, or what the trail of a removed one is found under.

    Raises:
        NotFoundError: there never was one.
    """
    query = select(organizations.c.no).where(organizations.c.id == org_id)
    if (await connection.execute(query)).first() is None:
        raise NotFoundError(f"There is no organization {org_id}: `rosterdrop org list` shows all.")


async def is_enabled(connection: AsyncConnection, org_id: str) -> bool:
    """Say whether there is such an organization, and it is not disabled."""
    query = _active().where(organizations.c.id == org_id, organizations.c.disabled_at.is_(None))
    return (await connection.execute(query)).first() is not None


async def open_organizations(connection: AsyncConnection, numbers: Collection[int]) -> set[int]:
    """Return which of them, by `no`, are neither removed nor disabled."""
    columns = organizations.c
    query = select(columns.no).where(
        columns.no.in_(numbers), columns.removed_at.is_(None), columns.disabled_at.is_(None)
    )
    return set((await connection.execute(query)).scalars())


async def organization_by_username(
    connection: AsyncConnection, username: str
) -> tuple[Organization, str] | None:
    """Return the organization with that SFTP user name (case ignored) and its password hash, or None."""
    query = _active().where(organizations.c.username_key == username.casefold())
    row = (await connection.execute(query)).first()
    return None if row is None else (_from_row(row), row.password_hash)


async def all_organizations(connection: AsyncConnection) -> list[Organization]:
    """Return all organizations by id, disabled ones included."""
    rows = await connection.execute(_active().order_by(organizations.c.id))
    return [_from_row(row) for row in rows]


async def organization_ids(connection: AsyncConnection) -> list[str]:
    """Return the ids of all organizations, disabled ones included; cheap with thousands of them."""
    query = (
        select(organizations.c.id).where(organizations.c.removed_at.is_(None)).order_by(organizations.c.id)
    )
    return list((await connection.execute(query)).scalars())


async def organizations_with(connection: AsyncConnection, setting: str) -> list[Organization]:
    """Return the organizations that have set a setting whose default is none, disabled ones included."""
    has_it = organizations.c.settings[setting].as_string().is_not(None)
    rows = await connection.execute(_active().where(has_it).order_by(organizations.c.id))
    return [_from_row(row) for row in rows]


async def change_organization(connection: AsyncConnection, org_id: str, **values: Any) -> None:
    """Write columns of one organization: `settings` (an OrganizationSettings), `password_hash`, `disabled_at`.

    Raises:
        NotFoundError: there is none with that id.
    """
    if isinstance(settings := values.get("settings"), OrganizationSettings):
        values["settings"] = settings.to_stored()
    condition = (organizations.c.id == org_id) & organizations.c.removed_at.is_(None)
    result = await connection.execute(update(organizations).where(condition).values(**values))
    if result.rowcount == 0:
        raise NotFoundError(f"There is no organization {org_id}: `rosterdrop org list` shows all.")


def _active() -> Any:
    return select(organizations).where(organizations.c.removed_at.is_(None))


def _from_row(row: Row[Any]) -> Organization:
    return Organization(
        no=row.no,
        id=row.id,
        name=row.name,
        username=row.username,
        settings=parse_organization_settings(row.settings),
        enabled=row.disabled_at is None,
        created_at=row.created_at,
    )
