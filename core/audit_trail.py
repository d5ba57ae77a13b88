"""Writes the daemon's audit entries in batches (rule A5), so that no upload and no request waits for the database.

`add` only puts an entry into memory. A dead database makes the queue longer; a full queue drops the oldest entries,
counts them, and says so in the trail as soon as it can. A stop in good order writes everything.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from core import audit_store
from core.audit import DAEMON, AuditEntry, Event
from core.clock import Clock
from core.database import Database

log = structlog.get_logger()

QUEUE_LIMIT = 100_000
BATCH = 500
PAUSE_S = 0.25  # what comes within it goes into one transaction
TROUBLE_PAUSE_S = 2.0
LAST_TRIES = 5


class AuditTrail:
    """The daemon's end of the trail; `add` may be called from any thread."""

    def __init__(self, *, database: Database, clock: Clock, limit: int = QUEUE_LIMIT) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit
        self._waiting: deque[AuditEntry] = deque()
        self._lost = 0
        self._stop = asyncio.Event()

    def add(self, entry: AuditEntry) -> None:
        """Put an entry into the queue; this never waits and never fails."""
        if len(self._waiting) >= self._limit:
            with suppress(IndexError):
                self._waiting.popleft()
                self._lost += 1
        self._waiting.append(entry)

    @property
    def waiting(self) -> int:
        """How many entries are not written yet."""
        return len(self._waiting)

    async def run(self) -> None:
        """Write until `stop`; a cancelled commit might be written twice, so nothing is cancelled."""
        pause_s = PAUSE_S
        while not self._stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stop.wait()
            try:
                await self.flush()
                pause_s = PAUSE_S
            except Exception as exc:  # noqa: BLE001  # it is tried again for as long as the process lives
                log.warning("audit.troubled", reason=type(exc).__name__, waiting=self.waiting)
                pause_s = TROUBLE_PAUSE_S

    async def flush(self) -> None:
        """Write what waits, a batch for each transaction; what is not committed stays in the queue."""
        while self._waiting or self._lost:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            lost, self._lost = self._lost, 0
            try:
                async with self._database.writing() as connection:
                    await audit_store.append(connection, [*self._notice(lost), *batch])
            except BaseException:
                self._waiting.extendleft(reversed(batch))
                self._lost += lost
                raise

    def _notice(self, lost: int) -> list[AuditEntry]:
        if not lost:
            return []
        detail = f"{lost} entries did not fit into memory while the database did not answer"
        return [AuditEntry(at=self._clock.now(), event=Event.AUDIT_LOST, who=DAEMON, detail=detail)]

    def stop(self) -> None:
        """Let `run` end."""
        self._stop.set()

    async def close(self) -> None:
        """Write everything; after some tries the rest is given up, and the log says how much."""
        for _ in range(LAST_TRIES):
            try:
                await self.flush()
            except Exception:  # noqa: BLE001  # the disk may have room again
                await asyncio.sleep(PAUSE_S)
            else:
                return
        log.error("audit.lost", entries=self.waiting)


@asynccontextmanager
async def audit_trail(*, database: Database, clock: Clock) -> AsyncIterator[AuditTrail]:
    """Open a trail that writes by itself until the block ends, and then everything that is left."""
    trail = AuditTrail(database=database, clock=clock)
    writer = asyncio.create_task(trail.run(), name="audit trail")
    try:
        yield trail
    finally:
        await asyncio.shield(_ended(trail, writer))


async def _ended(trail: AuditTrail, writer: asyncio.Task[None]) -> None:
    trail.stop()
    await writer
    await trail.close()
