"""A file that was fetched is no second drop unless its bytes changed (rule S2): other times, breaks, lost partials."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from processor.intake.pulls import After
from tests.integration.directory.house import House, open_house
from tests.integration.intake.pull_world import World, new_world
from tests.integration.intake.remote_server import Cut, File, Server, running

MIB = 1 << 20
HOUR_S = 3_600


class Cutting(Server):
    """Cuts the connection after so many bytes, once; a file may change when it was read so far."""

    cut_after = 0
    touch_after = 0

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        if self.cut_after and self.served >= self.cut_after:
            self.cut_after = 0
            raise Cut
        if self.touch_after and self.served >= self.touch_after:
            self.touch_after = 0
            self.files[name].mtime += 60
        return super().read(number, name, offset, length)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[Cutting]:
    async with running(Cutting()) as started:
        yield started


@pytest.fixture
async def world(house: House, server: Cutting, tmp_path: Path) -> World:
    made = await new_world(house, server, tmp_path)
    await made.add()
    return made


async def fetched(world: World) -> File:
    """Let a file of 5 MiB be fetched."""
    file = world.server.put("users.csv", bytes(n * 7 % 251 for n in range(5 * MIB)), mtime=100_000)
    assert len((await world.run()).fetched) == 1
    return file


@pytest.mark.parametrize("by_s", [60, -60, HOUR_S, -HOUR_S, 86_400])
async def test_s02_another_time_over_equal_bytes_is_no_new_drop_but_other_bytes_are(
    world: World, server: Cutting, by_s: int
) -> None:
    file = await fetched(world)
    file.mtime += by_s
    report = await world.run()
    assert (report.fetched, report.complaint) == ((), None)
    assert [one.name for one in report.skipped] == ["users.csv"]
    server.served = 0
    assert (await world.run()).skipped == report.skipped
    assert server.served == 0, "what is known is not read again"
    file.mtime, file.data = file.mtime + by_s, b"two"
    await world.run()
    assert [len(data) for _, data in world.queued] == [5 * MIB, 3]
    assert world.arriving == []


@pytest.mark.parametrize("breaks", [1, 2])
async def test_s02_a_break_in_the_night_of_a_change_of_the_clocks_takes_nothing_twice(
    world: World, server: Cutting, breaks: int
) -> None:
    file = await fetched(world)
    file.mtime += HOUR_S
    for _ in range(breaks):
        server.cut_after, server.served = 2 * MIB, 0
        assert (await world.run()).error is not None
        assert len(world.arriving) == 1
    assert (await world.run()).fetched == ()
    assert (len(world.queued), world.arriving) == (1, [])
    assert (await world.audited()).count("pull.fetched") == 1


async def test_s02_a_partial_that_was_thrown_away_takes_nothing_twice(world: World, server: Cutting) -> None:
    file = await fetched(world)
    file.mtime += HOUR_S
    server.cut_after, server.served = 2 * MIB, 0
    await world.run()
    file.mtime += HOUR_S  # what came is of a file with another time
    server.cut_after, server.served = 2 * MIB, 0
    await world.run()
    world.settings = world.settings.model_copy(update={"partial_keep_s": 60.0})
    world.org.clock.at = world.org.clock.at.replace(year=2100)  # what came is too old
    assert (await world.run()).fetched == ()
    assert (len(world.queued), world.arriving) == (1, [])


async def test_s02_a_file_that_is_touched_while_it_is_fetched_again_is_not_taken_twice(
    world: World, server: Cutting
) -> None:
    file = await fetched(world)
    file.mtime += HOUR_S
    server.touch_after, server.served = 2 * MIB, 0
    assert (await world.run()).changing == ("users.csv",)
    assert (await world.run()).fetched == ()
    assert (len(world.queued), world.arriving) == (1, [])


async def test_s02_a_file_that_was_broken_off_is_a_drop_when_nothing_was_accepted_before(
    world: World, server: Cutting
) -> None:
    server.put("users.csv", b"x" * (5 * MIB))
    for _ in range(2):
        server.cut_after, server.served = 2 * MIB, 0
        await world.run()
    assert len((await world.run()).fetched) == 1
    assert len(world.queued) == 1


async def test_s02_equal_bytes_are_a_drop_where_the_file_before_was_deleted_and_comes_anew(
    house: House, server: Cutting, tmp_path: Path
) -> None:
    world = await new_world(house, server, tmp_path)
    await world.add(After.DELETE)
    for mtime in (100_000, 100_000, 103_600):
        server.put("users.csv", b"same", mtime=mtime)
        await world.run()
    assert [data for _, data in world.queued] == [b"same"] * 3
