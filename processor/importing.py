"""The one road of a drop: register, plan, apply with its mails in one transaction, file away (life of a drop).

The same code runs in a worker process of the daemon, in `rosterdrop import` without a daemon, and, up to the plan, in
`rosterdrop check`. Whatever it is interrupted by, running it again goes on where it stopped.
"""

import asyncio
import gc
import hashlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import structlog

from core.clock import Clock, to_text
from core.database import TROUBLES, Connection, Database
from core.errors import BusyError, NotFoundError, ServiceError
from core.inbox import Drop, Inbox
from core.names import NameKind, kind_of_name
from core.organizations import Organization
from core.organizations_store import organization_by_id
from core.settings import Settings
from processor import holds_store, imports_store
from processor.announcing import announce
from processor.directory.apply_store import apply_plan, write_history
from processor.directory.directory_store import DirectoryReader, reading_directory
from processor.directory.moved import DirectoryMovedError
from processor.directory.plan import Plan, PlanSpace
from processor.directory.planning import Planner
from processor.directory.repeats import FileBytes
from processor.filing.filer import DropLostError, file_away, leave_queue, set_aside
from processor.filing.kept_details import Details, keep_details, kept_details
from processor.filing.kept_ranges import keep_ranges
from processor.findings import Problem
from processor.holding import discard_unfinished
from processor.imports import Counts, ImportRecord, Outcome
from processor.mail.labels import column_numbers
from processor.mail.recipients import wanted_keys
from processor.reading.catalogue import problem
from processor.report_store import problem_batches, report_contents
from processor.waiting import seconds_to_wait

log = structlog.get_logger()

MOST_ATTEMPTS = 3
LARGE_BYTES = 1 << 20  # of a file whose SHA-256 takes longer than the way into a thread and back
GARBAGE_THRESHOLD = 500_000  # objects made and not freed, from which on the collector looks at the youngest

Progress = Callable[[int, int], None]  # bytes read, size of the file


class OutcomeSetError(ServiceError):
    """The import got its outcome from somebody else meanwhile (withdrawn, discarded): nothing of it is applied."""

    code = "outcome_set"


class TransientError(BusyError):
    """The disk is full or the database does not answer: the drop stays at the head of its queue."""

    code = "transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """What the transaction left behind, for filing."""

    record: ImportRecord
    header_range: tuple[int, int] | None = None
    refused_ranges: Sequence[tuple[int, int]] = ()


class Importer:
    """Processes drops in this process; one at a time for each organization (U7) is the caller's care."""

    def __init__(self, *, database: Database, inbox: Inbox, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._settings = settings
        self._space = settings.data_dir / "tmp"
        self._hashing = ThreadPoolExecutor(1, "sha256")  # has no thread until a large file comes

    async def process(self, drop: Drop, *, progress: Progress | None = None) -> ImportRecord:
        """Bring one drop to its outcome and into `archive/` or `error/`; a drop that has its outcome is only filed.

        Raises:
            TransientError: call again later.
        """
        try:
            return await self._process(drop, progress)
        except TROUBLES as exc:
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
        if record.outcome is Outcome.HELD and record.approved_at is None:
            record = await self._superseded(organization, drop, record)
            if record.outcome is Outcome.HELD:
                return record
        if record.outcome is not None and record.outcome.is_final:
            finished = _Finished(record=record)
        elif record.attempts >= MOST_ATTEMPTS:
            finished = await self._refuse(organization, record, problem("not-processable"))
        elif kind_of_name(record.name) is not NameKind.USABLE:
            finished = await self._refuse(organization, record, problem("wrong-extension"))
        else:
            try:
                finished = await self._import(organization, drop, record, progress)
            except OutcomeSetError:
                return await self._process(drop, progress)
            if finished.record.outcome is Outcome.HELD:
                return finished.record
        try:
            return await self._file(organization, drop, await self._with_digest(drop, finished))
        except ServiceError as exc:
            if exc.retryable or record.attempts < MOST_ATTEMPTS:
                raise
            aside = await asyncio.to_thread(set_aside, drop)
            log.warning(
                "import.set_aside", org=drop.org_id, number=record.number, folder=aside.name, code=exc.code
            )
            return finished.record

    async def _with_digest(self, drop: Drop, finished: _Finished) -> _Finished:
        """Rule R2: know the digest also of a file that nobody read: it was withdrawn, or its name says what it is."""
        if finished.record.sha256 is not None or not await asyncio.to_thread(drop.data.is_file):
            return finished
        digest = await asyncio.to_thread(_sha256, drop.data)
        async with self._database.writing() as connection:
            await imports_store.change_record(connection, finished.record.number, sha256=digest)
        return replace(finished, record=replace(finished.record, sha256=digest))

    async def _superseded(self, organization: Organization, drop: Drop, record: ImportRecord) -> ImportRecord:
        """Rule G1: a newer drop of the same kind takes the place of a held one."""
        behind = [
            other for other in await asyncio.to_thread(self._inbox.queue, drop.org_id) if other.seq > drop.seq
        ]
        if not behind:
            return record
        with open_space(self._space) as space:
            async with reading_directory(self._database, organization.no) as directory:
                planner = self._planner(space, directory, organization, None)
                kinds = [
                    planner.kind_of(other.data)
                    for other in behind
                    if kind_of_name(other.meta.name) is NameKind.USABLE
                ]
        if record.kind not in kinds:
            return record
        now = self._clock.now()
        await discard_unfinished(self._database, record, code="superseded", settings=self._settings, now=now)
        async with self._database.reading() as connection:
            return await imports_store.record_of(connection, number=record.number) or record

    async def _import(
        self, organization: Organization, drop: Drop, record: ImportRecord, progress: Progress | None
    ) -> _Finished:
        if not await asyncio.to_thread(drop.data.is_file):
            raise DropLostError("The bytes of the drop are not in the queue any more: restore a backup.")
        digest = asyncio.create_task(self._sha256_of(drop))
        try:
            while True:
                with open_space(self._space) as space:
                    plan = await self._plan(space, organization, drop, progress, digest)
                    try:
                        return await self._apply(organization, drop, record, plan, await digest)
                    except DirectoryMovedError:
                        await self._check_there(organization)
        finally:
            digest.cancel()

    async def _sha256_of(self, drop: Drop) -> str:
        """Return it; of a large file it is made beside the plan, in a thread of its own."""
        if drop.meta.size_bytes < LARGE_BYTES:
            return _sha256(drop.data)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._hashing, _sha256, drop.data)

    async def _check_there(self, organization: Organization) -> None:
        """Section K: an organization that was removed meanwhile gets nothing.

        Raises:
            NotFoundError: it was.
        """
        async with self._database.reading() as connection:
            found = await organization_by_id(connection, organization.id)
        if found.no != organization.no:
            raise NotFoundError(f"The organization {organization.id} was removed.")

    async def _plan(
        self,
        space: PlanSpace,
        organization: Organization,
        drop: Drop,
        progress: Progress | None,
        digest: asyncio.Task[str],
    ) -> Plan:
        size = drop.meta.size_bytes
        keys_dir = self._settings.keys_dir
        async with reading_directory(self._database, organization.no, keys_dir=keys_dir) as directory:
            told = None if progress is None else lambda done: progress(done, size)
            planner = self._planner(space, directory, organization, told, FileBytes(size, lambda: digest))
            return (await planner.plan(drop.data)).plan

    def _planner(
        self,
        space: PlanSpace,
        directory: DirectoryReader,
        organization: Organization,
        progress: Callable[[int], None] | None,
        given: FileBytes | None = None,
    ) -> Planner:
        return Planner(
            space=space,
            directory=directory,
            settings=organization.settings,
            now=self._clock.now(),
            folder=self._space,
            progress=progress,
            detailed=organization.settings.mode == "test",
            given=given,
        )

    async def _apply(
        self, organization: Organization, drop: Drop, record: ImportRecord, plan: Plan, sha256: str
    ) -> _Finished:
        """Change the directory, set the outcome and write the mails: all of it, or nothing (P11, N3)."""
        outcome = plan.outcome
        if organization.settings.mode == "test" and outcome is not Outcome.REFUSED:
            outcome = Outcome.CHECKED
        elif plan.hold is not None and record.approved_at is None:
            outcome = Outcome.HELD
        await asyncio.to_thread(keep_ranges, drop, header=plan.header_range, rows=plan.refused_ranges)
        await asyncio.to_thread(keep_details, drop, Details(plan.missing, plan.headers, plan.created))
        numbers = column_numbers(plan.labels)
        async with self._database.writing() as connection:
            if outcome in (Outcome.IMPORTED, Outcome.PARTIAL):
                await apply_plan(connection, plan, org_no=organization.no, number=record.number)
            elif outcome is not Outcome.HELD:  # of a held one nothing is kept but what it would count
                await write_history(connection, plan, number=record.number)
            wanted = wanted_keys(organization.settings)
            would_be = plan.would_be_active(wanted) if outcome is Outcome.CHECKED else ()
            done = replace(
                record,
                outcome=outcome,
                kind=plan.kind,
                counts=plan.counts,
                sha256=sha256,
                column_numbers=numbers,
                hold_reason=plan.hold or "" if outcome is Outcome.HELD else record.hold_reason,
            )
            done = await self._finish(connection, organization, done, would_be=would_be)
        if outcome is Outcome.HELD:
            log.info("import.held", org=organization.id, number=record.number, reason=plan.hold)
        return _Finished(record=done, header_range=plan.header_range, refused_ranges=plan.refused_ranges)

    async def _refuse(self, organization: Organization, record: ImportRecord, why: Problem) -> _Finished:
        async with self._database.writing() as connection:
            await imports_store.add_problems(connection, record.number, [why])
            done = replace(record, outcome=Outcome.REFUSED, counts=Counts())
            done = await self._finish(connection, organization, done)
        return _Finished(record=done)

    async def _finish(
        self,
        connection: Connection,
        organization: Organization,
        record: ImportRecord,
        *,
        would_be: Collection[str] = (),
    ) -> ImportRecord:
        """Set the outcome that `record` has, or hold it, and write the mails."""
        now = self._clock.now()
        if record.outcome is Outcome.HELD:
            done = await holds_store.hold(connection, record, now=to_text(now))
        else:
            record = replace(record, finished_at=to_text(now))
            done = await imports_store.finish(connection, record)
        if not done:
            raise OutcomeSetError("Somebody discarded the import meanwhile.")
        await announce(
            connection,
            organization=organization,
            record=record,
            settings=self._settings,
            now=now,
            would_be_active=would_be,
        )
        return record

    async def _file(self, organization: Organization, drop: Drop, finished: _Finished) -> ImportRecord:
        record = finished.record
        path = record.filed_as  # set where a crash came before the queue's folder went
        if path is None:
            path = await self._file_away(organization, drop, finished)
            async with self._database.writing() as connection:
                await imports_store.change_record(connection, record.number, filed_as=path)
        await asyncio.to_thread(leave_queue, drop)
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

    async def _file_away(self, organization: Organization, drop: Drop, finished: _Finished) -> str:
        record = finished.record
        with open_space(self._space) as space:
            async with self._database.reading() as connection:
                contents = await report_contents(connection, record=record, organization=organization)
                contents = replace(contents, details=await asyncio.to_thread(kept_details, drop))
                problems = space.new_spill()
                if contents.problem_count:
                    async for batch in problem_batches(connection, record.number):
                        problems.append([astuple(problem) for problem in batch])
            return await asyncio.to_thread(
                file_away,
                folders=self._inbox.folders(drop.org_id),
                drop=drop,
                contents=contents,
                all_problems=(Problem(*row) for batch in problems.batches() for row in batch),
                header_range=finished.header_range,
                refused_ranges=finished.refused_ranges,
            )

    def _now(self) -> str:
        return to_text(self._clock.now())


def open_space(folder: Path) -> PlanSpace:
    """Return a space for plans in the data folder's `tmp/`, on the disk whose free space is watched."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return PlanSpace(folder=folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quieten_collector() -> None:
    """Let the garbage collector look seldom: rows are plain values, and looking at them took a quarter of the time."""
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 100)


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
    quieten_collector()
    importer = Importer(database=database, inbox=inbox, clock=clock, settings=settings)
    records = []
    async with database.reading() as connection:
        organization = await organization_by_id(connection, org_id)
    for drop in inbox.queue(org_id):
        if await seconds_to_wait(
            database, organization=organization, drop=drop, clock=clock, settings=settings
        ):
            break  # those behind it wait, too (S1)
        record = await importer.process(drop, progress=progress)
        records.append(record)
        if record.outcome is Outcome.HELD:
            break
    return records
