"""What the daemon remembers of queues that wait for their time (rule S1)."""

import asyncio
from collections.abc import Container
from pathlib import Path

from core.clock import SystemClock
from core.inbox import Drop, Inbox, Origin
from processor.filing.filer import leave_queue
from processor.intake.queue import Queues
from processor.workers import Answer
from tests.integration.mail.writing import eventually


class Asked(Inbox):
    """An inbox that keeps which drops its last caller knew already."""

    known: frozenset[str] = frozenset()

    def queue(self, org_id: str, *, first: int | None = None, without: Container[str] = ()) -> list[Drop]:
        if isinstance(without, set):
            self.known = frozenset(without)
        return super().queue(org_id, first=first, without=without)


async def test_s01_a_drop_that_left_a_queue_that_waits_is_not_remembered(tmp_path: Path) -> None:
    inbox = Asked(data_dir=tmp_path, clock=SystemClock())
    inbox.prepare("007")
    drops = [accepted(inbox) for _ in range(3)]
    told: list[str] = []

    async def waits(_drop: Drop) -> float | None:
        return 3600.0

    async def let_wait(_org_id: str, some: list[Drop]) -> None:
        told.extend(drop.meta.uid for drop in some)

    async def never(_drop: Drop) -> Answer:
        raise AssertionError("nothing is due")

    async def no_blame(_drop: Drop) -> None:
        raise AssertionError("nothing was worked")

    async with asyncio.TaskGroup() as group:
        queues = Queues(
            inbox=inbox,
            work=never,
            blame=no_blame,
            wait_s=waits,
            let_wait=let_wait,
            finished=lambda _org_id: None,
            group=group,
        )
        queues.nudge("007")

        async def all_told() -> bool:
            return told == [drop.meta.uid for drop in drops]

        await eventually(all_told)
        leave_queue(drops[1])
        queues.nudge("007")

        async def forgotten() -> bool:
            return inbox.known == {drops[0].meta.uid, drops[2].meta.uid}

        await eventually(forgotten)
        queues.stop()
    assert len(told) == 3, "the others are known, and told once"


def accepted(inbox: Inbox) -> Drop:
    incoming = inbox.begin(org_id="007", name="users.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(b"User Email\nann@x.example\n")
    return inbox.accept(incoming)
