"""SQL of planned deactivations (rule P8): which are due, carrying them out, and what commands change about one user.

`last_import` stays as it is in each update, which voids the user's fingerprint (see the trigger `users_touched`).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from sqlalchemy import and_, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.addresses import address_key
from core.errors import BusyError
from core.schema import organizations, users
from processor.directory.undo_plan import Back
from processor.directory.undo_store import record_direct


class DirectoryTroubleError(BusyError):
    """The database did not answer now: the disk is full, or somebody holds it for long."""

    code = "directory_trouble"


class DueUser(NamedTuple):
    """A user whose plan is due."""

    id: int
    email: str
    is_org_admin: bool
    deactivates_at: str


class UserState(NamedTuple):
    """How one user stands."""

    id: int
    email: str
    deactivated_at: str | None
    deactivates_at: str | None


@asynccontextmanager
async def trouble_named() -> AsyncIterator[None]:
    """Turn what a database or its disk may raise into one error.

    Raises:
        DirectoryTroubleError: reading or writing failed; it may succeed later.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as exc:
        raise DirectoryTroubleError(
            "The directory could not be read or written now; it is tried again."
        ) from exc


async def organizations_with_due_plans(connection: AsyncConnection, *, now: str) -> list[tuple[int, str]]:
    """Return number and id of the organizations that have due plans; those of disabled ones stand still (K)."""
    query = (
        select(organizations.c.no, organizations.c.id)
        .join(users, users.c.org_no == organizations.c.no)
        .where(users.c.deactivates_at.is_not(None), users.c.deactivates_at <= now)
        .where(organizations.c.disabled_at.is_(None), organizations.c.removed_at.is_(None))
        .group_by(organizations.c.no, organizations.c.id)
    )
    return [(row.no, row.id) for row in await connection.execute(query)]


async def due_users(connection: AsyncConnection, *, org_no: int, now: str, limit: int) -> list[DueUser]:
    """Return users of an organization whose plans are due, the earliest first."""
    query = (
        select(users.c.id, users.c.email, users.c.is_org_admin, users.c.deactivates_at)
        .join(organizations, organizations.c.no == users.c.org_no)
        .where(users.c.org_no == org_no, users.c.deactivates_at.is_not(None), users.c.deactivates_at <= now)
        .where(organizations.c.disabled_at.is_(None), organizations.c.removed_at.is_(None))
        .order_by(users.c.deactivates_at, users.c.id)
        .limit(limit)
    )
    rows = await connection.execute(query)
    return [DueUser(row.id, row.email, bool(row.is_org_admin), row.deactivates_at) for row in rows]


async def count_active_admins(connection: AsyncConnection, org_no: int) -> int:
    """Return how many active administrators an organization has."""
    query = (
        select(func.count())
        .select_from(users)
        .where(users.c.org_no == org_no, users.c.is_org_admin == 1, users.c.deactivated_at.is_(None))
    )
    return int((await connection.execute(query)).scalar_one())


async def deactivate(connection: AsyncConnection, due: Sequence[DueUser], *, org_no: int, now: str) -> None:
    """Carry out plans: the date stays, so that the same date never plans again."""
    for user in due:
        await connection.execute(
            update(users).where(users.c.id == user.id).values(deactivated_at=now, deactivates_at=None)
        )
    changes = [Back("user", user.id, user.email, "deactivated_at", None, now) for user in due]
    await record_direct(connection, changes, org_no=org_no, at=now, cause="due")
    await _directory_moved(connection, org_no)


async def put_off(connection: AsyncConnection, user: DueUser, *, org_no: int, now: str, until: str) -> None:
    """Let a plan come due again later."""
    await connection.execute(update(users).where(users.c.id == user.id).values(deactivates_at=until))
    change = Back("user", user.id, user.email, "deactivates_at", user.deactivates_at, until)
    await record_direct(connection, [change], org_no=org_no, at=now, cause="put-off")
    await _directory_moved(connection, org_no)


async def state_of(connection: AsyncConnection, *, org_no: int, email: str) -> UserState | None:
    """Return how a user stands, by his address, case ignored."""
    query = select(users.c.id, users.c.email, users.c.deactivated_at, users.c.deactivates_at).where(
        and_(users.c.org_no == org_no, users.c.email_key == address_key(email))
    )
    row = (await connection.execute(query)).first()
    return None if row is None else UserState(*row)


async def reactivate(connection: AsyncConnection, user: UserState, *, org_no: int, now: str) -> None:
    """Rule P8: bring a deactivated user back; his date stays, so that the same date never plans again."""
    await connection.execute(
        update(users).where(users.c.id == user.id).values(deactivated_at=None, deactivates_at=None)
    )
    change = Back("user", user.id, user.email, "deactivated_at", user.deactivated_at, None)
    await record_direct(connection, [change], org_no=org_no, at=now, cause="reactivate")
    await _directory_moved(connection, org_no)


async def cancel_plan(connection: AsyncConnection, user: UserState, *, org_no: int, now: str) -> None:
    """Rule P8: cancel a plan; the date stays, so that the same date never plans again."""
    await connection.execute(update(users).where(users.c.id == user.id).values(deactivates_at=None))
    change = Back("user", user.id, user.email, "deactivates_at", user.deactivates_at, None)
    await record_direct(connection, [change], org_no=org_no, at=now, cause="keep")
    await _directory_moved(connection, org_no)


async def _directory_moved(connection: AsyncConnection, org_no: int) -> None:
    """A plan of an import that is being made does not fit any more."""
    await connection.execute(
        update(organizations)
        .where(organizations.c.no == org_no)
        .values(directory_version=organizations.c.directory_version + 1)
    )
