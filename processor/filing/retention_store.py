"""SQL of retention (rule R3): which files and logs are over, the marks that they are gone, and their rows' end."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Select, Table, case, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.schema import changes, direct_changes, imports, problems, undo_leftovers

Delete = Callable[..., Awaitable[int]]
OF_AN_IMPORT: tuple[Table, ...] = (changes, problems, undo_leftovers)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A filed file that is over."""

    number: int
    filed_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Oldest:
    """Since when the oldest of each is kept of one organization, and whether rows of a purged log are left."""

    file: str | None = None
    log: str | None = None
    direct_change: str | None = None
    has_left_rows: bool = False


async def oldest_kept(connection: AsyncConnection) -> dict[int, Oldest]:
    """Return of each organization, by `no`, how old what it keeps is: three queries, however many there are."""
    query = (
        select(
            imports.c.org_no,
            func.min(case((imports.c.file_purged_at.is_(None), imports.c.finished_at))).label("file"),
            func.min(case((imports.c.log_purged_at.is_(None), imports.c.finished_at))).label("log"),
        )
        .where(imports.c.filed_as.is_not(None))
        .group_by(imports.c.org_no)
    )
    found = {row.org_no: Oldest(file=row.file, log=row.log) for row in await connection.execute(query)}
    direct = select(direct_changes.c.org_no, func.min(direct_changes.c.at)).group_by(direct_changes.c.org_no)
    for org_no, at in await connection.execute(direct):
        found[org_no] = replace(found.get(org_no, Oldest()), direct_change=at)
    for org_no in (await connection.execute(_with_left_rows(imports.c.org_no).distinct())).scalars():
        found[org_no] = replace(found.get(org_no, Oldest()), has_left_rows=True)
    return found


async def files_before(
    connection: AsyncConnection, org_no: int, *, before: str, behind: int, limit: int
) -> list[KeptFile]:
    """Return filed files of imports that ended before then, the oldest first, `behind` an import."""
    query = (
        select(imports.c.number, imports.c.filed_as)
        .where(
            imports.c.org_no == org_no,
            imports.c.number > behind,
            imports.c.finished_at < before,
            imports.c.filed_as.is_not(None),
            imports.c.file_purged_at.is_(None),
        )
        .order_by(imports.c.number)
        .limit(limit)
    )
    return [KeptFile(row.number, row.filed_as) for row in await connection.execute(query)]


async def mark_files(connection: AsyncConnection, numbers: Sequence[int], *, now: str) -> None:
    """Write down that the files of these imports are gone."""
    await connection.execute(update(imports).where(imports.c.number.in_(numbers)).values(file_purged_at=now))


async def logs_before(connection: AsyncConnection, org_no: int, *, before: str) -> list[int]:
    """Return the imports that ended before then, are filed, and have their log still."""
    query = (
        select(imports.c.number)
        .where(
            imports.c.org_no == org_no,
            imports.c.finished_at < before,
            imports.c.filed_as.is_not(None),  # the report is written from it
            imports.c.log_purged_at.is_(None),
        )
        .order_by(imports.c.number)
    )
    return list((await connection.execute(query)).scalars())


async def mark_logs(connection: AsyncConnection, numbers: Sequence[int], *, now: str) -> None:
    """Write down that the logs of these imports are gone; nothing undoes them from now on."""
    await connection.execute(update(imports).where(imports.c.number.in_(numbers)).values(log_purged_at=now))


async def purged_with_rows(connection: AsyncConnection, org_no: int) -> list[int]:
    """Return the imports whose log is marked as gone and has rows yet."""
    query = _with_left_rows(imports.c.number).where(imports.c.org_no == org_no)
    return list((await connection.execute(query.order_by(imports.c.number))).scalars())


def _with_left_rows(column: Column[Any]) -> Select[Any]:
    rows = [exists().where(table.c.import_number == imports.c.number) for table in OF_AN_IMPORT]
    return select(column).where(imports.c.log_purged_at.is_not(None), or_(*rows))


async def delete_log(connection: AsyncConnection, number: int, *, limit: int) -> int:
    """Delete some rows of an import's log: changes, problems, what an undo left; return how many."""
    for table in OF_AN_IMPORT:
        some = (
            select(table.c.place).where(table.c.import_number == number).order_by(table.c.place).limit(limit)
        )
        result: Any = await connection.execute(
            delete(table).where(table.c.import_number == number, table.c.place.in_(some))
        )
        if result.rowcount:
            return int(result.rowcount)
    return 0


async def delete_direct(connection: AsyncConnection, org_no: int, before: str, *, limit: int) -> int:
    """Delete some of what changed the directory without a file before then, undos included; return how many."""
    some = (
        select(direct_changes.c.id)
        .where(direct_changes.c.org_no == org_no, direct_changes.c.at < before)
        .order_by(direct_changes.c.id)
        .limit(limit)
    )
    result: Any = await connection.execute(delete(direct_changes).where(direct_changes.c.id.in_(some)))
    return int(result.rowcount)
