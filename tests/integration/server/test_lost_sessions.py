"""A session that died holds nothing back: whoever opens its names again goes on at once (rule U3)."""

import asyncio
import threading

import asyncssh
import pytest

from tests.integration.server.conftest import Start
from tests.integration.server.world import World, eventually


async def half_sent(world: World) -> asyncssh.SSHClientConnection:
    """A connection that has written half of a file."""
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open("/local/users.csv", "wb")
    await file.write(b"half")
    return connection


async def resumed(world: World) -> None:
    async with world.sftp() as sftp, sftp.open("/local/users.csv", "ab") as file:
        await file.write(b" and half", 4)


async def test_u03_a_client_that_comes_back_waits_for_the_disk_and_is_not_refused(world: World) -> None:
    world.inbox.slow = threading.Event()
    connection = await half_sent(world)
    connection.abort()
    await eventually(lambda: world.listener.sessions == 0)
    again = asyncio.ensure_future(resumed(world))
    done, _ = await asyncio.wait({again}, timeout=0.3)
    assert not done
    world.inbox.slow.set()
    await again
    assert world.bytes_of() == b"half and half"


@pytest.mark.parametrize("do", ["remove", "rename"])
async def test_u03_what_a_lost_session_left_can_be_removed_or_renamed_at_once(world: World, do: str) -> None:
    world.inbox.slow = threading.Event()
    connection = await half_sent(world)
    connection.abort()
    await eventually(lambda: world.listener.sessions == 0)

    async def change() -> None:
        async with world.sftp() as sftp:
            if do == "remove":
                await sftp.remove("/local/users.csv")
            else:
                await sftp.rename("/local/users.csv", "/local/users.csv.part")

    changing = asyncio.ensure_future(change())
    await asyncio.wait({changing}, timeout=0.3)
    world.inbox.slow.set()
    await changing
    async with world.sftp() as sftp:
        left = [] if do == "remove" else ["users.csv.part"]
        assert await sftp.listdir("/local") == [".", "..", *left]


async def busy_session(
    world: World, *, until: asyncio.Event
) -> tuple[asyncssh.SSHClientConnection, asyncio.Future[None]]:
    """A session that has `users.csv` open, half written, and whose removal of `teams.csv` takes `until` then."""
    async with world.sftp() as sftp, sftp.open("/local/teams.csv", "wb") as file:
        await file.write(b"teams")
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open("/local/users.csv", "wb")
    await file.write(b"half")
    world.slow_withdrawal = until
    removing = asyncio.ensure_future(sftp.remove("/local/teams.csv"))
    await eventually(lambda: world.withdrawn)
    return connection, removing


async def test_u03_a_lost_session_gives_its_files_up_though_a_request_of_it_still_runs(start: Start) -> None:
    async with start() as world:
        until = asyncio.Event()
        connection, removing = await busy_session(world, until=until)
        async with world.sftp() as other:
            with pytest.raises(asyncssh.SFTPFailure, match=r"being written by another handle.*\(U6\)$"):
                await other.open("/local/users.csv", "ab")
        connection.abort()
        await asyncio.gather(removing, return_exceptions=True)
        await eventually(lambda: world.listener.sessions == 0)
        await resumed(world)
        assert world.names() == ["teams.csv", "users.csv"]
        assert world.bytes_of(1) == b"half and half"
        until.set()
        await eventually(lambda: not world.listener.uploads)
        assert world.names() == ["teams.csv", "users.csv"]


@pytest.mark.parametrize("new", ["users.csv.part", "other.csv"])
async def test_u03_u05_what_a_lost_session_has_open_is_renamed_though_a_request_of_it_still_runs(
    start: Start, new: str
) -> None:
    async with start() as world:
        until = asyncio.Event()
        connection, removing = await busy_session(world, until=until)
        async with world.sftp() as other:
            with pytest.raises(asyncssh.SFTPFailure, match=r"is being written.*\(U5\)$"):
                await other.rename("/local/users.csv", f"/local/{new}")
        connection.abort()
        await asyncio.gather(removing, return_exceptions=True)
        await eventually(lambda: world.listener.sessions == 0)
        async with world.sftp() as other:
            if new == "other.csv":  # a usable name says that the file is whole, which it is not
                with pytest.raises(asyncssh.SFTPError, match=r"broke off and is not complete.*\(U3\)$"):
                    await other.rename("/local/users.csv", f"/local/{new}")
            else:
                await other.rename("/local/users.csv", f"/local/{new}")
                async with other.open(f"/local/{new}", "ab") as file:
                    await file.write(b" and half", 4)
        until.set()
        await eventually(lambda: not world.listener.uploads)
        async with world.sftp() as other:
            there = "users.csv" if new == "other.csv" else new
            assert (await other.stat(f"/local/{there}")).size == (4 if new == "other.csv" else 13)
        assert world.names() == ["teams.csv"]
