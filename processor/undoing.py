"""Undoes an import (rule G3): reads, plans, and writes in one transaction; anew if the directory moved meanwhile."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.audit import AuditEntry, Event
from core.audit_store import append
from core.clock import Clock, from_text, to_text
from core.database import Database
from core.errors import NotFoundError, ServiceError
from core.organizations import Organization
from core.organizations_store import organization_by_id
from processor import imports_store
from processor.directory import undo_store
from processor.directory.moved import DirectoryMovedError
from processor.directory.undo_plan import UndoPlan
from processor.directory.undo_store import Undone
from processor.directory.undoing import plan_undo
from processor.imports import ImportRecord, Outcome

CHANGED_SOMETHING = (
    "users_created",
    "users_updated",
    "teams_created",
    "teams_updated",
    "memberships_added",
)


class NotUndoableError(ServiceError):
    """There is nothing that an undo could take back."""

    code = "not_undoable"


async def undo_import(*, database: Database, clock: Clock, number: int, who: str) -> Undone:
    """Rules G3, A5: take back what an import changed, where nothing later changed it, and say what was left.

    Raises:
        NotFoundError: there is no such import.
        NotUndoableError: it changed nothing, was undone already, or its history is gone.
    """
    async with database.reading() as connection:
        record = await imports_store.record_of(connection, number=number)
        if record is None:
            raise NotFoundError(f"There is no import {number}: `rosterdrop imports list` shows them.")
        organization = await organization_by_id(connection, record.org_id)
    _require_applied(record)
    if record.log_purged_at is not None:
        raise _no_log(number, record.log_purged_at)
    while True:
        try:
            await _undo(database, clock, record, organization, who)
            break
        except DirectoryMovedError:
            continue
    async with database.reading() as connection:
        undone = await undo_store.undone_of(connection, number)
    assert undone is not None
    return undone


async def _undo(
    database: Database, clock: Clock, record: ImportRecord, organization: Organization, who: str
) -> None:
    at = clock.now()
    async with database.reading() as connection:
        version = await undo_store.version_of(connection, organization.no)
        done = await undo_store.done_by(connection, record.number)
        if not done and any(getattr(record.counts, name) for name in CHANGED_SOMETHING):
            raise _no_log(record.number)
        now = await undo_store.directory_now(connection, done, org_no=organization.no, number=record.number)
    plan: UndoPlan = await asyncio.to_thread(plan_undo, done, now, at=at, eves=_eves(record, organization))
    async with database.writing() as connection:
        fresh = await undo_store.write_undo(
            connection,
            plan,
            org_no=organization.no,
            number=record.number,
            version=version,
            at=to_text(at),
            who=who,
        )
        if fresh:
            entry = AuditEntry(
                at=at,
                event=Event.IMPORT_UNDONE,
                who=who,
                org_id=organization.id,
                detail=f"import {record.number}",
            )
            await append(connection, [entry])
    if not fresh:
        raise NotUndoableError(
            f"Import {record.number} was undone already: `rosterdrop imports show` says when."
        )


def _no_log(number: int, since: str | None = None) -> NotUndoableError:
    """Rule R3: half a log would undo half an import."""
    when = "" if since is None else f" since {since}"
    return NotUndoableError(
        f"What import {number} changed is not kept any more{when} (log_retention_days): it cannot be undone."
    )


def _require_applied(record: ImportRecord) -> None:
    if record.outcome not in (Outcome.IMPORTED, Outcome.PARTIAL):
        state = "is still running" if record.outcome is None else f"is {record.outcome}"
        raise NotUndoableError(
            f"Import {record.number} {state}: it changed nothing, so there is nothing to undo."
        )


def _eves(record: ImportRecord, organization: Organization) -> frozenset[str]:
    """Return the days that a leaver's word stood for in that import (H5): those before it was planned and applied."""
    zone = ZoneInfo(organization.settings.time_zone)
    moments = (from_text(text).astimezone(zone) for text in (record.started_at, record.finished_at) if text)
    return frozenset((moment.date() - timedelta(days=1)).isoformat() for moment in moments)
