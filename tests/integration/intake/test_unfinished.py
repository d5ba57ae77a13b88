"""A file at a customer's server that is written for ever (rule S2): told once, and again only when it ended between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.organization_settings import AT_ONCE
from processor.mail.outbox_store import list_mails
from tests.integration.directory.house import OWNER, House, open_house
from tests.integration.intake.pull_world import OPERATOR, World, new_world
from tests.integration.intake.remote_server import Server, running


class Writing(Server):
    """A program of the customer appends to a file all the time."""

    is_writing = True

    def read_folder(self, number: bytes) -> bytes:
        if self.is_writing:
            self.files[b"users.csv"].data += b"x"
        return super().read_folder(number)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def told(world: World) -> list[str]:
    async with world.org.database.reading() as connection:
        mails = await list_mails(connection)
    return sorted(mail.recipient for mail in mails if "never complete" in mail.content.subject)


@pytest.mark.parametrize("schedule", [AT_ONCE, "06:00"])
async def test_s02_a_file_that_never_stops_changing_is_told_once_after_an_hour_whatever_the_schedule(
    house: House, tmp_path: Path, schedule: str
) -> None:
    async with running(Writing()) as server:
        world = await new_world(house, server, tmp_path)
        server.put("users.csv", b"x")
        server.put("teams.csv", b"x")
        await world.add(schedule=schedule)
        for _ in range(4):
            await world.run()
            world.org.clock.move(minutes=19)
        assert (await told(world), (await world.pull()).state.failures) == ([], 0)
        await server.stop()
        await world.run()  # a look that fails keeps what is known
        assert (await world.pull()).state.changing_since is not None
        await server.start(server.port)
        for _ in range(3):
            await world.run()
            world.org.clock.move(days=1)
        assert await told(world) == sorted([OPERATOR, OWNER])
        assert await world.mails() == ["Mavericks: a file at the customer's server is never complete"]
        assert "users.csv" in ((await world.pull()).state.error or "")
        assert [name for name, _ in world.queued] == ["teams.csv"]

        server.is_writing = False
        await world.run()
        state = (await world.pull()).state
        assert (state.failures, state.error, state.changing_since) == (0, None, None)
        assert len(world.queued) == 2
        server.is_writing = True
        await world.run()
        world.org.clock.move(hours=1)
        await world.run()
        assert len(await told(world)) == 4
