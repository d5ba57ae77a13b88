"""Limits as clients meet them (rule U9), and the end of the service (rule O2)."""

import asyncio
import errno
import struct
from collections.abc import Awaitable
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import FXP_OPEN, FXP_READ

from core.accounts_store import add_support
from server import limits
from tests.integration.server.conftest import Start
from tests.integration.server.test_packets import request, string, wire
from tests.integration.server.world import HASH, World, eventually


async def test_u09_an_organization_has_a_number_of_sessions(start: Start) -> None:
    async with start(max_sessions_per_org=1) as world:
        await world.add("008", "Goose")
        async with world.sftp() as sftp, world.sftp("Goose_008"):
            with pytest.raises(asyncssh.DisconnectError, match=r"^Too many sessions.*\(U9\)"):
                await world.connect()
            assert await sftp.listdir("/local") == [".", ".."]
        async with world.sftp():
            pass


async def test_u09_there_is_a_number_of_connections_in_all(start: Start) -> None:
    async with start(max_sessions=1) as world, world.sftp():
        with pytest.raises(asyncssh.DisconnectError, match=r"^Too many connections.*\(U9\)"):
            await world.connect()


async def test_u09_an_address_has_a_number_of_connections_before_login(start: Start) -> None:
    async with start(max_startups_per_address=2) as world:
        held = [await asyncio.open_connection("127.0.0.1", world.listener.port) for _ in range(2)]
        for reader, _ in held:
            assert await reader.readline() == b"SSH-2.0-rosterdrop\r\n"
        with pytest.raises(asyncssh.DisconnectError, match=r"^Too many connections of your address.*\(U9\)"):
            await world.connect()
        for _, writer in held:
            writer.close()
        await eventually(lambda: world.listener.connections == 0)
        async with world.sftp():
            pass


async def test_u09_a_session_has_a_number_of_handles_on_all_its_channels(start: Start) -> None:
    async with (
        start(max_handles_per_session=2) as world,
        await world.connect() as connection,
        connection.start_sftp_client() as one,
        connection.start_sftp_client() as two,
    ):
        first = await one.open("/local/a.csv", "wb")
        await two.open("/local/b.csv", "wb")
        with pytest.raises(asyncssh.SFTPFailure, match=r"^Too many open files.*\(U9\)$"):
            await two.open("/local/c.csv", "wb")
        with pytest.raises(asyncssh.SFTPFailure, match=r"^Too many open files.*\(U9\)$"):
            await two.listdir("/local")
        await first.close()
        assert "b.csv" in await two.listdir("/local")


@pytest.mark.parametrize("kind", ["files", "listings", "uploads"])
async def test_u09_handles_are_counted_from_their_request_on(start: Start, kind: str) -> None:
    async with start(max_handles_per_session=8) as world:
        folders = world.inbox.prepare("007")
        (folders.archive / "users.csv").write_bytes(b"x")
        async with await world.connect() as connection:
            channels = [await connection.start_sftp_client() for _ in range(8)]

            def ask(sftp: asyncssh.SFTPClient, number: int) -> Awaitable[object]:
                if kind == "files":
                    return sftp.open("/archive/users.csv", "rb")
                if kind == "uploads":
                    return sftp.open(f"/local/{number}.csv", "wb")
                return sftp._handler.opendir(b"/local")

            asked = [ask(sftp, number) for number in range(8) for sftp in channels]
            given = await asyncio.gather(*asked, return_exceptions=True)
            refused = [one for one in given if isinstance(one, asyncssh.SFTPFailure)]
            assert {str(one)[:19] for one in refused} == {"Too many open files"}
            assert len(given) - len(refused) == 8


async def test_u09_a_support_account_has_a_number_of_listings(start: Start) -> None:
    async with start(max_handles_per_session=2) as world:
        async with world.database.writing() as connection:
            await add_support(
                connection, name="Ann", username="Ann", password_hash=HASH, now=world.clock.now()
            )
        async with world.sftp("Ann") as sftp:
            for _ in range(2):
                await sftp._handler.opendir(b"/007")
            with pytest.raises(asyncssh.SFTPFailure, match=r"^Too many open files.*\(U9\)$"):
                await sftp._handler.opendir(b"/007")


async def test_u09_a_connection_has_eight_channels(world: World) -> None:
    async with await world.connect() as connection:
        channels = [await connection.start_sftp_client() for _ in range(8)]
        with pytest.raises(asyncssh.ChannelOpenError, match=r"^Too many channels.*\(U9\)$"):
            await connection.start_sftp_client()
        assert await channels[0].listdir("/local") == [".", ".."]


async def test_u09_an_idle_session_ends(start: Start) -> None:
    reasons: list[Exception | None] = []

    class Listening(asyncssh.SSHClient):
        def connection_lost(self, exc: Exception | None) -> None:
            reasons.append(exc)

    async with start(idle_timeout_s=2) as world:
        connection = await world.connect(client_factory=Listening)
        sftp = await connection.start_sftp_client()
        await sftp.stat("/local")
        await asyncio.wait_for(connection.wait_closed(), 15)
    assert "Nothing was asked for 2 seconds (U9)" in str(reasons[0])


async def test_u09_an_organization_sends_a_number_of_files_an_hour(start: Start) -> None:
    async with start(max_drops_per_hour=2) as world, world.sftp() as sftp:
        for _ in range(2):
            async with sftp.open("/local/users.csv", "wb") as file:
                await file.write(b"x")
        with pytest.raises(asyncssh.SFTPFailure, match=r"^Too many uploads.*\(U9\)$"):
            await sftp.open("/local/users.csv", "wb")
        world.clock.move(3601)
        async with sftp.open("/local/users.csv", "wb") as file:
            await file.write(b"x")
        assert len(world.names()) == 3


async def test_u09_an_organization_may_fail_a_number_of_times_an_hour(start: Start) -> None:
    async with start(max_file_size_bytes=10, max_drops_per_hour=5_000) as world:
        view = await world.listener._grounds.view("007")
        for _ in range(limits.MAX_FAILED_PER_HOUR - 1):
            view.folder.shelf._failed.add(world.clock.now())
        async with world.sftp() as sftp:
            file = await sftp.open("/local/users.csv", "wb")
            for refused in (file.write(b"x" * 11), file.close()):
                with pytest.raises(asyncssh.SFTPFailure, match=r"too large.*\(U9\)$"):
                    await refused
            with pytest.raises(
                asyncssh.SFTPFailure, match=r"^1000 uploads of your organization failed.*\(U9\)$"
            ):
                await sftp.open("/local/users.csv", "wb")
            world.clock.move(3601)
            async with sftp.open("/local/users.csv", "wb") as again:
                await again.write(b"x")
        assert world.names() == ["users.csv"]


async def test_u09_an_organization_has_its_space(start: Start) -> None:
    async with start(org_space_bytes=100_000) as world, world.sftp() as sftp:
        async with sftp.open("/local/users.csv", "wb") as file:
            await file.write(b"x" * 50_000)
        file = await sftp.open("/local/users.csv", "wb")
        with pytest.raises(asyncssh.SFTPFailure, match=r"^No space left.*\(U9\)$"):
            await file.write(b"x" * 60_000)
        with pytest.raises(asyncssh.SFTPFailure, match=r"^No space left.*\(U9\)$"):
            await file.close()
        assert len(world.names()) == 1


async def test_u09_a_nearly_full_disk_takes_nothing(start: Start) -> None:
    async with start(min_free_disk_bytes=1 << 60) as world, world.sftp() as sftp:
        with pytest.raises(asyncssh.SFTPFailure, match=r"^The disk is nearly full.*\(U9\)$"):
            await sftp.open("/local/users.csv", "wb")
        assert await sftp.listdir("/local") == [".", ".."]


async def test_u09_a_client_that_does_not_read_is_not_buffered_for(world: World) -> None:
    folders = world.inbox.prepare("007")
    (folders.archive / "big.csv").write_bytes(b"x" * 8_000_000)
    connection = await world.connect()
    client = await wire(connection, window=1 << 30)
    opening = string(b"/archive/big.csv") + struct.pack(">II", asyncssh.FXF_READ, 0)
    handle = await client.handle(request(FXP_OPEN, 1, opening))
    transport = connection._transport
    assert transport is not None
    transport.pause_reading()
    reading = string(handle) + struct.pack(">QI", 0, 4 << 20)
    client.writer.write(b"".join(request(FXP_READ, number, reading) for number in range(1000)))
    await asyncio.sleep(1)
    visitor = next(iter(world.listener._visitors))
    assert visitor._connection is not None
    ours = visitor._connection._transport
    assert ours is not None
    assert 0 < ours.get_write_buffer_size() < 2_000_000
    connection.abort()
    await eventually(lambda: world.listener.sessions == 0)


async def test_o02_a_running_upload_gets_its_time_and_its_answer(world: World) -> None:
    async with world.sftp() as idle, world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"half")
        stopping = asyncio.ensure_future(world.listener.stop(10))
        await eventually(lambda: world.listener.sessions == 1)
        with pytest.raises(asyncssh.SFTPError):
            await idle.stat("/local")
        await asyncio.sleep(1)  # a client may think between two writes
        with pytest.raises(OSError, match=r".*"):
            await world.connect()
        with pytest.raises(asyncssh.SFTPFailure, match=r"stopping.*\(O2\)$"):
            await sftp.open("/local/more.csv", "wb")
        await file.write(b" and half", 4)
        await file.close()
        await sftp.utime("/local/users.csv", (1, 1))
        await stopping
        assert world.bytes_of() == b"half and half"
        assert world.listener.sessions == 0


class HungUp:
    """A network whose other side closes while it is being written to."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write_eof(self) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")


async def test_o02_a_client_that_hangs_up_at_the_end_takes_nobody_s_time_away(world: World) -> None:
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"half")
        idle = await world.connect()
        for visitor in world.listener._visitors:
            ours: Any = visitor._connection
            ours._transport = HungUp(ours._transport)
        stopping = asyncio.ensure_future(world.listener.stop(10))
        await eventually(lambda: world.listener.sessions == 1)
        await file.write(b" and half", 4)
        await file.close()
        await stopping
        idle.abort()
    assert world.bytes_of() == b"half and half"


async def test_o02_what_is_not_complete_in_time_stays_as_a_partial(world: World) -> None:
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open("/local/users.csv", "wb")
    await file.write(b"half")
    await world.listener.stop(0.1)
    assert world.outcomes() == ["partial"]
    assert world.names() == []
    connection.abort()
