"""Works the queues: drops of one organization strictly in order, those of different ones side by side (rule U7)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import structlog

from core.inbox import Drop, Inbox
from processor.workers import Answer

log = structlog.get_logger()

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
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
        finished: Callable[[str], None],
        group: asyncio.TaskGroup,
    ) -> None:
        self._inbox = inbox
        self._work = work
        self._blame = blame
        self._wait_s = wait_s
        self._finished = finished
        self._group = group
        self._again: dict[str, asyncio.Event] = {}
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

    def nudge_all(self, org_ids: Iterable[str]) -> None:
        """Look at all queues: at start, and now and then, for a nudge may be lost."""
        for org_id in org_ids:
            self.nudge(org_id)

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
            drops = await asyncio.to_thread(self._inbox.queue, org_id)
            wait_s = await self._longest_wait(drops) if drops else None
            if wait_s is None:
                if not again.is_set():
                    del self._again[org_id]
                    return
            elif wait_s > 0:
                self._finished(org_id)  # the mails of drops that wait
                await _pause(again, min(wait_s, LOOK_AGAIN_S))
            else:
                pause_s = await self._work_one(drops[0], again, pause_s)
        self._again.pop(org_id, None)

    async def _longest_wait(self, drops: list[Drop]) -> float | None:
        """Rule S1: how long the first drop has to wait; those behind it are registered as waiting, too."""
        first = await self._wait_s(drops[0])
        if first:
            for drop in drops[1:]:
                await self._wait_s(drop)
        return first

    async def _work_one(self, drop: Drop, again: asyncio.Event, pause_s: float) -> float:
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
