"""Works the queues: drops of one organization strictly in order, those of different ones side by side (rule U7)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from core.database import TROUBLES
from core.inbox import Drop, Inbox
from processor.workers import Answer

log = structlog.get_logger()

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GATHER_S = 0.5  # between looks while a client sends many drops that wait
GATHER_TIMES = 10
LOOK_AGAIN_S = 10.0  # timed actions happen within 10 s of their time (S1)


class Queues:
    """One task for each organization that has something in its queue; it ends when the queue is empty."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        work: Callable[[Drop], Awaitable[Answer]],
        blame: Callable[[Drop], Awaitable[None]],
        wait_s: Callable[[Drop], Awaitable[float | None]],
        let_wait: Callable[[str, list[Drop]], Awaitable[None]],
        finished: Callable[[str], None],
        group: asyncio.TaskGroup,
    ) -> None:
        self._inbox = inbox
        self._work = work
        self._blame = blame
        self._wait_s = wait_s
        self._let_all_wait = let_wait
        self._finished = finished
        self._group = group
        self._again: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, set[str]] = {}
        self._stopping = False

    def nudge(self, org_id: str) -> None:
        """Say that the organization's queue may have something; from the loop's own thread, as often as you like."""
        if self._stopping:
            return
        if org_id in self._again:
            self._again[org_id].set()
        else:
            self._again[org_id] = asyncio.Event()
            self._group.create_task(self._work_queue(org_id), name=f"queue of {org_id}")

    def stop(self) -> None:
        """Begin no further drop; those at hand are finished or rolled back by whoever ends the workers (O2)."""
        self._stopping = True
        for event in self._again.values():
            event.set()

    async def _work_queue(self, org_id: str) -> None:
        """Work one queue until it is empty; trouble that passes is retried at its head."""
        again = self._again[org_id]
        pause_s = FIRST_PAUSE_S
        while not self._stopping:
            again.clear()
            try:
                drop = next(iter(await asyncio.to_thread(self._inbox.queue, org_id, first=1)), None)
                wait_s = None if drop is None else await self._wait_s(drop)
                if drop is None:
                    await asyncio.to_thread(self._inbox.discard_emptied, org_id)
                if drop is None or wait_s is None:
                    if not again.is_set():
                        break
                elif wait_s > 0:
                    await self._let_wait(org_id)
                    await _pause(again, min(wait_s, LOOK_AGAIN_S))
                    await self._gather(again)
                else:
                    pause_s = await self._work_one(drop, again, pause_s)
            except TROUBLES as exc:
                log.warning("queue.deferred", org=org_id, reason=type(exc).__name__)
                await _pause(again, pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        self._again.pop(org_id, None)
        self._waiting.pop(org_id, None)

    async def _let_wait(self, org_id: str) -> None:
        """Rule S1: register those behind the first as waiting, too; each once, and those that came together in one."""
        known = self._waiting.setdefault(org_id, set())
        known.intersection_update(await asyncio.to_thread(self._inbox.queued_uids, org_id))
        drops = await asyncio.to_thread(self._inbox.queue, org_id, without=known)
        if drops:
            await self._let_all_wait(org_id, drops)
            known.update(drop.meta.uid for drop in drops)
            self._finished(org_id)  # their mails

    async def _gather(self, again: asyncio.Event) -> None:
        """Let a client that sends many files send them: what it waits for counts more than what is not due."""
        for _ in range(GATHER_TIMES):
            if self._stopping or not again.is_set():
                return
            again.clear()
            await asyncio.sleep(GATHER_S)

    async def _work_one(self, drop: Drop, again: asyncio.Event, pause_s: float) -> float:
        self._inbox.raise_floor(drop.org_id, drop.seq)
        answer = await self._work(drop)
        if answer.done:
            self._finished(drop.org_id)
            return FIRST_PAUSE_S
        if answer.held:
            self._finished(drop.org_id)  # its mails
            pause_s = LOOK_AGAIN_S
        elif answer.crashed:
            await self._blame(drop)
        await _pause(again, pause_s)  # or until a new drop, an approval
        return FIRST_PAUSE_S if answer.held else min(pause_s * 2, LONGEST_PAUSE_S)


async def _pause(again: asyncio.Event, pause_s: float) -> None:
    """Wait, or until a nudge. Not `wait_for`: in Python 3.11 it loses a cancellation that meets a nudge."""
    with suppress(TimeoutError):
        async with asyncio.timeout(pause_s):
            await again.wait()
