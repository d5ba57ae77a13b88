"""The daemon's worker processes: imports run in them, so that the loop that serves SFTP never waits for one (U7)."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from core.database import DatabaseBrokenError
from core.errors import ServiceError
from core.inbox import Drop
from core.settings import Settings
from processor.imports import Outcome

log = structlog.get_logger()

SETTLE_STEP_S = 0.02
# A large import makes large arrays: one arena, and every array of its own mapping, so that freed ones go back
# (measured at a million rows: 268 MB after the import instead of 461).
MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"}
READY_S = 60.0  # to import its modules and open the database, on a busy machine
# Five million rows take minutes. What has no answer after so long hangs, and counts as a crash of that file: the
# transaction rolls back, and its organization's queue does not stand for ever.
LONGEST_IMPORT_S = 2 * 3600.0
END_S = 5.0  # O2: what a worker gets to end by itself when its input ends


class WorkerStartError(ServiceError):
    """A worker process ended before it was ready: memory, or a broken installation."""

    code = "worker_start"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one drop."""

    done: bool
    held: bool = False  # for approval: what is behind it waits (G1)
    crashed: bool = False  # the worker died of it, or something unforeseen was raised


class _Worker:
    """One process; it answers one request at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ready(self, settings: bytes) -> None:
        """Hand the settings over and wait until it has opened the database.

        Raises:
            EOFError: the process is gone.
        """
        await self._write(settings)
        await self._read()

    async def work(self, drop: Drop) -> dict[str, Any]:
        """Hand a drop over and wait.

        Raises:
            EOFError: the process is gone.
        """
        await self._write(json.dumps({"org": drop.org_id, "uid": drop.meta.uid}).encode() + b"\n")
        return await self._read()

    async def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            await self._process.stdin.drain()
        except ConnectionError as exc:
            raise EOFError from exc

    async def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def end(self) -> None:
        """Close its input, which ends it; after five seconds it is killed."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


class WorkerPool:
    """Up to `import_workers` processes; the first starts with the daemon, others when they are needed."""

    def __init__(self, *, settings: Settings, longest_import_s: float = LONGEST_IMPORT_S) -> None:
        self._settings = settings.model_dump_json().encode() + b"\n"
        self._longest_import_s = longest_import_s
        self._free: list[_Worker] = []
        self._places = asyncio.Semaphore(settings.import_workers)
        self._all: set[_Worker] = set()

    async def work(self, drop: Drop) -> Answer:
        """Import one drop in a worker; one that dies of it, or hangs, is replaced."""
        async with self._places:
            try:
                worker = self._free.pop() if self._free else await self._start()
            except (WorkerStartError, OSError) as exc:  # no memory, too many processes: it may pass
                log.warning("worker.not_started", reason=type(exc).__name__)
                return Answer(done=False)
            try:
                async with asyncio.timeout(self._longest_import_s):
                    answer = await worker.work(drop)
            except EOFError:
                log.warning("worker.died", org=drop.org_id, uid=drop.meta.uid)
                await self._drop(worker)
                return Answer(done=False, crashed=True)
            except TimeoutError:
                log.warning("worker.hung", org=drop.org_id, uid=drop.meta.uid)
                await self._drop(worker)
                return Answer(done=False, crashed=True)
            except asyncio.CancelledError:
                await asyncio.shield(self._drop(worker))
                raise
            if "fatal" in answer:
                raise DatabaseBrokenError(answer["fatal"])
            self._free.append(worker)
            return Answer(
                done=answer["done"],
                held=answer.get("outcome") == Outcome.HELD,
                crashed=answer.get("crashed", False),
            )

    async def warm_up(self) -> None:
        """Start the first worker, so that the first drop waits for nothing."""
        async with self._places:
            self._free.append(await self._start())

    async def settle(self, timeout_s: float) -> None:
        """Rule O2: give the imports at hand time to finish; what does not is rolled back by `close`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while len(self._free) < len(self._all):  # noqa: ASYNC110  # once in a process's life
                    await asyncio.sleep(SETTLE_STEP_S)

    async def close(self) -> None:
        """End all workers."""
        await asyncio.gather(*(self._drop(worker) for worker in list(self._all)))

    async def _start(self) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the folder in which the daemon was started is none of its modules' places
            "-m",
            "processor.worker",
            env={**os.environ, **MEMORY},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        worker = _Worker(process)
        self._all.add(worker)
        try:
            async with asyncio.timeout(READY_S):
                await worker.ready(self._settings)
        except (EOFError, TimeoutError) as exc:
            await self._drop(worker)
            raise WorkerStartError(
                "A worker process for imports could not start; its error stands above."
            ) from exc
        return worker

    async def _drop(self, worker: _Worker) -> None:
        self._all.discard(worker)
        await worker.end()


@asynccontextmanager
async def worker_pool(settings: Settings) -> AsyncIterator[WorkerPool]:
    """Open the pool; all its processes have ended when the block has."""
    pool = WorkerPool(settings=settings)
    try:
        yield pool
    finally:
        await asyncio.shield(pool.close())
