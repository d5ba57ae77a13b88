"""What one run of a pull writes down of its files (rule S2), so that a crash at any step makes no second drop.

A file is `fetching`, then `accepting` before it goes into the queue, then `accepted`, or `leaving` until it is renamed
or deleted at the source, then `gone`. While it is `fetching`, its SHA-256 is that of the file of its name which was
accepted last and lies there still: equal bytes under another time are no second drop.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from core.audit import AuditEntry, Event
from core.audit_store import append, count_since
from core.clock import Clock, to_text
from core.database import Database
from core.inbox import Inbox, Incoming
from processor import imports_store
from processor.intake import pulls_store as store
from processor.intake.fetching import Fetched, partials
from processor.intake.pulls import After, Progress, Pull, PulledFile
from processor.intake.remote_choice import Candidate
from processor.intake.thread_work import to_its_end

log = structlog.get_logger()

HOUR = timedelta(hours=1)


class Ledger:
    """The files of one organization's pull; the caller has its turn."""

    def __init__(self, *, database: Database, inbox: Inbox, clock: Clock, pull: Pull, who: str) -> None:
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._pull = pull
        self._who = who
        self.known: dict[str, PulledFile] = {}
        self.partials: dict[str, Incoming] = {}

    async def open(self, *, keep_partials_s: float) -> None:
        """Read what is known, and settle what a crash left open; no server is asked for that."""
        async with self._database.reading() as connection:
            rows = await store.rows_of_files(connection, self._pull.org_no)
        self.known = await to_its_end(store.known_files, rows)
        self.partials = await to_its_end(partials, self._inbox, self._pull.org_id)
        for file in [one for one in self.known.values() if one.progress is Progress.ACCEPTING]:
            await self._settle(file)
        await self._clear(keep_partials_s)

    async def _settle(self, file: PulledFile) -> None:
        """Find out where a drop went: it moves on from `incoming/` to the queue, and gets its import there."""
        if file.uid in self.partials:
            await self.note(replace(file, progress=Progress.FETCHING, sha256=None))  # not accepted yet
        elif await to_its_end(self._inbox.find, self._pull.org_id, file.uid) or await self._has_import(
            file.uid
        ):
            await self._note_accepted(file)
        else:
            await self.forget(file.name)

    async def _has_import(self, uid: str) -> bool:
        async with self._database.reading() as connection:
            return await imports_store.record_of(connection, uid=uid) is not None

    async def _clear(self, keep_partials_s: float) -> None:
        """Remove partials that nobody knows of or goes on with (U3)."""
        before = self._clock.now() - timedelta(seconds=keep_partials_s)
        fetching = {one.uid: one for one in self.known.values() if one.progress is Progress.FETCHING}
        for file in fetching.values():
            partial = self.partials.get(file.uid)
            if partial is None or await to_its_end(_written_at, partial) < before.timestamp():
                await self.drop(file.name)
        kept = {one.uid for one in self.known.values() if one.progress is Progress.FETCHING}
        for uid in [uid for uid in self.partials if uid not in kept]:
            await to_its_end(self._inbox.discard, self.partials.pop(uid))

    def partial_of(self, candidate: Candidate) -> Incoming | None:
        """Return what came of this very file before."""
        file = self.known.get(candidate.name)
        if file is None or not file.is_same(candidate.size_bytes, candidate.mtime):
            return None
        return self.partials.get(file.uid) if file.progress is Progress.FETCHING else None

    async def begin(self, candidate: Candidate, incoming: Incoming) -> None:
        """Note that a file is fetched into `incoming`; what came of an older one of that name goes."""
        old = self.known.get(candidate.name)
        await self.note(
            self._file(candidate, incoming, Progress.FETCHING, self._sha256_before(candidate.name))
        )
        if old is not None and old.uid in self.partials:
            await to_its_end(self._inbox.discard, self.partials.pop(old.uid))
        self.partials[incoming.meta.uid] = incoming

    async def accept(self, candidate: Candidate, got: Fetched) -> PulledFile:
        """Rule U2: put the file into the queue; whatever is killed meanwhile, it is one drop.

        Raises:
            UploadLostError: the disk failed; the file is gone and will be fetched anew.
            QueueBrokenError: the process must stop.
        """
        file = self._file_of(candidate, got, Progress.ACCEPTING)
        await self.note(file)
        await to_its_end(self._inbox.accept, got.incoming)
        self.partials.pop(file.uid, None)
        return await self._note_accepted(file)

    async def _note_accepted(self, file: PulledFile) -> PulledFile:
        accepted = replace(file, progress=self._accepted, at=self._now())
        await self.note(accepted, Event.PULL_FETCHED, f"{file.name} ({file.size_bytes} bytes)")
        log.info(
            "pull.fetched",
            org=self._pull.org_id,
            name=file.name,
            uid=file.uid,
            size_bytes=file.size_bytes,
        )
        return accepted

    async def drop(self, name: str) -> None:
        """Throw away what came of a file; what is known of the one that was accepted before stays."""
        file = self.known.get(name)
        if file is not None and file.uid in self.partials:
            await to_its_end(self._inbox.discard, self.partials.pop(file.uid))
        if file is None or file.progress is not Progress.FETCHING or file.sha256 is None:
            await self.forget(name)

    async def drop_empty(self, name: str) -> None:
        """Throw away a partial of which nothing came; else it is gone on with when the server can read it again."""
        file = self.known.get(name)
        partial = None if file is None else self.partials.get(file.uid)
        if partial is not None and not await to_its_end(_size_of, partial):
            await self.drop(name)

    def was_accepted(self, fetched: Candidate, sha256: str) -> bool:
        """Rule S2: whether the very bytes of this name were accepted last, and its time alone is another."""
        return self._sha256_before(fetched.name) == sha256

    def _sha256_before(self, name: str) -> str | None:
        """Return what the file of that name held which was accepted last; None where it went from the source."""
        file = self.known.get(name)
        if file is None or file.progress in (Progress.ACCEPTING, Progress.GONE):
            return None
        return file.sha256

    async def keep(self, candidate: Candidate, got: Fetched) -> None:
        """Note that a file is the one that was accepted before, under another time."""
        await self.note(self._file_of(candidate, got, self._accepted))
        self.partials.pop(got.incoming.meta.uid, None)
        await to_its_end(self._inbox.discard, got.incoming)

    async def accepted_within_the_hour(self) -> int:
        """Return how many files were accepted (U9); a name counts as often as it came."""
        since = self._clock.now() - HOUR
        async with self._database.reading() as connection:
            return await count_since(connection, self._pull.org_no, Event.PULL_FETCHED, since)

    async def note(self, file: PulledFile, event: Event | None = None, detail: str | None = None) -> None:
        """Write a step, with its line of the audit trail where it has one (A5)."""
        async with self._database.writing() as connection:
            await store.note_file(connection, self._pull, file)
            if event is not None:
                await append(connection, [self._entry(event, detail)])
        self.known[file.name] = file

    async def forget(self, name: str) -> None:
        """Forget a name."""
        async with self._database.writing() as connection:
            await store.forget_file(connection, self._pull.org_no, name)
        self.known.pop(name, None)

    async def tidy(self, listed: Iterable[str]) -> None:
        """Keep what is remembered bounded."""
        surplus = surplus_of(self.known, set(listed), limit=store.MAX_REMEMBERED)
        if surplus or any(file.progress is Progress.GONE for file in self.known.values()):
            async with self._database.writing() as connection:
                await store.tidy(connection, self._pull.org_no, surplus=surplus, now=self._clock.now())

    @property
    def _accepted(self) -> Progress:
        return Progress.ACCEPTED if self._pull.server.after is After.REMEMBER else Progress.LEAVING

    def _file_of(self, candidate: Candidate, got: Fetched, progress: Progress) -> PulledFile:
        file = self._file(candidate, got.incoming, progress, got.sha256)
        return replace(file, seen_mtime=got.seen_mtime)

    def _file(
        self, candidate: Candidate, incoming: Incoming, progress: Progress, sha256: str | None = None
    ) -> PulledFile:
        return PulledFile(
            name=candidate.name,
            size_bytes=candidate.size_bytes,
            mtime=candidate.mtime,
            uid=incoming.meta.uid,
            progress=progress,
            sha256=sha256,
            at=self._now(),
        )

    def _entry(self, event: Event, detail: str | None) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(),
            event=event,
            who=self._who,
            org_id=self._pull.org_id,
            address=self._pull.server.host,
            detail=detail,
        )

    def _now(self) -> str:
        return to_text(self._clock.now())


def _size_of(partial: Incoming) -> int:
    try:
        return partial.data.stat().st_size
    except FileNotFoundError:
        return 0


def _written_at(partial: Incoming) -> float:
    try:
        return partial.data.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def surplus_of(known: Mapping[str, PulledFile], listed: set[str], *, limit: int) -> list[str]:
    """Return the names to forget: beyond `limit` the oldest that the folder does not list any more."""
    over = len(known) - limit
    if over <= 0:
        return []
    old = sorted((one.at, one.name) for one in known.values() if one.name not in listed)
    return [name for _, name in old[:over]]
