"""SQL of the tables imports, problems and changes as they are read, and of an import's row until its outcome."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.inbox import Drop, Origin
from core.recent_drops import RecentDrop
from core.schema import changes, imports, organizations, problems
from processor.findings import Problem
from processor.imports import Change, Counts, ImportRecord, Kind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The first problems and notes of an import, and how many there are."""

    problems: list[Problem]
    notes: list[Problem]
    problem_total: int
    note_total: int


Listed = select(imports, organizations.c.id.label("org_id")).join(
    organizations, organizations.c.no == imports.c.org_no
)


async def register(
    connection: AsyncConnection, *, drop: Drop, org_no: int, now: str | None = None
) -> ImportRecord:
    """Make the row of a drop that is seen for the first time: it gets its number; a second call returns the same row.

    With `now` the import starts with this call.
    """
    known = await record_of(connection, uid=drop.meta.uid)
    if known is not None:
        if now is None or known.started_at is not None:
            return known
        await change_record(connection, known.number, started_at=now)
        return replace(known, started_at=now)
    values = {
        "org_no": org_no,
        "uid": drop.meta.uid,
        "seq": drop.seq,
        "name": drop.meta.name,
        "size_bytes": drop.meta.size_bytes,
        "sha256": drop.meta.sha256,
        "account": drop.meta.origin.account,
        "address": drop.meta.origin.address,
        "client": drop.meta.origin.client,
        "accepted_at": drop.meta.accepted_at or drop.meta.started_at,
        "started_at": now,
        "counts": {},
    }
    values["seq"] = await _free_seq(connection, org_no, drop.seq)
    await connection.execute(insert(imports).values(**values))
    found = await record_of(connection, uid=drop.meta.uid)
    assert found is not None
    return found


async def _free_seq(connection: AsyncConnection, org_no: int, seq: int) -> int:
    """Return the drop's number, or the next free one where a lost counter gave out an old one again."""
    highest = select(func.max(imports.c.seq)).where(imports.c.org_no == org_no)
    taken = select(imports.c.seq).where(imports.c.org_no == org_no, imports.c.seq == seq)
    if (await connection.execute(taken)).first() is None:
        return seq
    return int((await connection.execute(highest)).scalar_one()) + 1


async def record_of(
    connection: AsyncConnection, *, number: int | None = None, uid: str | None = None
) -> ImportRecord | None:
    """Return an import by its number or its drop's uid."""
    condition = imports.c.number == number if number is not None else imports.c.uid == uid
    row = (await connection.execute(Listed.where(condition))).first()
    return None if row is None else _from_row(row)


async def list_imports(
    connection: AsyncConnection,
    *,
    org_id: str | None = None,
    outcome: str | None = None,
    since: str | None = None,
    limit: int = 50,
) -> list[ImportRecord]:
    """Return imports, newest first; `limit` 0 returns all."""
    query = Listed.order_by(imports.c.number.desc())
    if org_id is not None:
        query = query.where(organizations.c.id == org_id)
    if outcome is not None:
        query = query.where(imports.c.outcome == outcome)
    if since is not None:
        query = query.where(imports.c.accepted_at >= since)
    if limit:
        query = query.limit(limit)
    return [_from_row(row) for row in await connection.execute(query)]


async def records_of(connection: AsyncConnection, numbers: Sequence[int]) -> list[ImportRecord]:
    """Return these imports by number."""
    rows = await connection.execute(Listed.where(imports.c.number.in_(numbers)).order_by(imports.c.number))
    return [_from_row(row) for row in rows]


async def findings_of(
    connection: AsyncConnection, number: int, *, notes: bool, limit: int | None = None
) -> list[Problem]:
    """Return an import's problems or notes in the order of the file."""
    query = (
        select(problems)
        .where(problems.c.import_number == number, problems.c.is_note == int(notes))
        .order_by(func.coalesce(problems.c.line, 0), problems.c.place)
        .limit(limit)
    )
    rows = await connection.execute(query)
    return [Problem(row.line, row.column, row.code, row.text, row.advice, row.times) for row in rows]


async def count_findings(connection: AsyncConnection, number: int) -> tuple[int, int]:
    """Return how many problems and how many notes an import has."""
    query = (
        select(problems.c.is_note, func.sum(problems.c.times))
        .where(problems.c.import_number == number)
        .group_by(problems.c.is_note)
    )
    totals = {int(row[0]): int(row[1]) for row in await connection.execute(query)}
    return totals.get(0, 0), totals.get(1, 0)


async def first_findings(connection: AsyncConnection, number: int, *, limit: int) -> Findings:
    """Return the first problems and notes of an import and how many there are; nearly always there is none."""
    problem_total, note_total = await count_findings(connection, number)
    first = partial(findings_of, connection, number, limit=limit)
    return Findings(
        problems=await first(notes=False) if problem_total else [],
        notes=await first(notes=True) if note_total else [],
        problem_total=problem_total,
        note_total=note_total,
    )


async def with_problems(
    connection: AsyncConnection, numbers: Iterable[int], *, code: str | None = None
) -> set[int]:
    """Return those of these imports that have problems, or problems with that code."""
    theirs = (problems.c.import_number == imports.c.number) & (problems.c.is_note == 0)
    if code is not None:
        theirs &= problems.c.code == code
    query = select(imports.c.number).where(imports.c.number.in_(numbers), exists().where(theirs))
    return set((await connection.execute(query)).scalars())


async def changes_of(
    connection: AsyncConnection, number: int, *, kind: str | None = None, limit: int | None = None
) -> list[Change]:
    """Return what an import changed, in the order of the file."""
    query = select(changes).where(changes.c.import_number == number).order_by(changes.c.place).limit(limit)
    if kind is not None:
        query = query.where(changes.c.kind == kind)
    rows = await connection.execute(query)
    return [Change(row.kind, row.key, row.field, row.old, row.new) for row in rows]


async def change_record(connection: AsyncConnection, number: int, **values: Any) -> None:
    """Write columns of an import's row: `started_at`, `sha256`, `filed_as`, `column_numbers`."""
    await connection.execute(update(imports).where(imports.c.number == number).values(**values))


async def note_filing(connection: AsyncConnection, number: int, path: str) -> None:
    """Write down where a file lies whose row does not say so."""
    unnoted = (imports.c.number == number) & imports.c.filed_as.is_(None)
    await connection.execute(update(imports).where(unnoted).values(filed_as=path))


async def blame(connection: AsyncConnection, uid: str) -> None:
    """Count that importing this drop ended its worker or raised what nothing foresaw; three times are enough."""
    await connection.execute(
        update(imports).where(imports.c.uid == uid).values(attempts=imports.c.attempts + 1)
    )


def as_decided(record: ImportRecord) -> dict[str, Any]:
    """Return the columns of what was decided of an import."""
    return {
        "outcome": str(record.outcome),
        "kind": record.kind,
        "counts": record.counts.as_dict(),
        "sha256": record.sha256,
        "column_numbers": record.column_numbers or None,
    }


async def finish(connection: AsyncConnection, record: ImportRecord) -> bool:
    """Set the outcome that the record has, once: False where the import has a final one already."""
    final = [str(item) for item in Outcome if item.is_final]
    result = await connection.execute(
        update(imports)
        .where(
            imports.c.number == record.number,
            imports.c.outcome.is_(None) | imports.c.outcome.not_in(final),
        )
        .values(**as_decided(record), finished_at=record.finished_at)
    )
    return result.rowcount == 1


async def add_problems(connection: AsyncConnection, number: int, found: Sequence[Problem]) -> None:
    """Keep problems of an import that no plan was made for."""
    if found:
        rows = [
            {
                "import_number": number,
                "place": place,
                "is_note": 0,
                "line": problem.line,
                "column": problem.column,
                "code": problem.code,
                "text": problem.text,
                "advice": problem.advice,
            }
            for place, problem in enumerate(found)
        ]
        await connection.execute(insert(problems), rows)


async def unfinished_uids(connection: AsyncConnection, org_id: str) -> set[str]:
    """Return the uids of an organization's drops that wait or are held."""
    query = (
        select(imports.c.uid)
        .join(organizations, organizations.c.no == imports.c.org_no)
        .where(organizations.c.id == org_id, imports.c.outcome.in_([str(Outcome.WAITING), str(Outcome.HELD)]))
    )
    return set((await connection.execute(query)).scalars())


async def recently_accepted(connection: AsyncConnection, *, since: datetime) -> list[RecentDrop]:
    """Return the drops that clients sent since then, of all organizations (U4, U9)."""
    columns = imports.c
    query = (
        select(
            organizations.c.id.label("org_id"),
            columns.uid,
            columns.name,
            columns.size_bytes,
            columns.accepted_at,
            columns.outcome,
        )
        .join(organizations, organizations.c.no == columns.org_no)
        .where(columns.accepted_at >= to_text(since), columns.address.is_not(None))
    )
    return [
        RecentDrop(
            org_id=row.org_id,
            uid=row.uid,
            name=row.name,
            size_bytes=row.size_bytes,
            accepted_at=from_text(row.accepted_at),
            withdrawn=row.outcome == Outcome.DISCARDED,
        )
        for row in await connection.execute(query)
    ]


async def highest_seqs(connection: AsyncConnection) -> dict[str, int]:
    """Return the highest `seq` of each organization's imports (`Inbox.raise_floor`)."""
    query = (
        select(organizations.c.id, func.max(imports.c.seq))
        .join(imports, imports.c.org_no == organizations.c.no)
        .group_by(organizations.c.id)
    )
    return {row[0]: int(row[1]) for row in await connection.execute(query)}


def _from_row(row: Row[Any]) -> ImportRecord:
    counts = row.counts if isinstance(row.counts, dict) else json.loads(row.counts or "{}")
    return ImportRecord(
        number=row.number,
        org_no=row.org_no,
        org_id=row.org_id,
        uid=row.uid,
        seq=row.seq,
        name=row.name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        origin=Origin(account=row.account or "", address=row.address, client=row.client),
        accepted_at=row.accepted_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        kind=Kind(row.kind) if row.kind else None,
        outcome=Outcome(row.outcome) if row.outcome else None,
        counts=Counts(**counts),
        hold_reason=row.hold_reason,
        approved_at=row.approved_at,
        run_now=bool(row.run_now),
        attempts=row.attempts,
        filed_as=row.filed_as,
        file_purged_at=row.file_purged_at,
        log_purged_at=row.log_purged_at,
        column_numbers=row.column_numbers or {},
    )
