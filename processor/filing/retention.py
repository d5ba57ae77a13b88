"""Removes what an organization keeps no longer (rule R3): filed files with their reports, exports, the log of changes.

Files of an import go before its row says so: who is interrupted finds the row unmarked, removes what is left and marks
it then, and no file outlives its mark. Exports have no row, so there the audit comes first: it may name a file that the
next round removes, but none goes without a trace. Of the log the mark comes first, and many changes go in steps: from
the first step on nothing is undone by half a log, and the next round goes on with what is left.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from core.audit import DAEMON, AuditEntry, Event
from core.audit_store import append
from core.clock import Clock, to_text
from core.database import TROUBLES, Database
from core.durable import sync_directory
from core.empty_folders import EmptyFolders
from core.inbox import Folders, Inbox
from core.organizations import Organization
from core.organizations_store import all_organizations
from processor.filing import retention_store as store
from processor.filing.names import companions
from processor.filing.retention_store import KeptFile, Oldest

EVERY = timedelta(days=1)
FILES_AT_ONCE = 200  # in one transaction with their audit
STEP_ROWS = 5_000  # deleted in one transaction: 30 ms of everybody's turn
NAMED = 20  # numbers and names in one line of the audit

log = structlog.get_logger()


class Retention:
    """Looks once a day, and at the start."""

    def __init__(self, *, database: Database, inbox: Inbox, clock: Clock, step_rows: int = STEP_ROWS) -> None:
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._step_rows = step_rows
        self._next_at: datetime | None = None

    async def look(self) -> None:
        """Purge when a day has passed; what a full disk or a busy database breaks off is due again at once."""
        now = self._clock.now()
        if self._next_at is None or now >= self._next_at or self._next_at - now > EVERY:
            await self.purge()
            self._next_at = now + EVERY

    async def purge(self) -> None:
        """Rule R3: remove what is over of all organizations, disabled ones included."""
        async with self._database.reading() as connection:
            organizations = await all_organizations(connection)
            oldest = await store.oldest_kept(connection)
        exporting = await asyncio.to_thread(self._with_exports, organizations)
        for organization in organizations:
            kept = oldest.get(organization.no, Oldest())
            try:
                await self._purge_one(organization, kept, has_exports=organization.id in exporting)
            except TROUBLES as exc:  # a file that cannot be removed holds up no other organization
                log.warning("retention.deferred", org=organization.id, reason=type(exc).__name__)

    def _with_exports(self, organizations: Sequence[Organization]) -> set[str]:
        """Return those in whose `export/` something lies (blocks)."""
        ids = [organization.id for organization in organizations]
        exports = [str(self._inbox.folders(org_id).export) for org_id in ids]
        found = EmptyFolders().have_entries(exports)
        return {org_id for org_id, has_entries in zip(ids, found, strict=True) if has_entries}

    async def _purge_one(self, organization: Organization, kept: Oldest, *, has_exports: bool) -> None:
        settings, now = organization.settings, self._clock.now()
        if settings.log_retention_days:
            before = now - timedelta(days=settings.log_retention_days)
            if kept.has_left_rows or is_over(kept.log, before) or is_over(kept.direct_change, before):
                await self._purge_log(organization, before)
        if settings.file_retention_days:
            before = now - timedelta(days=settings.file_retention_days)
            if has_exports:
                await self._purge_exports(organization, before)
            if is_over(kept.file, before):
                await self._purge_files(organization, before)

    async def _purge_files(self, organization: Organization, before: datetime) -> None:
        folders, behind = self._inbox.folders(organization.id), 0
        while True:
            async with self._database.reading() as connection:
                kept = await store.files_before(
                    connection, organization.no, before=to_text(before), behind=behind, limit=FILES_AT_ONCE
                )
            if not kept:
                return
            behind = kept[-1].number
            numbers = await asyncio.to_thread(remove_files, folders, kept)
            if len(numbers) < len(kept):
                log.warning("retention.deferred", org=organization.id, files=len(kept) - len(numbers))
            if not numbers:
                continue
            async with self._database.writing() as connection:
                await store.mark_files(connection, numbers, now=self._now())
                await append(
                    connection, [self._entry(organization, Event.FILES_PURGED, f"files of {_told(numbers)}")]
                )
            log.info("files.purged", org=organization.id, imports=len(numbers))

    async def _purge_exports(self, organization: Organization, before: datetime) -> None:
        folder = self._inbox.folders(organization.id).export
        old = await asyncio.to_thread(exports_before, folder, before.timestamp())
        if not old:
            return
        names = ", ".join(old[:NAMED]) + (f" and {len(old) - NAMED} more" if len(old) > NAMED else "")
        async with self._database.writing() as connection:
            await append(connection, [self._entry(organization, Event.FILES_PURGED, f"exports: {names}")])
        await asyncio.to_thread(remove_exports, folder, old)
        log.info("exports.purged", org=organization.id, files=len(old))

    async def _purge_log(self, organization: Organization, before: datetime) -> None:
        moment = to_text(before)
        async with self._database.reading() as connection:
            numbers = await store.logs_before(connection, organization.no, before=moment)
        for some in (
            numbers[start : start + FILES_AT_ONCE] for start in range(0, len(numbers), FILES_AT_ONCE)
        ):
            async with self._database.writing() as connection:
                await store.mark_logs(connection, some, now=self._now())
                await append(
                    connection, [self._entry(organization, Event.HISTORY_PURGED, f"log of {_told(some)}")]
                )
        async with self._database.reading() as connection:
            left = await store.purged_with_rows(connection, organization.no)
        for number in left:
            await self._in_steps(store.delete_log, number)
        if direct := await self._in_steps(store.delete_direct, organization.no, moment):
            async with self._database.writing() as connection:
                entry = self._entry(
                    organization, Event.HISTORY_PURGED, f"{direct} changes made without a file"
                )
                await append(connection, [entry])
        if numbers or direct:
            log.info("history.purged", org=organization.id, imports=len(numbers), direct_changes=direct)

    async def _in_steps(self, delete: store.Delete, *arguments: int | str) -> int:
        """Delete some rows in each transaction, so that no other writer waits long; return how many."""
        count = 0
        while True:
            async with self._database.writing() as connection:
                done = await delete(connection, *arguments, limit=self._step_rows)
            if not done:
                return count
            count += done

    def _entry(self, organization: Organization, event: Event, detail: str) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(), event=event, who=DAEMON, org_id=organization.id, detail=detail
        )

    def _now(self) -> str:
        return to_text(self._clock.now())


def is_over(oldest: str | None, before: datetime) -> bool:
    """Whether there is something, and it is older than what is kept."""
    return oldest is not None and oldest < to_text(before)


def remove_files(folders: Folders, kept: Sequence[KeptFile]) -> list[int]:
    """Remove filed files and what stands beside them, the file itself last; twice is once.

    Returns the imports whose files are gone: one that cannot be removed holds up no other.

    Raises:
        OSError: the disk failed.
    """
    gone = []
    for file in kept:
        with suppress(OSError):
            for path in (*companions(file.filed_as), file.filed_as):
                (folders.root / path).unlink(missing_ok=True)
            gone.append(file.number)
    for folder in (folders.archive, folders.error):
        if folder.is_dir():
            sync_directory(folder)
    return gone


def exports_before(folder: Path, moment: float) -> list[str]:
    """Return the names of exports that were last renewed before a time."""
    found = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < moment:
                        found.append(entry.name)
    return sorted(found)


def remove_exports(folder: Path, names: Sequence[str]) -> None:
    """Remove exports."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    sync_directory(folder)


def _told(numbers: Sequence[int]) -> str:
    """Return the imports as the audit names them."""
    shown = ", ".join(map(str, numbers[:NAMED]))
    more = f" and {len(numbers) - NAMED} more up to {max(numbers)}" if len(numbers) > NAMED else ""
    return f"import {shown}" if len(numbers) == 1 else f"imports {shown}{more}"
