"""SQL of daily exports (rule E1): how the directory stands, what was exported last, who is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.mail_schema import daily_exports
from core.schema import imports, organizations, users


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the directory of an organization stands to its daily export."""

    version: int  # of the directory
    last_import_at: datetime | None
    exported_version: int | None = None
    digest: str | None = None
    exported_at: datetime | None = None
    told_at: datetime | None = None


async def standing_of(connection: AsyncConnection, org_no: int) -> Standing:
    """Return how an organization's directory and its export stand."""
    directory = select(organizations.c.directory_version).where(organizations.c.no == org_no)
    version = await _one(connection, directory)
    last = await _one(connection, _last_import(org_no))
    query = select(daily_exports).where(daily_exports.c.org_no == org_no)
    row = (await connection.execute(query)).first()
    known: dict[str, Any] = (
        {}
        if row is None
        else {
            "exported_version": row.directory_version,
            "digest": row.digest,
            "exported_at": from_text(row.exported_at),
            "told_at": None if row.told_at is None else from_text(row.told_at),
        }
    )
    return Standing(
        version=int(version or 0), last_import_at=None if last is None else from_text(last), **known
    )


async def changed_between(
    connection: AsyncConnection, org_no: int, *, after: datetime, before: datetime
) -> bool:
    """Return whether an import ended in that time."""
    query = select(imports.c.number).where(
        imports.c.org_no == org_no,
        imports.c.finished_at > to_text(after),
        imports.c.finished_at < to_text(before),
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def note_export(
    connection: AsyncConnection,
    org_no: int,
    *,
    version: int,
    digest: str,
    now: datetime,
    told_at: datetime | None,
) -> None:
    """Keep what the export shows and when the administrators were told."""
    await connection.execute(delete(daily_exports).where(daily_exports.c.org_no == org_no))
    await connection.execute(
        insert(daily_exports).values(
            org_no=org_no,
            directory_version=version,
            digest=digest,
            exported_at=to_text(now),
            told_at=None if told_at is None else to_text(told_at),
        )
    )


async def administrators(connection: AsyncConnection, org_no: int) -> list[str]:
    """Return the addresses of an organization's active administrators."""
    query = (
        select(users.c.email)
        .where(users.c.org_no == org_no, users.c.is_org_admin == 1, users.c.deactivated_at.is_(None))
        .order_by(users.c.id)
    )
    return list((await connection.execute(query)).scalars())


def _last_import(org_no: int) -> Select[Any]:
    """Return the end of the last import that ended: imports of one organization end in their order (U7)."""
    return (
        select(imports.c.finished_at)
        .where(imports.c.org_no == org_no, imports.c.finished_at.is_not(None))
        .order_by(imports.c.seq.desc())
        .limit(1)
    )


async def _one(connection: AsyncConnection, query: Select[Any]) -> Any:
    return (await connection.execute(query)).scalar()
