"""Clients that speak SFTP badly: requests are answered or the channel ends, and other sessions serve on (rule U10)."""

import asyncio
import random
import struct

import asyncssh
import pytest
import structlog
from asyncssh.constants import (
    FXP_CLOSE,
    FXP_HANDLE,
    FXP_INIT,
    FXP_OPEN,
    FXP_OPENDIR,
    FXP_READ,
    FXP_REMOVE,
    FXP_STATUS,
    FXP_WRITE,
)

from tests.integration.server.world import World, eventually


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def packet(kind: int, body: bytes) -> bytes:
    return string(bytes([kind]) + body)


def request(kind: int, number: int, body: bytes) -> bytes:
    return packet(kind, struct.pack(">I", number) + body)


class Wire:
    """A channel with the sftp subsystem and nothing in between."""

    def __init__(self, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, data: bytes) -> bytes:
        self.writer.write(data)
        return await self.answer()

    async def answer(self) -> bytes:
        length = struct.unpack(">I", await asyncio.wait_for(self.reader.readexactly(4), 10))[0]
        return await asyncio.wait_for(self.reader.readexactly(length), 10)

    async def handle(self, data: bytes) -> bytes:
        answer = await self.ask(data)
        assert answer[0] == FXP_HANDLE
        return answer[9:]


async def wire(connection: asyncssh.SSHClientConnection, *, window: int = 1 << 21) -> Wire:
    writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None, window=window)
    found = Wire(reader, writer)
    assert (await found.ask(packet(FXP_INIT, struct.pack(">I", 3))))[:5] == b"\x02\0\0\0\x03"
    return found


OPEN_FLAGS = struct.pack(">II", asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC, 0)


async def test_u10_bytes_behind_the_data_of_a_write_are_ignored(world: World) -> None:
    async with await world.connect() as connection:
        client = await wire(connection)
        handle = await client.handle(request(FXP_OPEN, 1, string(b"/local/users.csv") + OPEN_FLAGS))
        body = string(handle) + struct.pack(">Q", 0) + string(b"content")
        answer = await client.ask(request(FXP_WRITE, 2, body + b"trailing"))
        assert answer[:9] == bytes([FXP_STATUS]) + struct.pack(">II", 2, 0)
        answer = await client.ask(request(FXP_CLOSE, 3, string(handle)))
        assert answer[:9] == bytes([FXP_STATUS]) + struct.pack(">II", 3, 0)
    assert world.bytes_of() == b"content"


@pytest.mark.parametrize(
    "data",
    [
        request(FXP_READ, 2, string(b"nothing") + struct.pack(">QI", 0, 1)),
        request(FXP_WRITE, 2, string(b"nothing") + struct.pack(">Q", 0) + string(b"x")),
        request(FXP_CLOSE, 2, string(b"nothing")),
        request(FXP_CLOSE, 2, b""),
        request(FXP_OPENDIR, 2, string(b"/local") + b"more"),
        request(FXP_REMOVE, 2, struct.pack(">I", 4_000_000)),
        request(FXP_OPEN, 2, string(b"/local/" + b"x" * 100_000) + OPEN_FLAGS),
        request(200, 2, string(b"copy-data") + b"\0" * 40),
        request(200, 2, string(b"unheard-of")),
        request(99, 2, b""),
    ],
)
async def test_u10_a_bad_request_gets_a_status_and_the_channel_serves_on(world: World, data: bytes) -> None:
    async with await world.connect() as connection:
        client = await wire(connection)
        with structlog.testing.capture_logs() as lines:
            answer = await client.ask(data)
        assert answer[:5] == bytes([FXP_STATUS]) + struct.pack(">I", 2)
        assert answer[5:9] != b"\0\0\0\0"
        assert [line for line in lines if line["log_level"] == "error"] == []
        await client.handle(request(FXP_OPENDIR, 3, string(b"/local")))


LONGEST = 257 * 1024  # as limits@openssh.com says


@pytest.mark.parametrize("length", [LONGEST + 1, 4 << 20, (1 << 32) - 1])
@pytest.mark.parametrize("greeted", [True, False])
async def test_u09_a_packet_that_is_too_long_ends_the_channel_before_it_is_collected(
    world: World, length: int, greeted: bool
) -> None:
    with structlog.testing.capture_logs() as lines:
        async with world.sftp() as other, await world.connect() as connection:
            if greeted:
                client = await wire(connection)
            else:
                client = Wire(*(await connection.open_session(subsystem="sftp", encoding=None))[1::-1])
            client.writer.write(
                struct.pack(">I", length)
            )  # and nothing of it: whoever waited for more would hang
            assert await asyncio.wait_for(client.reader.read(), 10) == b""
            await asyncio.wait_for(client.writer.channel.wait_closed(), 10)
            assert await other.listdir("/local") == [".", ".."]
    (line,) = [line for line in lines if line["event"] == "limit.reached"]
    assert line["reason"].endswith("(U9)")


async def test_u09_the_longest_packet_that_is_offered_is_taken(world: World) -> None:
    async with await world.connect() as connection:
        client = await wire(connection)
        handle = await client.handle(request(FXP_OPEN, 1, string(b"/local/users.csv") + OPEN_FLAGS))
        body = string(handle) + struct.pack(">Q", 0)
        data = b"x" * (256 * 1024)
        filled = request(FXP_WRITE, 2, body + string(data))
        answer = await client.ask(filled)
        assert answer[:9] == bytes([FXP_STATUS]) + struct.pack(">II", 2, 0)
        padded = request(FXP_WRITE, 3, body + string(data) + b"\0" * (LONGEST - len(filled) + 4))
        assert len(padded) == 4 + LONGEST
        answer = await client.ask(padded)
        assert answer[:9] == bytes([FXP_STATUS]) + struct.pack(">II", 3, 0)


async def test_u10_noise_ends_a_channel_and_no_other_session(world: World) -> None:
    random.seed(1)
    async with world.sftp() as other, await world.connect() as connection:
        for _ in range(30):
            client = await wire(connection)
            kind = random.randrange(256)
            noise = random.randbytes(random.randrange(200))
            client.writer.write(random.choice([noise, request(kind, 1, noise), packet(kind, noise[:3])]))
            client.writer.write_eof()
            await asyncio.wait_for(client.reader.read(), 10)
            client.writer.channel.abort()
            await client.writer.channel.wait_closed()
            assert await other.listdir("/local") == [".", ".."]
    await eventually(lambda: world.listener.sessions == 0)
    assert world.names() == []
