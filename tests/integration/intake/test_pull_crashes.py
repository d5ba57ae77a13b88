"""A crash at each step of a pull (rules S2, U2): one file is one drop, and the source is left as configured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from core.database import Database, DatabaseBrokenError
from core.inbox import Drop, Inbox, Incoming, QueueBrokenError
from processor.intake.pulls import After
from tests.integration.directory.house import open_house
from tests.integration.intake.pull_world import new_world
from tests.integration.intake.remote_server import Cut, Server, running

FILES = {"teams.csv": b"Team Name\nOps\n", "users.csv": b"User Email\nann@x.example\n" * 3_000}


class Crash(BaseException):
    """The process is killed here."""


class Fuse:
    """Blows at the n-th step."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Crash


class BreakingDatabase:
    """Crashes before a commit and after it."""

    def __init__(self, database: Database, fuse: Fuse) -> None:
        self._database = database
        self._fuse = fuse
        self.reading = database.reading

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        self._fuse.step()
        async with self._database.writing() as connection:
            yield connection
        self._fuse.step()


class BreakingInbox(Inbox):
    """Crashes around each step on disk."""

    fuse: Fuse

    def begin(self, **values: Any) -> Incoming:
        self.fuse.step()
        begun = super().begin(**values)
        self.fuse.step()
        return begun

    def accept(self, incoming: Incoming, **changes: Any) -> Drop:
        self.fuse.step()
        drop = super().accept(incoming, **changes)
        self.fuse.step()
        return drop


class BreakingServer(Server):
    """The process is killed before or after the server did what it was asked for: the answer never comes."""

    fuse: Fuse | None = None

    def rename(self, number: bytes, name: bytes, target: bytes) -> bytes:
        return self._around(lambda: super(BreakingServer, self).rename(number, name, target))

    def remove(self, number: bytes, name: bytes) -> bytes:
        return self._around(lambda: super(BreakingServer, self).remove(number, name))

    def _around(self, work: Any) -> bytes:
        try:
            if self.fuse is not None:
                self.fuse.step()
            done: bytes = work()
            if self.fuse is not None:
                self.fuse.step()
        except Crash as exc:
            raise Cut from exc
        return done


class BrokenDatabase(BreakingDatabase):
    """Its disk fails at the n-th commit."""

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        try:
            async with super().writing() as connection:
                yield connection
        except Crash as exc:
            raise DatabaseBrokenError("The disk fails.") from exc


class BrokenInbox(Inbox):
    """Its queue's disk fails."""

    def accept(self, incoming: Incoming, **changes: Any) -> Drop:
        raise QueueBrokenError("The disk fails.")


@pytest.mark.parametrize("steps", range(2, 8))
async def test_s02_a_database_whose_disk_fails_is_no_trouble_of_the_server(
    tmp_path: Path, steps: int
) -> None:
    async with open_house(tmp_path) as house, running(Server()) as server:
        world = await new_world(house, server, tmp_path)
        server.put("users.csv", b"x")
        await world.add()
        database: Any = BrokenDatabase(world.org.database, Fuse(steps))
        with pytest.raises(DatabaseBrokenError):
            await world.run(database=database)
        assert (await world.pull()).state.failures == 0


async def test_s02_u02_a_queue_whose_disk_fails_ends_the_process(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, running(Server()) as server:
        world = await new_world(house, server, tmp_path)
        server.put("users.csv", b"x")
        await world.add()
        inbox = BrokenInbox(data_dir=tmp_path / "data", clock=world.org.clock)
        with pytest.raises(QueueBrokenError):
            await world.run(inbox=inbox)
        await world.run()
    assert world.queued == [("users.csv", b"x")]


@pytest.mark.parametrize("is_changed", [False, True])
async def test_s02_u02_whatever_is_killed_a_file_under_another_time_is_a_drop_only_if_its_bytes_changed(
    tmp_path: Path, is_changed: bool
) -> None:
    steps = 0
    async with open_house(tmp_path) as house, running(Server()) as server:
        while True:
            world = await new_world(house, server, tmp_path)
            server.files.clear()
            file = server.put("users.csv", b"one", mtime=10_000)
            await world.add()
            await world.run()
            file.mtime += 3_600
            file.data = b"two" if is_changed else b"one"
            fuse = Fuse(steps)
            inbox = BreakingInbox(data_dir=tmp_path / "data", clock=world.org.clock)
            inbox.fuse = fuse
            database: Any = BreakingDatabase(world.org.database, fuse)
            with suppress(Crash):
                await world.run(database=database, inbox=inbox)
            for _ in range(2):
                await world.run()
            wanted = [b"one", b"two"] if is_changed else [b"one"]
            assert [data for _, data in world.queued] == wanted, f"killed at step {steps}"
            assert world.arriving == [], f"killed at step {steps}"
            if fuse.left >= 0:
                break
            steps += 1
    assert steps > 8


@pytest.mark.parametrize("after", list(After))
async def test_s02_u02_whatever_is_killed_each_file_is_one_drop(tmp_path: Path, after: After) -> None:
    steps = 0
    async with open_house(tmp_path) as house, running(BreakingServer()) as server:
        while True:
            world = await new_world(house, server, tmp_path)
            server.files.clear()
            for name, data in FILES.items():
                server.put(name, data)
            await world.add(after)
            fuse = Fuse(steps)
            inbox = BreakingInbox(data_dir=tmp_path / "data", clock=world.org.clock)
            inbox.fuse = server.fuse = fuse
            database: Any = BreakingDatabase(world.org.database, fuse)
            with suppress(Crash):
                await world.run(database=database, inbox=inbox)
            server.fuse = None
            await world.run()
            await world.run()
            assert sorted(world.queued) == sorted(FILES.items()), f"killed at step {steps}"
            assert world.arriving == [], f"killed at step {steps}"
            kept = list(FILES) if after is After.REMEMBER else []
            assert [name for name in server.names if not name.endswith(".fetched")] == kept, steps
            assert len(server.names) == (0 if after is After.DELETE else 2), steps
            if fuse.left >= 0:
                break
            steps += 1
    assert steps > 15
