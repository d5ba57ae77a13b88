"""SQL of the end of an organization (section K): what goes with it, and the row that stays for the audit trail."""

from sqlalchemy import ColumnElement, Table, delete, select, update
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


async def remove_organization(connection: AsyncConnection, organization: Organization, *, now: str) -> str:
    """Delete all that the database has of an organization but its audit trail; return what that is found under.

    The row stays under a name that no organization can have, so that id and user name can be used again and numbers
    cannot. Its directory has moved: an import that was planned for it is not applied.
    """
    ours = select(imports.c.number).where(imports.c.org_no == organization.no)
    await connection.execute(
        delete(outbox).where(outbox.c.import_number.in_(ours))
    )  # the operator's, too (G1)
    for table in reversed(metadata.sorted_tables):
        await _delete(connection, table, organization.no)
    kept_as = f"#{organization.no}"
    kept_as = organization.id[: LONGEST_ID - len(kept_as)] + kept_as
    await connection.execute(
        update(organizations)
        .where(organizations.c.no == organization.no)
        .values(
            id=kept_as,
            name=kept_as,
            username=kept_as,
            username_key=kept_as,
            password_hash="",
            old_password_hash=None,
            old_password_until=None,
            settings={},
            removed_at=now,
            directory_version=organizations.c.directory_version + 1,
        )
    )
    return kept_as


async def _delete(connection: AsyncConnection, table: Table, org_no: int) -> None:
    condition = _belongs(table, org_no)
    if condition is not None:
        await connection.execute(delete(table).where(condition))


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
