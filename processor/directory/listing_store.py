"""SQL of the lists that people and programs read: users, teams, custom fields (section X); nothing is written here."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.addresses import address_key
from core.schema import fields, memberships, teams, users

CHUNK = 2_000
Managers = users.alias("managers")
Owners = users.alias("owners")
Parents = teams.alias("parents")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUser:
    """A user as `users list` shows it; the names are those of the JSON (section X)."""

    email: str
    name: str
    first_name: str
    last_name: str
    account_type: str
    is_org_admin: bool
    status: str  # active, deactivated
    deactivation_date: str | None
    deactivates_at: str | None
    manager_email: str | None
    teams: list[str]
    custom: dict[str, str | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTeam:
    """A team as `teams list` shows it."""

    name: str
    owner_email: str | None
    parent: str | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedField:
    """A custom field as `fields list` shows it."""

    label: str
    type: str


async def users_of(connection: AsyncConnection, org_no: int) -> AsyncIterator[ListedUser]:
    """Return an organization's users by address, a few hundred at a time, so that a million need no memory."""
    labels = await _text_labels(connection, org_no)
    last = ""
    while rows := (
        await connection.execute(
            _users()
            .where(users.c.org_no == org_no, users.c.email_key > last)
            .order_by(users.c.email_key)
            .limit(CHUNK)
        )
    ).all():
        named = await _teams_of(connection, [row.id for row in rows])
        for row in rows:
            yield _user(row, named.get(row.id, []), labels)
        last = rows[-1].email_key


async def user_of(connection: AsyncConnection, org_no: int, email: str) -> ListedUser | None:
    """Return one user by his address, case ignored."""
    query = _users().where(users.c.org_no == org_no, users.c.email_key == address_key(email))
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    named = await _teams_of(connection, [row.id])
    return _user(row, named.get(row.id, []), await _text_labels(connection, org_no))


async def active_keys(connection: AsyncConnection, org_no: int, keys: Iterable[str]) -> set[str]:
    """Return which of the address keys are active users (rule N2)."""
    query = select(users.c.email_key).where(
        users.c.org_no == org_no, users.c.deactivated_at.is_(None), users.c.email_key.in_(list(keys))
    )
    return set((await connection.execute(query)).scalars())


async def teams_of(connection: AsyncConnection, org_no: int) -> list[ListedTeam]:
    """Return an organization's teams by name (100,000 at most, U9)."""
    query = (
        select(
            teams.c.name, teams.c.type, Owners.c.email.label("owner_email"), Parents.c.name.label("parent")
        )
        .join(Owners, Owners.c.id == teams.c.owner_id, isouter=True)
        .join(Parents, Parents.c.id == teams.c.parent_id, isouter=True)
        .where(teams.c.org_no == org_no)
        .order_by(teams.c.name_key)
    )
    return [
        ListedTeam(name=row.name, owner_email=row.owner_email, parent=row.parent, type=row.type or None)
        for row in await connection.execute(query)
    ]


async def fields_of(connection: AsyncConnection, org_no: int) -> list[ListedField]:
    """Return an organization's custom fields in the order in which they were made."""
    query = select(fields.c.label, fields.c.type).where(fields.c.org_no == org_no).order_by(fields.c.id)
    return [ListedField(label=row.label, type=row.type) for row in await connection.execute(query)]


def _users() -> Any:
    return select(users, Managers.c.email.label("manager_email")).join(
        Managers, Managers.c.id == users.c.manager_id, isouter=True
    )


async def _teams_of(connection: AsyncConnection, ids: list[int]) -> dict[int, list[str]]:
    query = (
        select(memberships.c.user_id, teams.c.name)
        .join(teams, teams.c.id == memberships.c.team_id)
        .where(memberships.c.user_id.in_(ids))
        .order_by(teams.c.name_key)
    )
    found: dict[int, list[str]] = {}
    for user_id, name in await connection.execute(query):
        found.setdefault(user_id, []).append(name)
    return found


async def _text_labels(connection: AsyncConnection, org_no: int) -> set[str]:
    return {field.label for field in await fields_of(connection, org_no) if field.type == "text"}


def _user(row: Row[Any], named: list[str], text_labels: set[str]) -> ListedUser:
    return ListedUser(
        email=row.email,
        name=row.name,
        first_name=row.first_name,
        last_name=row.last_name,
        account_type=row.account_type,
        is_org_admin=bool(row.is_org_admin),
        status="active" if row.deactivated_at is None else "deactivated",
        deactivation_date=row.deactivation_date,
        deactivates_at=row.deactivates_at,
        manager_email=row.manager_email,
        teams=named,
        custom=custom_values(row.custom, text_labels),
    )


def custom_values(stored: str, text_labels: set[str]) -> dict[str, str | bool]:
    """Rule C2: what a field held as Yes or No before it became text is shown as the export writes it."""
    values: dict[str, str | bool] = json.loads(stored)
    return {
        label: ("Yes" if value else "No") if isinstance(value, bool) and label in text_labels else value
        for label, value in values.items()
    }
