"""Clients that log in and then harm: what they send must not fill the memory, nor keep the loop busy (rule U9)."""

import asyncio
import socket
import struct
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import (
    FXP_CLOSE,
    FXP_OPEN,
    FXP_READ,
    FXP_WRITE,
    MSG_CHANNEL_DATA,
    MSG_IGNORE,
    MSG_KEXINIT,
)
from asyncssh.packet import Boolean, String, UInt32

from server.transport import FastConnection
from server.transport import connection as ours
from server.transport.fast_channel import FastChannel
from tests.integration.server.conftest import Start
from tests.integration.server.test_packets import OPEN_FLAGS, request, string, wire
from tests.integration.server.world import World, eventually

GCM = "aes128-gcm@openssh.com"
READING = struct.pack(">II", asyncssh.FXF_READ, 0)


def servers_end(world: World) -> Any:
    (visitor,) = world.listener._visitors
    return visitor._connection


def begin_new_keys(connection: Any) -> None:
    """Send KEXINIT, take the server's, and go on as if nothing had been said."""

    def ignore(_connection: object, *_packet: object) -> bool:
        return True

    connection._packet_handlers = {**connection._packet_handlers, MSG_KEXINIT: ignore}
    connection._send_kexinit()
    connection._kex_complete = True


def sealed(connection: Any, payload: bytes, *, padding: int) -> bytes:
    """An SSH packet as the client encrypts it."""
    packet = bytes([padding]) + payload + bytes(padding)
    number, connection._send_seq = connection._send_seq, connection._send_seq + 1
    return b"".join(connection._send_encryption.encrypt_packet(number, UInt32(len(packet)), packet))


@pytest.mark.parametrize("fast", [True, False])
async def test_u09_who_never_ends_a_change_of_keys_gets_no_more_answers(start: Start, fast: bool) -> None:
    """Its answers were kept without end: 100 MiB for 400 READ."""
    async with start(fast_transport=fast) as world, await world.connect() as connection:
        archive = world.folder() / "archive"
        archive.mkdir(parents=True, exist_ok=True)
        (archive / "users.csv").write_bytes(b"x" * 300_000)
        client = await wire(connection, window=1 << 31)
        handle = await client.handle(request(FXP_OPEN, 1, string(b"/archive/users.csv") + READING))
        server = servers_end(world)
        begin_new_keys(connection)
        for number in range(50):
            body = string(handle) + struct.pack(">QI", 0, 256 * 1024)
            client.writer.write(request(FXP_READ, number, body))
        await eventually(lambda: server._deferred_packets)
        await asyncio.sleep(0.5)
        assert sum(len(part) for _, parts in server._deferred_packets for part in parts) < 600_000
        connection.abort()
        await eventually(lambda: world.listener.sessions == 0)


@pytest.mark.parametrize("fast", [True, False])
async def test_u09_who_asks_without_end_while_keys_are_changed_is_sent_away(start: Start, fast: bool) -> None:
    async with start(fast_transport=fast) as world:
        async with await world.connect() as connection:
            client = await wire(connection)
            begin_new_keys(connection)
            for _ in range(ours.MAX_UNSENT_PACKETS + 10):
                connection.send_packet(80, String("anything@example.com"), Boolean(True))
            with pytest.raises(asyncssh.DisconnectError, match=r"Too many answers .*\(U9\)"):
                await asyncio.wait_for(client.reader.read(), 20)
        await eventually(lambda: world.listener.connections == 0)


@pytest.mark.parametrize("fast", [True, False])
async def test_u09_who_asks_without_end_and_never_reads_is_sent_away(
    start: Start, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "MAX_UNSENT_BYTES", 200_000)
    async with start(fast_transport=fast) as world, await world.connect() as connection:
        transport: Any = connection._transport
        transport.pause_reading()
        server = servers_end(world)
        for end, option in ((transport, socket.SO_RCVBUF), (server._transport, socket.SO_SNDBUF)):
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, 4096)
        for _ in range(400):
            for _ in range(1000):
                connection.send_packet(80, String("anything@example.com"), Boolean(True))
            await asyncio.sleep(0)
            if server.leaving:
                break
        await eventually(lambda: world.listener.connections == 0, within_s=30)
        assert server.leaving


async def test_u09_what_comes_between_moves_the_beginning_of_a_request_no_more(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was moved for each packet, 256 KiB for 36 bytes."""
    moved: list[int] = []
    lend = FastChannel.lend

    def counted(*args: Any) -> int:
        moved.append(lend(*args))
        return moved[-1]

    monkeypatch.setattr(FastChannel, "lend", counted)
    async with start(fast_transport=True) as world, await world.connect(encryption_algs=[GCM]) as connection:
        assert isinstance(servers_end(world), FastConnection)
        client = await wire(connection)
        handle = await client.handle(request(FXP_OPEN, 1, string(b"/local/users.csv") + OPEN_FLAGS))
        write = request(FXP_WRITE, 2, string(handle) + struct.pack(">Q", 0) + string(b"x" * 200_000))
        client.writer.write(write[:-100])
        for number in range(100):
            connection.send_packet(MSG_IGNORE, String(b""))
            client.writer.write(write[-100 + number :][:1])
        assert (await client.answer())[5:9] == bytes(4)
        assert sum(moved) <= 2 * len(write)


@pytest.mark.parametrize("fast", [True, False])
async def test_u02_a_packet_without_padding_ends_the_connection_and_nothing_of_it_is_written(
    start: Start, fast: bool
) -> None:
    async with start(fast_transport=fast) as world:
        async with await world.connect(encryption_algs=[GCM]) as connection:
            client = await wire(connection)
            handle = await client.handle(request(FXP_OPEN, 1, string(b"/local/users.csv") + OPEN_FLAGS))
            transport: Any = connection._transport
            for number, padding in enumerate([4, 0, 4]):
                body = string(handle) + struct.pack(">Q", number * 5) + string(b"bytes")
                data = UInt32(0) + String(request(FXP_WRITE, number, body))
                transport.write(sealed(connection, bytes([MSG_CHANNEL_DATA]) + data, padding=padding))
            await eventually(lambda: world.listener.uploads == 0)
        (left,) = world.inbox.incoming("007")
        assert left.data.read_bytes() == b"bytes"


@pytest.mark.parametrize("fast", [True, False])
async def test_u09_what_waits_in_small_pieces_is_joined(start: Start, fast: bool) -> None:
    """A window in pieces of two bytes was a million objects."""
    async with start(fast_transport=fast) as world:
        async with await world.connect(encryption_algs=[GCM]) as connection:
            client = await wire(connection)
            handle = await client.handle(request(FXP_OPEN, 1, string(b"/local/users.csv") + OPEN_FLAGS))
            (channel,) = servers_end(world)._channels.values()
            channel.pause_reading()
            before = channel._recv_window
            content = bytes(range(256)) * 20
            write = request(FXP_WRITE, 2, string(handle) + struct.pack(">Q", 0) + string(content))
            for place in range(0, len(write), 2):
                client.writer.write(write[place : place + 2])
            await eventually(lambda: before - channel._recv_window == len(write))
            assert len(channel._recv_buf) == 1
            channel.resume_reading()
            assert (await client.answer())[5:9] == bytes(4)
            assert (await client.ask(request(FXP_CLOSE, 3, string(handle))))[5:9] == bytes(4)
        assert world.bytes_of() == content
