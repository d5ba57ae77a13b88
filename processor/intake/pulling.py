"""One run of a pull (rule S2): look twice, fetch what is complete in order, and leave the source as configured."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from core.clock import Clock
from core.database import Database, DatabaseBrokenError
from core.errors import BusyError, ServiceError
from core.inbox import Inbox, Incoming, QueueBrokenError, UploadLostError
from core.locks import TurnLock
from processor.intake.fetching import Fetched, NoRoomError, NotTakenError, Room, begin, fetch
from processor.intake.leaving import Left, leave
from processor.intake.pull_ledger import Ledger
from processor.intake.pulls import Progress, Pull, PulledFile, PullServer
from processor.intake.remote_choice import (
    FETCHED,
    Candidate,
    Choice,
    Skipped,
    choose,
)
from processor.intake.remote_session import (
    FileChangedError,
    RemoteRefusedError,
    RemoteSession,
    open_session,
)
from processor.intake.sftp_wire import Entry
from processor.intake.ssh_connection import PATIENT, Patience
from processor.intake.thread_work import to_its_end

log = structlog.get_logger()

TROUBLES_TOLD = 5
TROUBLES_LOGGED = 20  # of one run
LEFT_AT_ONCE = 100  # files that could not be renamed or deleted before

Progressed = Callable[[int, int], None]  # bytes that came, bytes in all


class PullBusyError(BusyError):
    """Another process fetches for this organization."""

    code = "pull_busy"


class RunTooLongError(ServiceError):
    """The run took longer than it may."""

    code = "too_slow"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did."""

    fetched: tuple[PulledFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    changing: tuple[str, ...] = ()  # names of files that are still being written
    troubles: tuple[str, ...] = ()  # sentences about single files
    deferred: bool = False  # enough for this hour
    error: ServiceError | None = None  # what ended it early

    @property
    def complaint(self) -> str | None:
        """What an operator must hear of, in a sentence or some."""
        said = [self.error.public_message] if self.error else []
        more = len(self.troubles) - TROUBLES_TOLD
        rest = [f"And {more} files more."] if more > 0 else []
        return " ".join([*said, *self.troubles[:TROUBLES_TOLD], *rest]) or None


async def two_looks(
    session: RemoteSession, server: PullServer, known: dict[str, PulledFile], *, quiet_time_s: float
) -> tuple[Choice, list[Entry]]:
    """Rule S2: choose by two looks at the folder; where the first finds nothing to fetch there is no second."""
    entries = await session.listing(server.folder)
    first = await asyncio.to_thread(choose, entries, pattern=server.pattern, known=known)
    if not first.fetch:
        return first, entries
    await asyncio.sleep(quiet_time_s)
    entries = await session.listing(server.folder)
    before = {one.name: one for one in first.fetch}
    return await asyncio.to_thread(
        choose, entries, before=before, pattern=server.pattern, known=known
    ), entries


class PullRun:
    """Fetches for one organization, once; the caller has its turn (`turn_of`)."""

    def __init__(
        self,
        *,
        database: Database,
        inbox: Inbox,
        clock: Clock,
        pull: Pull,
        room: Room,
        who: str,
        quiet_time_s: float,
        partial_keep_s: float,
        patience: Patience = PATIENT,
        progressed: Progressed = lambda _done, _total: None,
    ) -> None:
        self._patience = patience
        self._inbox = inbox
        self._pull = pull
        self._server = pull.server
        self._room = room
        self._quiet_s = quiet_time_s
        self._keep_s = partial_keep_s
        self._progressed = progressed
        self._ledger = Ledger(database=database, inbox=inbox, clock=clock, pull=pull, who=who)
        self._fetched: list[PulledFile] = []
        self._changing: list[str] = []
        self._troubles: list[str] = []
        self._skipped: tuple[Skipped, ...] = ()
        self._deferred = False
        self._in_vain = 0

    async def run(self) -> Report:
        """Do it; what the server does wrong is in the report.

        Raises:
            QueueBrokenError, DatabaseBrokenError: the process must stop.
        """
        error: ServiceError | None = None
        try:
            async with asyncio.timeout(self._patience.run_s):
                await self._ledger.open(keep_partials_s=self._keep_s)
                async with open_session(self._server.account, self._patience) as session:
                    await self._pull_all(session)
        except (QueueBrokenError, DatabaseBrokenError):
            raise
        except ServiceError as exc:
            error = exc
        except TimeoutError:
            error = RunTooLongError(f"Fetching took longer than {self._patience.run_s / 3600:g} hours.")
        return Report(
            fetched=tuple(self._fetched),
            skipped=self._skipped,
            changing=tuple(self._changing),
            troubles=tuple(self._troubles),
            deferred=self._deferred,
            error=error,
        )

    async def _pull_all(self, session: RemoteSession) -> None:
        leaving = [one for one in self._ledger.known.values() if one.progress is Progress.LEAVING]
        for file in sorted(leaving, key=lambda one: one.at)[:LEFT_AT_ONCE]:
            await self._leave(session, file)
        choice, entries = await two_looks(
            session, self._server, self._ledger.known, quiet_time_s=self._quiet_s
        )
        self._skipped = choice.skipped
        self._changing += [one.name for one in choice.changing]
        await self._ledger.tidy(entry.name.decode("utf-8", "replace") for entry in entries)
        wanted = [one for one in choice.fetch if not self._is_too_large(one)]
        total, done = sum(one.size_bytes for one in wanted), 0
        for candidate in wanted:
            accepted = await self._ledger.accepted_within_the_hour()
            if self._in_vain >= self._patience.in_vain or self._room.count_refusal(accepted) is not None:
                self._deferred = True
                break
            await self._take(session, candidate, done, total)
            done += candidate.size_bytes

    def _is_too_large(self, candidate: Candidate) -> bool:
        """Rule U9: whether no server need be asked for the file."""
        refusal = self._room.size_refusal(candidate.size_bytes)
        if refusal is not None:
            self._trouble(candidate.name, f"{refusal}.")
        return refusal is not None

    async def _take(self, session: RemoteSession, candidate: Candidate, done: int, total: int) -> None:
        """Fetch, accept and leave one file; what is wrong with it alone does not stop the others."""
        self._in_vain += 1
        try:
            file = await self._accepted(session, candidate, done, total)
            if file is not None:
                self._in_vain -= 1
                self._fetched.append(file)
                if file.progress is Progress.LEAVING:
                    await self._leave(session, file)
        except FileChangedError:
            await self._ledger.drop(candidate.name)
            self._changing.append(candidate.name)
        except NotTakenError as exc:
            self._trouble(candidate.name, exc.public_message)
        except RemoteRefusedError as exc:
            if exc.is_missing:
                await self._ledger.drop(candidate.name)  # it went between two looks
            else:
                await self._ledger.drop_empty(candidate.name)
                self._trouble(candidate.name, exc.public_message)
        except (NoRoomError, UploadLostError):
            await self._ledger.drop(candidate.name)  # the disk needs the room (U9)
            raise

    async def _accepted(
        self, session: RemoteSession, candidate: Candidate, done: int, total: int
    ) -> PulledFile | None:
        """Bring the file into the queue; None where it is the one that was fetched before."""
        came = done

        def progressed(size_bytes: int) -> None:
            nonlocal came
            came += size_bytes
            self._progressed(came, total)

        got = await self._fetch(session, candidate, progressed)
        if self._ledger.was_accepted(candidate, got.sha256):
            await self._ledger.keep(candidate, got)
            self._skipped = (*self._skipped, Skipped(candidate.name, FETCHED))
            return None
        return await self._ledger.accept(candidate, got)

    async def _fetch(
        self, session: RemoteSession, candidate: Candidate, progressed: Callable[[int], None]
    ) -> Fetched:
        incoming: Incoming | None = self._ledger.partial_of(candidate)
        if incoming is None:
            incoming = await to_its_end(begin, self._inbox, self._pull.org_id, self._server, candidate.name)
            await self._ledger.begin(candidate, incoming)
        return await fetch(session, self._server, candidate, incoming, room=self._room, progressed=progressed)

    async def _leave(self, session: RemoteSession, file: PulledFile) -> None:
        try:
            left = await leave(session, self._server, file)
        except RemoteRefusedError as exc:
            self._trouble(
                file.name,
                f"{exc.public_message} It was fetched, stays where it is, and is not fetched again.",
            )
            return
        progress = Progress.GONE if left is Left.GONE else Progress.ACCEPTED
        await self._ledger.note(replace(file, progress=progress))

    def _trouble(self, name: str, reason: str) -> None:
        self._troubles.append(f"{name}: {reason}")
        if len(self._troubles) <= TROUBLES_LOGGED:
            log.warning("pull.file_refused", org=self._pull.org_id, name=name, reason=reason)


@asynccontextmanager
async def turn_of(root: Path, *, wait_s: float) -> AsyncIterator[None]:
    """Hold the turn of an organization's pull, between processes.

    Raises:
        PullBusyError: another one has it for longer than `wait_s`.
    """
    lock = TurnLock(root / "pull.lock")
    async with AsyncExitStack() as stack:
        stack.callback(lock.close)
        try:
            async with asyncio.timeout(wait_s):
                await stack.enter_async_context(lock.held())
        except TimeoutError as exc:
            raise PullBusyError("Files are being fetched for this organization: try again later.") from exc
        yield


def is_busy(root: Path) -> bool:
    """Say whether somebody has the turn (blocks)."""
    try:
        fd = os.open(root / "pull.lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
