"""What a run comes to and when the next is due (rules S1, S2): state, audit, mails, secrets at rest, side by side."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.sealing import SecretLostError
from core.secrets_key import SecretsKeyMissingError
from processor.intake import pulls_store
from processor.intake import sftp_wire as wire
from processor.intake.pull_keeper import PullKeeper, Tools
from processor.intake.pulls import NoPullError
from processor.intake.sftp_wire import Answer
from processor.intake.ssh_connection import Patience
from tests.integration.directory.house import House, open_house
from tests.integration.intake.pull_world import World, new_world
from tests.integration.intake.remote_server import PASSWORD, Server, running


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def world(house: House, tmp_path: Path) -> AsyncIterator[World]:
    async with running(Server()) as server:
        yield await new_world(house, server, tmp_path)


class Mute(Server):
    """Takes logins and answers nothing."""

    async def respond(self, kind: int, request: Answer) -> list[bytes]:
        return []


async def test_s02_a_changed_host_key_stops_with_one_mail_and_goes_on_with_the_old_key(world: World) -> None:
    world.server.put("users.csv", b"x")
    await world.add()
    old = world.server.key
    await world.server.change_key()
    for _ in range(3):
        assert (await world.run()).error is not None
        world.org.clock.move(days=2)
    assert await world.mails() == ["Mavericks: another host key, fetching is stopped"]
    assert (await world.pull()).state.stopped_at is not None
    assert world.server.passwords == []
    world.server.key = old
    await world.server.stop()
    await world.server.start(world.server.port)
    assert (await world.run()).complaint is None
    assert (await world.pull()).state.stopped_at is None
    assert (await world.audited())[-2:] == ["pull.fetched", "pull.recovered"]


async def test_s02_a_dead_server_is_told_of_at_the_third_failure_then_daily_until_it_works(
    world: World,
) -> None:
    await world.add()
    await world.server.stop()
    told = []
    for _ in range(5):
        await world.run()
        told.append(len(await world.mails()))
    assert told == [0, 0, 1, 1, 1]
    world.org.clock.move(hours=24)
    await world.run()
    assert len(await world.mails()) == 2
    await world.server.start(world.server.port)
    await world.run()
    await world.server.stop()
    for _ in range(3):
        await world.run()
    assert len(await world.mails()) == 3
    assert (await world.audited()).count("pull.failed") == 9


async def test_s02_secrets_lie_encrypted_and_open_with_the_key_of_keys_only(
    world: World, tmp_path: Path
) -> None:
    await world.add()
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    (tmp_path / "keys" / "secrets.key").unlink()
    report = await world.run()
    assert isinstance(report.error, SecretsKeyMissingError)
    assert not (tmp_path / "keys" / "secrets.key").exists()
    assert (await world.pull()).state.failures == 1
    assert world.server.passwords == []


async def test_s02_who_can_write_to_the_database_alone_cannot_have_the_password_sent_elsewhere(
    world: World,
) -> None:
    await world.add()
    async with running(Server()) as attacker:
        await world.org.sql(
            "UPDATE pull_servers SET port = :port, host_key = :key",
            port=attacker.port,
            key=attacker.key.get_fingerprint(),
        )
        assert isinstance((await world.run()).error, SecretLostError)
        assert attacker.passwords == []


async def test_s02_a_server_that_is_removed_ends_what_was_remembered(world: World) -> None:
    world.server.put("users.csv", b"x")
    await world.add()
    await world.run()
    async with world.org.database.writing() as connection:
        assert await pulls_store.remove_server(connection, world.org.no)
        assert not await pulls_store.remove_server(connection, world.org.no)
    assert await world.org.rows("SELECT * FROM pull_files") == []
    with pytest.raises(NoPullError):
        await world.run()


async def test_s02_a_file_is_not_accepted_when_its_organization_was_disabled_meanwhile(world: World) -> None:
    class Slow(Server):
        async def respond(self, kind: int, request: Answer) -> list[bytes]:
            if self.reads:
                await world.org.sql("UPDATE organizations SET disabled_at = 'now'")
            return await super().respond(kind, request)

    async with running(Slow()) as server:
        world.server = server
        server.put("users.csv", b"x")
        await world.add()
        with pytest.raises(NoPullError):
            await world.run()
    assert world.queued == []
    assert (await world.pull()).state.failures == 0


async def test_s02_what_a_run_finds_says_nothing_about_a_server_that_was_named_meanwhile(
    world: World,
) -> None:
    class Replaced(Server):
        """Its host key is another one, and while it is asked the operator pins that."""

        async def respond(self, kind: int, request: Answer) -> list[bytes]:
            if kind == wire.OPENDIR and not self.listings:
                await world.add()
            return await super().respond(kind, request)

    async with running(Replaced()) as server:
        world.server = server
        server.put("users.csv", b"x")
        await world.add()
        with pytest.raises(NoPullError):
            await world.run()
        assert world.queued == []
        assert (await world.pull()).state.tried_at is None
        await world.run()
    assert len(world.queued) == 1
    assert world.arriving == []


async def test_s02_trouble_with_one_file_is_one_row_of_the_audit_trail(world: World) -> None:
    world.server.put("huge.csv", b"").said_size = 1 << 62
    await world.add()
    for _ in range(4):
        await world.run()
    assert (await world.audited()) == ["pull.failed"]
    assert len(await world.mails()) == 1


async def test_s02_a_dead_server_keeps_no_other_waiting_and_what_is_disabled_stops(
    house: House, tmp_path: Path
) -> None:
    async with running(Mute()) as mute, running(Server()) as good:
        good.put("users.csv", b"x")
        worlds = [await new_world(house, server, tmp_path) for server in (mute, mute, mute, good)]
        for one in worlds:
            await one.add()
        keeper = keeper_of(worlds[-1])
        task = asyncio.create_task(keeper.run())
        try:
            await until(lambda: bool(worlds[-1].queued))
            await until(lambda: mute.sessions == 3)
            assert [one.queued for one in worlds[:-1]] == [[], [], []]
            await worlds[0].org.sql("UPDATE organizations SET disabled_at = 'now' WHERE no = :org")
            await until(lambda: len(keeper.running) == 2)
        finally:
            task.cancel()
            await asyncio.wait({task})


def keeper_of(world: World) -> PullKeeper:
    tools = Tools(
        database=world.org.database,
        inbox=world.org.inbox,
        clock=world.org.clock,
        settings=world.settings,
        room=lambda _organization: world.room,
        who="daemon",
        patience=Patience(request_s=3_600),
    )
    return PullKeeper(tools=tools, told=lambda _org_id: None)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - another task does it, and tells nobody
            await asyncio.sleep(0.02)
