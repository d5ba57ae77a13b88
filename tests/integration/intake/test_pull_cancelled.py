"""Pulls that are cancelled, also twice (rules S2, U2): threads end first, what came is kept, a file is one drop."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.inbox import Drop, Inbox, Incoming
from processor.intake import pulls_store
from tests.integration.directory.house import House, open_house
from tests.integration.intake.pull_world import FreeRoom, World, new_world
from tests.integration.intake.remote_server import Server, running
from tests.integration.intake.test_pull_keeper import keeper_of, until

MIB = 1 << 20


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


class Gate:
    """Holds a thread up."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def pass_through(self) -> None:
        self.reached.set()
        assert self.opened.wait(60)


class SlowInbox(Inbox):
    """Its disk takes its time to accept."""

    gate: Gate

    def accept(self, incoming: Incoming, **changes: Any) -> Drop:
        self.gate.pass_through()
        return super().accept(incoming, **changes)


async def cancelled_thrice(task: "asyncio.Task[Any]", gate: Gate) -> None:
    """Cancel it while a thread works: it does not end before the thread."""
    await asyncio.to_thread(gate.reached.wait, 60)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
    gate.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_s02_u02_cancelled_while_a_file_is_accepted_it_is_one_drop(
    house: House, tmp_path: Path
) -> None:
    async with running(Server()) as server:
        world = await new_world(house, server, tmp_path)
        server.put("users.csv", b"x")
        await world.add()
        inbox = SlowInbox(data_dir=tmp_path / "data", clock=world.org.clock)
        inbox.gate = Gate()
        await cancelled_thrice(asyncio.create_task(world.run(inbox=inbox)), inbox.gate)
        server.served = 0
        assert (await world.run()).complaint is None
        assert server.served == 0
    assert (world.queued, world.arriving) == ([("users.csv", b"x")], [])


async def test_s02_cancelled_while_a_thread_uses_the_partial_it_is_resumed(
    house: House, tmp_path: Path
) -> None:
    gate = Gate()

    class SlowRoom(FreeRoom):
        """Looks at the disk for long, when 64 MiB have come."""

        def space_refusal(self, growth_bytes: int) -> str | None:
            if growth_bytes == 0:
                gate.pass_through()
            return None

    data = bytes(range(256)) * 4 * 66 * 1024
    async with running(Server()) as server:
        world = await new_world(house, server, tmp_path)
        server.put("users.csv", data)
        await world.add()
        world.room = SlowRoom()
        await cancelled_thrice(asyncio.create_task(world.run()), gate)
        (came,) = world.arriving
        assert came >= 64 * MIB
        server.served = 0
        assert (await world.run()).complaint is None
        assert server.served < 3 * MIB
    assert world.queued == [("users.csv", data)]


class Stuck(Server):
    """Begins to send a file and never goes on."""

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        return super().read(number, name, offset, length) if offset == 0 else []


@pytest.mark.parametrize("change", ["replaced", "removed", "disabled"])
async def test_s02_what_is_under_way_stops_when_its_server_is_changed_or_removed_or_the_organization_disabled(
    house: House, tmp_path: Path, change: str
) -> None:
    async with running(Stuck()) as stuck, running(Server()) as good:
        world = await new_world(house, stuck, tmp_path)
        stuck.put("users.csv", b"x" * MIB)
        good.put("users.csv", b"good")
        await world.add()
        keeper = keeper_of(world)
        task = asyncio.create_task(keeper.run())
        try:
            await until(lambda: bool(stuck.reads))
            await _change(world, change, good)
            if change == "replaced":
                await until(lambda: world.queued == [("users.csv", b"good")])
            await until(lambda: not keeper.running)
        finally:
            task.cancel()
            await asyncio.wait({task})
    assert stuck.sessions == 1
    assert len(world.queued) == (1 if change == "replaced" else 0)


async def _change(world: World, change: str, good: Server) -> None:
    match change:
        case "replaced":
            world.server = good
            await world.add()
        case "removed":
            async with world.org.database.writing() as connection:
                await pulls_store.remove_server(connection, world.org.no)
        case _:
            await world.org.sql("UPDATE organizations SET disabled_at = 'now' WHERE no = :org")
