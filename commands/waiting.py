"""Waits for the outcome of a drop: the daemon's, or, where none runs, by working the queue here (section K)."""

import asyncio
import time

from commands.progress import Progress, progress_bar
from commands.session import Session
from core.database import Database
from core.errors import ServiceError
from core.inbox import Drop
from core.locks import FolderBusyError, data_folder_lock
from processor.imports import ImportRecord, Outcome
from processor.imports_store import list_imports, record_of

LOOK_EVERY_S = 0.1
TRY_LOCK_EVERY_S = 2.0
FILED_WITHIN_S = 10.0
HELD_AFTER_S = (
    5.0  # a newer file of the same kind takes a held one's place at once (G1); one that waits does not
)


class WaitsBehindError(ServiceError):
    """A file before it is held, and it waits with it."""

    code = "waits_behind"


async def wait_for_outcome(session: Session, database: Database, drop: Drop) -> ImportRecord | None:
    """Return the import when it is final, waits for its time or is held; None if the drop is gone without one.

    Raises:
        WaitsBehindError: an earlier file of the organization is held.
        TransientError: without a daemon: the disk is full or the database does not answer.
    """
    began = tried = time.monotonic()
    with progress_bar("Importing") as progress:
        await _work_here(session, database, drop, progress)
        while True:
            record = await _record(database, drop)
            if record is not None and record.outcome is not None:
                return await _filed(database, drop, record)
            now = time.monotonic()
            if record is None and now - began > HELD_AFTER_S:
                if not drop.folder.exists() and await _record(database, drop) is None:
                    return None
                await _refuse_behind_held(database, drop)
            if now - tried > TRY_LOCK_EVERY_S:
                tried = now
                await _work_here(session, database, drop, progress)
            await asyncio.sleep(LOOK_EVERY_S)


async def _work_here(session: Session, database: Database, drop: Drop, progress: Progress) -> None:
    """Work the organization's queue if nobody else works on the data folder."""
    lock = data_folder_lock(session.data_dir)
    try:
        lock.__enter__()
    except FolderBusyError:
        return
    try:
        from processor.importing import work_queue

        await work_queue(
            database=database,
            inbox=session.inbox(),
            clock=session.clock,
            settings=session.settings,
            org_id=drop.org_id,
            progress=progress,
        )
    finally:
        lock.__exit__(None, None, None)


async def _record(database: Database, drop: Drop) -> ImportRecord | None:
    async with database.reading() as connection:
        return await record_of(connection, uid=drop.meta.uid)


async def _filed(database: Database, drop: Drop, record: ImportRecord) -> ImportRecord:
    """Give the file the moment that it takes to lie in its folder."""
    until = time.monotonic() + FILED_WITHIN_S
    while record.outcome is not None and record.outcome.is_final and record.filed_as is None:
        if time.monotonic() > until:
            break
        await asyncio.sleep(LOOK_EVERY_S)
        record = await _record(database, drop) or record
    return record


async def _refuse_behind_held(database: Database, drop: Drop) -> None:
    async with database.reading() as connection:
        held = await list_imports(connection, org_id=drop.org_id, outcome=Outcome.HELD, limit=1)
    if held:
        number = held[0].number
        raise WaitsBehindError(
            f"The file was accepted and waits behind import {number}, which is held: "
            f"`rosterdrop imports approve {number}` or `rosterdrop imports discard {number}`."
        )
