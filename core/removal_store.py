"""SQL of the end of an organization (section K): what goes with it, and the row that stays for the audit trail."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Table, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

import core.pull_schema  # noqa: F401  # all tables must be known
from core.mail_schema import outbox
from core.organizations import Organization
from core.organizations_store import USER_ID_SHIFT
from core.schema import audit, imports, memberships, metadata, organizations

LONGEST_ID = 32
UNDER_WAY = ("waiting", "held")


async def started_uids(connection: AsyncConnection, org_no: int) -> set[str]:
    """Return the drops whose import has begun: it runs, or its file is being filed away."""
    columns = imports.c
    query = select(columns.uid, columns.outcome).where(
        columns.org_no == org_no, columns.started_at.is_not(None)
    )
    return {row.uid for row in await connection.execute(query) if row.outcome not in UNDER_WAY}


async def begin_removal(connection: AsyncConnection, organization: Organization, *, now: str) -> None:
    """Make it nobody's: from here on nobody logs in, nothing is imported, and there is no way back.

    Its id stays taken until `end_removal`, so that the same command finds it again. Its directory has moved: an import
    that was planned for it is not applied.
    """
    nobody = kept_as(organization.id, organization.no)
    await connection.execute(
        update(organizations)
        .where(organizations.c.no == organization.no)
        .values(
            name=nobody,
            username=nobody,
            username_key=nobody,
            password_hash="",
            old_password_hash=None,
            old_password_until=None,
            settings={},
            removed_at=now,
            directory_version=organizations.c.directory_version + 1,
        )
    )


async def unfinished_removal(connection: AsyncConnection, org_id: str) -> int | None:
    """Return the number of an organization of that id whose removal began and was interrupted."""
    query = select(organizations.c.no).where(
        organizations.c.id == org_id,
        organizations.c.removed_at.is_not(None),
        ~organizations.c.id.contains("#"),
    )
    no = (await connection.execute(query)).scalar()
    return None if no is None else int(no)


async def remove_rows(connection: AsyncConnection, org_no: int, *, most: int) -> int:
    """Delete up to so many rows of one table of an organization that is being removed; 0: none are left.

    A step for each transaction: other writers get their turn, and a crash leaves less to do.
    """
    for table, condition in _parts(org_no):
        keys = list(table.primary_key.columns)
        some = select(*keys).where(condition).limit(most)
        deleted = await connection.execute(delete(table).where(tuple_(*keys).in_(some)))
        if deleted.rowcount:
            return deleted.rowcount
    return 0


async def end_removal(connection: AsyncConnection, org_no: int, org_id: str) -> str:
    """Free the id: the row stays under a name that no organization can have, for the audit trail; return that name.

    Numbers are never used again.
    """
    name = kept_as(org_id, org_no)
    await connection.execute(update(organizations).where(organizations.c.no == org_no).values(id=name))
    return name


def kept_as(org_id: str, org_no: int) -> str:
    """Return what the audit trail of a removed organization is found under."""
    ending = f"#{org_no}"
    return org_id[: LONGEST_ID - len(ending)] + ending


def _parts(org_no: int) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield what is deleted, what others point to last."""
    ours = select(imports.c.number).where(imports.c.org_no == org_no)
    yield outbox, outbox.c.import_number.in_(ours)  # the operator's mails, too (G1)
    for table in reversed(metadata.sorted_tables):
        condition = _belongs(table, org_no)
        if condition is not None:
            yield table, condition


def _belongs(table: Table, org_no: int) -> ColumnElement[bool] | None:
    """Return which rows of a table are the organization's; None where they stay or are nobody's."""
    if table in (organizations, audit):
        return None
    if table is memberships:
        first = org_no << USER_ID_SHIFT
        return memberships.c.user_id.between(first, first + (1 << USER_ID_SHIFT) - 1)
    if "org_no" in table.c:
        return table.c.org_no == org_no
    if "import_number" in table.c:
        return table.c.import_number.in_(select(imports.c.number).where(imports.c.org_no == org_no))
    return None
