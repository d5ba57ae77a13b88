"""SQL of drops that are held or wait: approved, discarded, superseded, reminded of (rules G1, U4)."""

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.schema import imports, problems
from processor import imports_store
from processor.findings import Problem
from processor.imports import ImportRecord, Outcome

UNFINISHED = [str(Outcome.WAITING), str(Outcome.HELD)]


async def hold(connection: AsyncConnection, record: ImportRecord, *, now: str) -> bool:
    """Rule G1: hold an import; what it would change is counted, nothing is applied; False where it has an outcome."""
    open_still = imports.c.outcome.is_(None) | imports.c.outcome.in_(UNFINISHED)
    query = update(imports).where(imports.c.number == record.number, open_still)
    values = imports_store.as_decided(record) | {"hold_reason": record.hold_reason or ""}
    result = await connection.execute(query.values(**values, held_at=now, reminded_at=now))
    return result.rowcount == 1


async def let_wait(connection: AsyncConnection, number: int) -> None:
    """Rule S1: a drop waits for its organization's time."""
    query = update(imports).where(imports.c.number == number, imports.c.outcome.is_(None))
    await connection.execute(query.values(outcome=str(Outcome.WAITING)))


async def run_now(connection: AsyncConnection, number: int) -> bool:
    """Rule S1: let a waiting drop be processed at once; False where it does not wait."""
    waiting = (imports.c.number == number) & (imports.c.outcome == str(Outcome.WAITING))
    return (await connection.execute(update(imports).where(waiting).values(run_now=1))).rowcount == 1


async def approve(connection: AsyncConnection, number: int, *, now: str) -> bool:
    """Rule G1: let a held import be planned anew and applied; False where it is not held."""
    held = (imports.c.number == number) & (imports.c.outcome == str(Outcome.HELD))
    result = await connection.execute(update(imports).where(held).values(approved_at=now))
    return result.rowcount == 1


async def discard(
    connection: AsyncConnection, number: int, *, why: Problem, now: str, unless_approved: bool = False
) -> bool:
    """Set the outcome of a drop that waits or is held to `discarded`; False where it does neither any more.

    `unless_approved`: one that somebody approved meanwhile stays.
    """
    unfinished = (imports.c.number == number) & imports.c.outcome.in_(UNFINISHED)
    if unless_approved:
        unfinished &= imports.c.approved_at.is_(None)
    values = {"outcome": str(Outcome.DISCARDED), "finished_at": now}
    if (await connection.execute(update(imports).where(unfinished).values(**values))).rowcount != 1:
        return False
    row = {"import_number": number, "place": 0, "is_note": 0, "line": why.line, "column": why.column}
    await connection.execute(insert(problems).values(**row, code=why.code, text=why.text, advice=why.advice))
    return True


async def held_imports(connection: AsyncConnection) -> list[tuple[ImportRecord, str, str]]:
    """Return all held imports that nobody approved, with when they were held and last reminded of."""
    query = select(imports.c.number, imports.c.held_at, imports.c.reminded_at).where(
        imports.c.outcome == str(Outcome.HELD), imports.c.approved_at.is_(None)
    )
    found = []
    for number, held_at, reminded_at in (await connection.execute(query)).all():
        record = await imports_store.record_of(connection, number=number)
        if record is not None:
            found.append((record, held_at, reminded_at))
    return found


async def note_reminder(connection: AsyncConnection, number: int, *, now: str) -> bool:
    """Keep when a held import was last reminded of; False where it is not held any more, or approved."""
    result = await connection.execute(update(imports).where(_waits(number)).values(reminded_at=now))
    return result.rowcount == 1


def _waits(number: int) -> ColumnElement[bool]:
    """Whether an import is held and nobody has approved it."""
    return and_(
        imports.c.number == number,
        imports.c.outcome == str(Outcome.HELD),
        imports.c.approved_at.is_(None),
    )
