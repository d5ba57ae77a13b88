"""The one road of a drop: register, plan, apply with its mails in one transaction, file away (life of a drop).

The same code runs in a worker process of the daemon, in `rosterdrop import` without a daemon, and, up to the plan, in
`rosterdrop check`. Whatever it is interrupted by, running it again goes on where it stopped.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.exc import DBAPIError

from core.clock import Clock, to_text
from core.database import Database
from core.errors import BusyError
from core.inbox import Drop, Inbox
from core.organizations import Organization
from core.organizations_store import organization_by_id
from core.settings import Settings
from processor import imports_store
from processor.directory.apply_store import DirectoryMovedError, apply_plan, write_findings
from processor.directory.directory_store import active_keys, reading_directory
from processor.directory.plan import Plan, PlanSpace
from processor.directory.planning import Planner
from processor.filing.change_lists import SHOWN
from processor.filing.filer import file_away
from processor.filing.report import ReportContents
from processor.findings import Problem
from processor.imports import Counts, ImportRecord, Outcome
from processor.mail import outbox_store
from processor.mail.compose import ImportNews, compose_import_mail
from processor.mail.mails import NewMail
from processor.mail.recipients import choose_recipients, wanted_keys
from processor.reading.catalogue import problem

log = structlog.get_logger()

MOST_ATTEMPTS = 3
SHOWN_PROBLEMS = 1_000

Progress = Callable[[int, int], None]  # bytes read, size of the file


class TransientError(BusyError):
    """The disk is full or the database does not answer: the drop stays at the head of its queue."""

    code = "transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """What the transaction left behind, for filing."""

    record: ImportRecord
    header_range: tuple[int, int]
    refused_ranges: list[tuple[int, int]]


class Importer:
    """Processes drops in this process; one at a time for each organization (U7) is the caller's care."""

    def __init__(self, *, database: Database, inbox: Inbox, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._settings = settings
        self._space = settings.data_dir / "tmp"

    async def process(self, drop: Drop, *, progress: Progress | None = None) -> ImportRecord:
        """Bring one drop to its outcome and into `archive/` or `error/`; a drop that has its outcome is only filed.

        Raises:
            TransientError: call again later.
        """
        try:
            return await self._process(drop, progress)
        except (DBAPIError, OSError) as exc:
            raise TransientError(
                "The disk is full or the database does not answer: it is tried again."
            ) from exc

    async def _process(self, drop: Drop, progress: Progress | None) -> ImportRecord:
        async with self._database.writing() as connection:
            organization = await organization_by_id(connection, drop.org_id)
            record = await imports_store.register(
                connection, drop=drop, org_no=organization.no, now=self._now()
            )
        self._inbox.raise_floor(drop.org_id, record.seq)
        if record.outcome is not None and record.outcome.is_final:
            finished = _Finished(record=record, header_range=(0, 0), refused_ranges=[])
        elif record.attempts >= MOST_ATTEMPTS:
            finished = await self._refuse(organization, record, problem("not-processable"))
        else:
            finished = await self._import(organization, drop, record, progress)
        return await self._file(organization, drop, finished)

    async def _import(
        self, organization: Organization, drop: Drop, record: ImportRecord, progress: Progress | None
    ) -> _Finished:
        digest = asyncio.create_task(asyncio.to_thread(_sha256, drop.data))
        try:
            while True:
                with open_space(self._space) as space:
                    plan = await self._plan(space, organization, drop, progress)
                    try:
                        finished = await self._apply(organization, record, plan, await digest)
                    except DirectoryMovedError:
                        continue
                    return finished
        finally:
            digest.cancel()

    async def _plan(
        self, space: PlanSpace, organization: Organization, drop: Drop, progress: Progress | None
    ) -> Plan:
        size = drop.meta.size_bytes
        async with reading_directory(self._database, organization.no) as directory:
            planner = Planner(
                space=space,
                directory=directory,
                settings=organization.settings,
                now=self._clock.now(),
                folder=self._space,
                progress=None if progress is None else lambda done: progress(done, size),
            )
            return (await planner.plan(drop.data)).plan

    async def _apply(
        self, organization: Organization, record: ImportRecord, plan: Plan, sha256: str
    ) -> _Finished:
        """Change the directory, set the outcome and write the mails: all of it, or nothing (P11, N3)."""
        outcome = plan.outcome
        if organization.settings.mode == "test" and outcome is not Outcome.REFUSED:
            outcome = Outcome.CHECKED
        async with self._database.writing() as connection:
            if outcome in (Outcome.IMPORTED, Outcome.PARTIAL):
                await apply_plan(connection, plan, org_no=organization.no, number=record.number)
            else:
                await write_findings(connection, plan, number=record.number)
            await imports_store.change_record(connection, record.number, sha256=sha256)
            done = await self._finish(connection, organization, record, plan.kind, outcome, plan.counts)
        return _Finished(record=done, header_range=plan.header_range, refused_ranges=plan.refused_ranges)

    async def _refuse(self, organization: Organization, record: ImportRecord, why: Problem) -> _Finished:
        async with self._database.writing() as connection:
            await imports_store.add_problems(connection, record.number, [why])
            done = await self._finish(connection, organization, record, None, Outcome.REFUSED, Counts())
        return _Finished(record=done, header_range=(0, 0), refused_ranges=[])

    async def _finish(
        self,
        connection: Any,
        organization: Organization,
        record: ImportRecord,
        kind: Any,
        outcome: Outcome,
        counts: Counts,
    ) -> ImportRecord:
        await imports_store.finish(
            connection, number=record.number, outcome=outcome, kind=kind, counts=counts, now=self._now()
        )
        done = await imports_store.record_of(connection, number=record.number)
        assert done is not None
        active = await active_keys(connection, organization.no, wanted_keys(organization.settings))
        recipients = choose_recipients(
            organization.settings, active=active, operator=self._settings.operator_email
        )
        news = ImportNews(
            record=done,
            organization=organization,
            problems=await imports_store.findings_of(
                connection, record.number, notes=False, limit=SHOWN_PROBLEMS
            ),
            notes=await imports_store.findings_of(
                connection, record.number, notes=True, limit=SHOWN_PROBLEMS
            ),
        )
        content = compose_import_mail(news)
        mails = [
            NewMail(
                org_no=organization.no,
                import_number=record.number,
                recipient=address,
                content=content,
                uuid=uuid4(),
                summary_line=content.subject,
                summary_of=organization.name,
            )
            for address in recipients.chosen
        ]
        await outbox_store.enqueue(
            connection, mails, now=self._clock.now(), mail_from=self._settings.mail_from
        )
        return done

    async def _file(self, organization: Organization, drop: Drop, finished: _Finished) -> ImportRecord:
        record = finished.record
        async with self._database.reading() as connection:
            contents = ReportContents(
                record=record,
                organization=organization,
                problems=await imports_store.findings_of(connection, record.number, notes=False),
                notes=await imports_store.findings_of(connection, record.number, notes=True),
                changes=await imports_store.changes_of(connection, record.number, limit=6 * SHOWN),
            )
        header, refused = finished.header_range, finished.refused_ranges
        path = await asyncio.to_thread(
            file_away,
            folders=self._inbox.folders(drop.org_id),
            drop=drop,
            contents=contents,
            header_range=header if header[1] else None,
            refused_ranges=refused,
        )
        async with self._database.writing() as connection:
            await imports_store.change_record(connection, record.number, filed_as=path)
        log.info(
            "import.finished",
            org=drop.org_id,
            number=record.number,
            name=record.name,
            outcome=str(record.outcome),
            kind=record.kind and str(record.kind),
            **record.counts.as_dict(),
        )
        return replace(record, filed_as=path)

    def _now(self) -> str:
        return to_text(self._clock.now())


def open_space(folder: Path) -> PlanSpace:
    """Return a space for plans in the data folder's `tmp/`, on the disk whose free space is watched."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return PlanSpace(folder=folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def work_queue(
    *,
    database: Database,
    inbox: Inbox,
    clock: Clock,
    settings: Settings,
    org_id: str,
    progress: Progress | None = None,
) -> list[ImportRecord]:
    """Section K: process all queued drops of an organization in order, in this process; the caller holds the lock."""
    importer = Importer(database=database, inbox=inbox, clock=clock, settings=settings)
    return [await importer.process(drop, progress=progress) for drop in inbox.queue(org_id)]
