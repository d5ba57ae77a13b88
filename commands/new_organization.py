"""Makes an organization in an order that may break off anywhere: folders first, the row last (section K)."""

from typing import TYPE_CHECKING

from commands.session import Session
from core.errors import UsageError
from core.organizations import Organization, check_id, username_of

if TYPE_CHECKING:
    from core.database import Database
    from core.organization_settings import OrganizationSettings

LONGEST_COUNTED = 6  # an id of more digits is somebody's number, not one that was counted
TRIES = 20


async def add_organization(
    session: Session, *, name: str, org_id: str | None, settings: "OrganizationSettings", password: str
) -> Organization:
    """Make the folders, then the row in one transaction: empty folders without a row hinder nobody.

    Raises:
        UsageError: the name is blank, the id cannot be one, or id or user name are taken.
    """
    from core.passwords import hash_password

    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise UsageError("The organization needs a name of printable characters.")
    hashed = hash_password(password)
    async with session.database() as database:
        if org_id is not None:
            return await _add(session, database, check_id(org_id), name, settings, hashed)
        for _ in range(TRIES):
            number = await _next_number(session, database)
            try:
                return await _add(session, database, number, name, settings, hashed)
            except UsageError:
                if number == await _next_number(session, database):
                    raise
        raise UsageError("Others add organizations at this moment; try again, or give an --id.")


async def _add(
    session: Session,
    database: "Database",
    org_id: str,
    name: str,
    settings: "OrganizationSettings",
    hashed: str,
) -> Organization:
    from commands.auditing import note
    from core.accounts_store import is_support_username
    from core.audit import Event
    from core.organizations_store import add_organization, organization_by_username
    from processor.expectations_store import note_setting

    username = username_of(name, org_id)
    async with database.reading() as connection:
        taken = await organization_by_username(connection, username)
    if taken is not None:
        raise UsageError(
            f"Organization {taken[0].id} has the user name {taken[0].username} already: choose another --id or name."
        )
    session.inbox().prepare(org_id)
    async with database.writing() as connection:
        if await is_support_username(connection, username):
            raise UsageError(f"A support account has the user name {username}: choose another --id or name.")
        organization = await add_organization(
            connection,
            org_id=org_id,
            name=name,
            username=username,
            password_hash=hashed,
            settings=settings,
            now=session.now(),
        )
        await note_setting(connection, organization, now=session.clock.now())
        await note(session, connection, Event.ORGANIZATION_ADDED, org_id=org_id)
        return organization


async def _next_number(session: Session, database: "Database") -> str:
    """Return the number after the highest, folders of removed organizations counted: 001 for the first."""
    from core.organizations_store import organization_ids

    async with database.reading() as connection:
        ids = set(await organization_ids(connection))
    ids.update(session.inbox().org_ids())
    numbers = [int(one) for one in ids if one.isascii() and one.isdigit() and len(one) <= LONGEST_COUNTED]
    return f"{max(numbers, default=0) + 1:03d}"
