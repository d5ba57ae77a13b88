"""Fetching from a customer's server into the queue (rule S2): complete, in order, once, resumed, within limits."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import from_text
from processor.intake import sftp_wire as wire
from processor.intake.pulls import After
from tests.integration.directory.house import House, open_house
from tests.integration.intake.pull_world import World, new_world
from tests.integration.intake.remote_server import Cut, Server, running, status

MIB = 1 << 20


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def world(house: House, tmp_path: Path) -> AsyncIterator[World]:
    async with running(Server()) as server:
        yield await new_world(house, server, tmp_path)


class Cutting(Server):
    """Cuts the connection after so many bytes, once."""

    cut_after = 0

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        if self.cut_after and self.served >= self.cut_after:
            self.cut_after = 0
            raise Cut
        return super().read(number, name, offset, length)


async def test_s02_u07_files_come_in_order_of_time_and_name_as_drops_of_a_pull(world: World) -> None:
    world.server.put("c.csv", b"1", mtime=30)
    world.server.put("b.csv", b"22", mtime=10)
    world.server.put("a.csv", b"", mtime=30)
    await world.add()
    report = await world.run()
    assert report.complaint is None
    assert world.queued == [("b.csv", b"22"), ("a.csv", b""), ("c.csv", b"1")]
    meta = world.org.inbox.queue(world.org.id)[0].meta
    assert (meta.origin.account, meta.origin.address) == ("pull", None)
    assert meta.origin.client == world.server.pull_server().place
    assert (await world.audited()).count("pull.fetched") == 3
    assert world.arriving == []


async def test_s02_what_was_fetched_is_fetched_again_only_when_it_changed(world: World) -> None:
    file = world.server.put("users.csv", b"one", mtime=10_000)
    await world.add()
    await world.run()
    assert (await world.run()).fetched == ()
    file.data = b"other"
    await world.run()
    file.data = b"OTHER"
    file.mtime += 60
    await world.run()
    assert [data for _, data in world.queued] == [b"one", b"other", b"OTHER"]
    assert world.server.names == ["users.csv"]


@pytest.mark.parametrize("after", [After.RENAME, After.DELETE])
async def test_s02_a_file_that_was_accepted_is_renamed_or_deleted_and_comes_anew(
    world: World, after: After
) -> None:
    await world.add(after)
    for _ in range(2):
        world.server.put("users.csv", b"same", mtime=10)
        assert len((await world.run()).fetched) == 1
    assert len(world.queued) == 2
    left = world.server.names
    assert left == [] if after is After.DELETE else len(left) == 2
    assert all(name.startswith("users.csv.2026") and name.endswith(".fetched") for name in left)
    assert (await world.run()).fetched == ()


async def test_s02_a_server_that_does_not_allow_it_is_told_of_and_nothing_comes_twice(world: World) -> None:
    class Strict(Server):
        def remove(self, number: bytes, name: bytes) -> bytes:
            return status(number, wire.PERMISSION_DENIED, "Permission denied")

    async with running(Strict()) as server:
        world.server = server
        server.put("users.csv", b"x")
        await world.add(After.DELETE)
        for failures in (1, 2):
            report = await world.run()
            assert "Permission denied. It was fetched, stays" in (report.complaint or "")
            assert (await world.pull()).state.failures == failures
    assert len(world.queued) == 1


async def test_s02_a_server_that_only_says_that_it_deleted_gets_nothing_fetched_twice(world: World) -> None:
    class Lying(Server):
        def remove(self, number: bytes, name: bytes) -> bytes:
            return status(number, wire.OK)

    async with running(Lying()) as server:
        world.server = server
        server.put("users.csv", b"x")
        await world.add(After.DELETE)
        for _ in range(3):
            assert "still there" in ((await world.run()).complaint or "")
    assert len(world.queued) == 1


@pytest.mark.parametrize("after", [After.RENAME, After.DELETE])
async def test_s02_a_newer_file_of_the_same_size_an_hour_later_is_fetched_and_not_removed_for_the_one_before(
    world: World, after: After
) -> None:
    class Late(Server):
        """Allows removals from the second file on."""

        allows = False

        def remove(self, number: bytes, name: bytes) -> bytes:
            refused = status(number, wire.PERMISSION_DENIED, "Permission denied")
            return super().remove(number, name) if self.allows else refused

        def rename(self, number: bytes, name: bytes, target: bytes) -> bytes:
            refused = status(number, wire.PERMISSION_DENIED, "Permission denied")
            return super().rename(number, name, target) if self.allows else refused

    async with running(Late()) as server:
        world.server = server
        server.put("users.csv", b"older", mtime=10)
        await world.add(after)
        await world.run()
        server.put("users.csv", b"newer", mtime=10 + 3_600)
        server.allows = True
        await world.run()
    assert [data for _, data in world.queued] == [b"older", b"newer"]


@pytest.mark.parametrize("after", [After.RENAME, After.DELETE])
async def test_s02_a_newer_file_of_the_name_is_not_taken_for_the_one_that_was_fetched(
    world: World, after: After
) -> None:
    class Quick(Server):
        """The customer writes the next file when ours was fetched."""

        def look(self, number: bytes, kind: int, name: bytes) -> bytes:
            answer = super().look(number, kind, name)
            if kind == wire.LSTAT and self.reads and self.files.get(name) is first:
                self.put("users.csv", b"newer", mtime=20)  # between our last look and what we do then
            return answer

    async with running(Quick()) as server:
        world.server = server
        first = server.put("users.csv", b"older", mtime=10)
        await world.add(after)
        await world.run()
        await world.run()
    assert [data for _, data in world.queued] == [b"older", b"newer"]


async def test_s02_a_broken_connection_is_resumed_behind_what_came(world: World) -> None:
    data = bytes(n * 7 % 251 for n in range(5 * MIB))
    async with running(Cutting()) as server:
        server.cut_after = 3 * MIB
        world.server = server
        server.put("users.csv", data)
        await world.add()
        report = await world.run()
        assert report.error is not None
        assert report.error.retryable
        (came,) = world.arriving
        assert 2 * MIB <= came < 5 * MIB
        server.served = 0
        assert (await world.run()).complaint is None
        assert server.served < 5 * MIB - came + MIB
    assert world.queued == [("users.csv", data)]
    assert (await world.audited())[-1] == "pull.recovered"


@pytest.mark.parametrize("change", ["size", "time", "begin"])
async def test_s02_what_came_of_another_file_is_not_resumed(world: World, change: str) -> None:
    data = b"a" * (4 * MIB)
    async with running(Cutting()) as server:
        server.cut_after = 2 * MIB
        world.server = server
        file = server.put("users.csv", data)
        await world.add()
        await world.run()
        assert len(world.arriving) == 1
        file.data = b"b" * len(data)
        file.mtime += change == "time"
        file.data += b"b" * (change == "size")
        await world.run()
        assert world.queued == [("users.csv", file.data)]
    assert world.arriving == []


async def test_s02_a_file_that_grows_between_two_looks_or_while_it_is_fetched_waits(world: World) -> None:
    class Writing(Server):
        """A client writes one file all the time, another while it is read."""

        def read_folder(self, number: bytes) -> bytes:
            self.files[b"always.csv"].data += b"x"
            return super().read_folder(number)

        def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
            answer = super().read(number, name, offset, length)
            if name == b"late.csv":
                self.files[name].data += b"x"
            return answer

    async with running(Writing()) as server:
        world.server = server
        for name in ("always.csv", "late.csv", "done.csv"):
            server.put(name, b"x" * 100)
        await world.add()
        report = await world.run()
        assert report.complaint is None
        assert sorted(report.changing) == ["always.csv", "late.csv"]
        assert [name for name, _ in world.queued] == ["done.csv"]
        again = (await world.pull()).state.again_at
        assert again is not None
        assert (from_text(again) - world.org.clock.now()).total_seconds() == 60
    assert world.arriving == []


async def test_s02_u09_a_file_that_is_too_large_is_not_begun_and_the_others_come(world: World) -> None:
    world.server.put("huge.csv", b"").said_size = 1 << 62
    world.server.put("users.csv", b"x")
    await world.add()
    report = await world.run()
    assert "huge.csv: The file is too large (U9)." in (report.complaint or "")
    assert world.queued == [("users.csv", b"x")]
    assert world.server.reads == [0, 1]  # of the other file


async def test_s02_u09_a_full_disk_stops_the_run_and_leaves_nothing_half(world: World) -> None:
    world.room.full = True
    world.server.put("users.csv", b"x" * MIB)
    await world.add()
    assert "nearly full" in ((await world.run()).complaint or "")
    assert (world.queued, world.arriving) == ([], [])
    world.room.full = False
    await world.run()
    assert len(world.queued) == 1


async def test_s02_u09_an_hour_takes_so_many_files_and_the_rest_follows(world: World) -> None:
    world.room.max_count = 2
    for n in range(3):
        world.server.put(f"{n}.csv", b"x")
    await world.add()
    assert (await world.run()).deferred
    assert (await world.run()).deferred
    assert len(world.queued) == 2
    world.org.clock.move(minutes=61)
    assert not (await world.run()).deferred
    assert len(world.queued) == 3


async def test_s02_u09_one_name_that_changes_at_each_look_counts_each_time(world: World) -> None:
    world.room.max_count = 3
    await world.add()
    for n in range(5):
        world.server.put("users.csv", b"%d" % n, mtime=n)
        assert (await world.run()).deferred is (n >= 3)
    assert len(world.queued) == 3


async def test_s02_a_server_that_drips_is_given_up_and_what_came_is_kept(world: World) -> None:
    class Dripping(Server):
        """Gives the first block, and then nothing more."""

        def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
            return super().read(number, name, offset, length) if offset == 0 else []

    world.patience = type(world.patience)(request_s=30, slow_s=0.5)
    async with running(Dripping()) as server:
        world.server = server
        server.put("users.csv", b"x" * MIB)
        await world.add()
        report = await world.run()
    assert report.error is not None
    assert report.error.code == "too_slow"
    assert world.arriving == [32 * 1024]


async def test_s02_one_file_that_may_not_be_read_does_not_stop_the_others(world: World) -> None:
    class Strict(Server):
        def open(self, number: bytes, name: bytes) -> bytes:
            if name == b"a.csv":
                return status(number, wire.PERMISSION_DENIED, "Permission denied")
            return super().open(number, name)

    async with running(Strict()) as server:
        world.server = server
        for name in ("a.csv", "b.csv"):
            server.put(name, b"x")
        await world.add()
        report = await world.run()
    assert "a.csv" in (report.complaint or "")
    assert [name for name, _ in world.queued] == ["b.csv"]


async def test_s02_a_file_that_went_between_two_looks_is_no_trouble(world: World) -> None:
    class Going(Server):
        def open(self, number: bytes, name: bytes) -> bytes:
            self.files.pop(name, None)
            return super().open(number, name)

    async with running(Going()) as server:
        world.server = server
        server.put("users.csv", b"x")
        await world.add()
        report = await world.run()
    assert report.complaint is None
    assert (world.queued, world.arriving) == ([], [])
