"""`rosterdrop imports approve`, `discard`, `run-now`, `retry`: held, waiting and filed drops (rules G1, S1)."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import say
from commands.session import Session, open_session, run
from core.errors import NotFoundError

if TYPE_CHECKING:
    from core.database import Database
    from processor.imports import ImportRecord

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The import's number.", show_default=False)]


def approve(ctx: typer.Context, number: Number) -> None:
    """Let a held import be planned anew against the directory as it is, and applied.

    Example: `rosterdrop imports approve 17`
    """
    session = open_session(ctx)
    record = run(_approve(session, number))
    session.nudge(record.org_id)
    say(f"Import {number} is approved: it is applied at once, or when the daemon runs again.")


def discard(ctx: typer.Context, number: Number) -> None:
    """Discard a held or waiting drop: nothing of it is applied, its file goes to error/.

    Example: `rosterdrop imports discard 17`
    """
    session = open_session(ctx)
    record = run(_discard(session, number))
    session.nudge(record.org_id)
    say(f"Import {number} is discarded: its file goes to error/, at once or when the daemon runs again.")


def run_now(ctx: typer.Context, number: Number) -> None:
    """Let a drop that waits for its organization's time be imported at once.

    Example: `rosterdrop imports run-now 17`
    """
    session = open_session(ctx)
    record = run(_run_now(session, number))
    session.nudge(record.org_id)
    say(f"Import {number} runs now, after those before it, or when the daemon runs again.")


def retry(ctx: typer.Context, number: Number) -> None:
    """Drop the filed file of an import again, under its name: a new import, by the settings as they are now.

    Example: `rosterdrop imports retry 17`
    """
    session = open_session(ctx)
    record = run(_retry(session, number))
    session.nudge(record.org_id)
    say(f"The file of import {number} was dropped again: `rosterdrop imports list --org {record.org_id}`.")


async def _run_now(session: Session, number: int) -> "ImportRecord":
    from processor import holds_store

    async with session.database() as database:
        record = await _found(database, number)
        async with database.writing() as connection:
            if not await holds_store.run_now(connection, number):
                raise NotFoundError(
                    f"Import {number} does not wait: `rosterdrop imports list --outcome waiting` shows those."
                )
    return record


async def _retry(session: Session, number: int) -> "ImportRecord":
    from commands.dropping import drop_file
    from processor import imports_store

    async with session.database() as database:
        record = await _found(database, number)
        async with database.reading() as connection:
            floor = (await imports_store.highest_seqs(connection)).get(record.org_id, 0)
    if record.filed_as is None:
        raise NotFoundError(f"Import {number} is not filed yet: it is {record.outcome or 'running'}.")
    if record.file_purged_at is not None:
        raise NotFoundError(
            f"The file of import {number} is gone since {record.file_purged_at}, for its retention was over "
            f"(file_retention_days of {record.org_id}): ask the customer to send it again."
        )
    file = session.inbox().folders(record.org_id).root / record.filed_as
    if not file.is_file():
        raise NotFoundError(f"The file of import {number} is not there any more: somebody removed it.")
    await asyncio.to_thread(drop_file, session, file, org_id=record.org_id, floor=floor, name=record.name)
    return record


async def _approve(session: Session, number: int) -> "ImportRecord":
    from commands.auditing import note
    from core.audit import Event
    from processor import holds_store

    async with session.database() as database:
        record = await _found(database, number)
        async with database.writing() as connection:
            if not await holds_store.approve(connection, number, now=session.now()):
                raise NotFoundError(
                    f"Import {number} is not held: `rosterdrop imports list --outcome held` shows those."
                )
            await note(
                session, connection, Event.IMPORT_APPROVED, org_id=record.org_id, detail=f"import {number}"
            )
    return record


async def _discard(session: Session, number: int) -> "ImportRecord":
    from commands.auditing import operator
    from core.audit import AuditEntry, Event
    from processor.holding import discard_unfinished

    async with session.database() as database:
        record = await _found(database, number)
        settings, now = session.settings, session.clock.now()
        entry = AuditEntry(
            at=now,
            event=Event.IMPORT_DISCARDED,
            who=operator(),
            org_id=record.org_id,
            detail=f"import {number}",
        )
        if not await discard_unfinished(
            database, record, code="rejected", settings=settings, now=now, audit=entry
        ):
            raise NotFoundError(
                f"Import {number} is neither held nor waiting; it is {record.outcome or 'running'}."
            )
    return record


async def _found(database: "Database", number: int) -> "ImportRecord":
    from processor import imports_store

    async with database.reading() as connection:
        record = await imports_store.record_of(connection, number=number)
    if record is None:
        raise NotFoundError(f"There is no import {number}: `rosterdrop imports list` shows all.")
    return record
