"""Servers that lie, drip and never end (rule S2): each costs an error within bounds, and nothing else."""

import asyncio
import stat
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from core.errors import ServiceError
from processor.intake import sftp_wire as wire
from processor.intake.remote_choice import choose
from processor.intake.remote_session import (
    MAX_ENTRIES,
    FileChangedError,
    RemoteRefusedError,
    RemoteSession,
    open_session,
)
from processor.intake.sftp_wire import Answer, BadAnswerError
from processor.intake.ssh_connection import (
    HostKeyChangedError,
    Patience,
    ServerUnreachableError,
    host_keys_of,
)
from tests.integration.intake.remote_server import FOLDER, File, Server, listing, running, status

HASTY = Patience(connect_s=10, login_s=10, request_s=1, listing_s=60, slow_s=1)


async def listed(server: Server) -> list[wire.Entry]:
    async with running(server), open_session(server.account, HASTY) as session:
        return await session.listing(FOLDER)


async def read(server: Server, name: str = "users.csv", *, start: int = 0, end: int = 100) -> bytes:
    async with running(server), open_session(server.account, HASTY) as session:
        return await read_in(session, name, start, end)


async def read_in(session: RemoteSession, name: str, start: int, end: int) -> bytes:
    async with session.reading(f"{FOLDER}/{name}") as file:
        return b"".join([block async for block in file.blocks(start, end)])


class Endless(Server):
    """Has another hundred names each time."""

    made = 0

    def read_folder(self, number: bytes) -> bytes:
        self.made += self.page
        names = [(b"%d.csv" % n, File().attributes) for n in range(self.made, self.made + self.page)]
        return listing(number, names)


class Empty(Server):
    """Never ends a listing, and never says a name."""

    def read_folder(self, number: bytes) -> bytes:
        return listing(number, [])


class Counting(Server):
    """Says that there are four thousand million names in the packet."""

    def read_folder(self, number: bytes) -> bytes:
        return wire.packet(wire.NAME, number, wire.number(0xFFFFFFFF), b"\0" * 1000)


class Long(Server):
    """Has names of 64 KiB."""

    def read_folder(self, number: bytes) -> bytes:
        return listing(number, [(b"x" * 65_000, File().attributes)] * 3)


class Huge(Server):
    """Announces a packet of 4 GiB."""

    def read_folder(self, number: bytes) -> bytes:
        return wire.number(0xFFFFFFFF) + b"x" * 100


class Silent(Server):
    """Takes requests and answers none, but for the first."""

    async def respond(self, kind: int, request: Answer) -> list[bytes]:
        return await super().respond(kind, request) if kind == wire.INIT else []


class Mute(Server):
    """Does not even say its version."""

    async def respond(self, kind: int, request: Answer) -> list[bytes]:
        return []


class Dripping(Server):
    """Sends a packet a byte at a time."""

    async def respond(self, kind: int, request: Answer) -> list[bytes]:
        if kind == wire.OPENDIR:
            await asyncio.sleep(0.4)
            return [b"\0"]  # of four bytes of length, one each time that it is asked
        return await super().respond(kind, request)


class Confused(Server):
    """Answers what nobody asked."""

    def read_folder(self, number: bytes) -> bytes:
        return status(wire.number(0xABCDEF), wire.EOF)


@pytest.mark.parametrize("server", [Endless, Empty, Long, Counting, Huge, Confused])
async def test_s02_a_listing_that_is_no_listing_ends_with_an_error(server: type[Server]) -> None:
    with pytest.raises(BadAnswerError):
        await listed(server())


@pytest.mark.parametrize("server", [Silent, Mute, Dripping])
async def test_s02_a_server_that_does_not_go_on_is_given_up(server: type[Server]) -> None:
    with pytest.raises(ServerUnreachableError, match="did not answer within 1 s"):
        await listed(server())


async def test_s02_an_endless_listing_takes_bounded_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswerError, match=f"{MAX_ENTRIES:,}"):
            await listed(Endless())
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()


async def test_s02_names_that_are_paths_or_worse_are_left_alone() -> None:
    server = Server()
    server.put("users.csv", b"x")
    for name in (b"../evil.csv", b"/etc/evil.csv", b"a\0.csv", b"\xff.csv", b"a\x1b[2J.csv", b"..", b"."):
        server.files[name] = File(b"x")
    server.files[b"link.csv"] = File(b"x", mode=stat.S_IFLNK | 0o777)
    server.files[b"fifo.csv"] = File(b"x", mode=stat.S_IFIFO | 0o644)
    server.files[b"folder.csv"] = File(b"", mode=stat.S_IFDIR | 0o755)
    choice = choose(await listed(server), pattern="*", known={})
    assert [one.name for one in choice.fetch] == ["users.csv"]
    assert len(choice.skipped) == 8
    assert all(one.name.isprintable() and one.reason for one in choice.skipped)


class Short(Server):
    """Gives a few bytes at a time, as it may."""

    step = 1_000

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        return super().read(number, name, offset, min(length, self.step))


class Backwards(Server):
    """Answers the second of two reads first, as it may."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[bytes] = []

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        self.held = [*super().read(number, name, offset, length), *self.held]
        if len(self.held) < 2 and offset + length < len(self.files[name].data):
            return []
        answers, self.held = self.held, []
        return answers


@pytest.mark.parametrize("make", [Server, Short, Backwards])
async def test_s02_bytes_come_in_order_however_they_are_answered(make: type[Server]) -> None:
    server = make()
    data = bytes(n * 7 % 251 for n in range(300_000))
    server.put("users.csv", data)
    assert await read(server, end=len(data)) == data
    assert await read(server, start=123_456, end=len(data)) == data[123_456:]


def answering(answer: Callable[[bytes], bytes]) -> Server:
    """A server whose READ gets that answer."""

    class Odd(Server):
        def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
            return [answer(number)]

    server = Odd()
    server.put("users.csv", b"x" * 100)
    return server


@pytest.mark.parametrize(
    "answer",
    [
        lambda number: wire.packet(wire.DATA, number, wire.text(b"")),  # nothing, for ever
        lambda number: wire.packet(wire.DATA, number, wire.text(b"x" * 5_000)),  # more than was asked for
        lambda number: wire.packet(wire.DATA, number, wire.number(5_000) + b"x"),  # a length that lies
        lambda number: wire.packet(wire.DATA, wire.number(0xABCDEF), wire.text(b"x" * 100)),
        lambda number: wire.packet(wire.HANDLE, number, wire.text(b"x")),
        lambda number: wire.packet(99, number),
        lambda number: wire.number(0),
    ],
)
async def test_s02_an_answer_that_is_none_ends_the_reading(answer: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadAnswerError):
        await read(answering(answer))


async def test_s02_a_byte_at_a_time_is_too_little() -> None:
    server = Short()
    server.step = 1
    server.put("users.csv", b"x" * 100_000)
    with pytest.raises(BadAnswerError):
        await read(server, end=100_000)


async def test_s02_a_file_that_ends_before_its_size_is_no_whole_file_and_the_session_goes_on() -> None:
    server = Server()
    server.put("users.csv", b"x" * 50)
    server.put("good.csv", b"y" * 50)
    async with running(server), open_session(server.account, HASTY) as session:
        with pytest.raises(FileChangedError):
            await read_in(session, "users.csv", 0, 10_000_000)
        assert await read_in(session, "good.csv", 0, 50) == b"y" * 50


async def test_s02_a_file_that_goes_on_behind_its_size_is_noticed() -> None:
    server = Server()
    server.put("users.csv", b"x" * 51)
    async with (
        running(server),
        open_session(server.account, HASTY) as session,
        session.reading(f"{FOLDER}/users.csv") as file,
    ):
        assert not await file.ends_at(50)
        assert await file.ends_at(51)


async def test_s02_a_refusal_is_told_in_the_servers_words_made_harmless() -> None:
    class Rude(Server):
        def open(self, number: bytes, name: bytes) -> bytes:
            return status(number, wire.PERMISSION_DENIED, "no\x1b[2J" + "!" * 10_000)

    server = Rude()
    with pytest.raises(RemoteRefusedError) as caught:
        await read(server)
    assert caught.value.public_message.isprintable()
    assert len(caught.value.public_message) < 300


async def test_s02_another_host_key_gets_no_password() -> None:
    server = Server()
    async with running(server):
        account = server.account
        await server.change_key()
        with pytest.raises(HostKeyChangedError, match="SHA256:"):
            async with open_session(account, HASTY):
                pytest.fail("logged in")
    assert server.passwords == []


async def test_s02_compressed_packets_which_could_be_huge_are_not_agreed_to() -> None:
    server = Server()
    server.options = {"compression_algs": ["zlib@openssh.com", "zlib"]}
    async with running(server):
        with pytest.raises(ServerUnreachableError):
            async with open_session(server.account, HASTY):
                pytest.fail("logged in")
    assert server.passwords == []


@pytest.mark.parametrize(
    "babbled",
    [
        b"220 mail.example ESMTP\r\n" * 10,
        b"SSH-2.0-\xff\xfe\r\n",
        b"SSH-2.0-x\r\n" + bytes((0, 0, 0, 12, 4, 20, *range(10))),  # a KEXINIT that ends too early
        b"SSH-2.0-x\r\n" + b"\xff" * 1_000,
        b"x" * 100_000,
    ],
)
async def test_s02_a_peer_that_speaks_no_ssh_is_told_as_unreachable(babbled: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.readline()  # who the client is
            writer.write(babbled)
            writer.close()

    listener = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    account = replace(Server().account, port=port)
    async with listener:
        with pytest.raises(ServiceError) as caught:
            await host_keys_of("127.0.0.1", port, HASTY)
        assert caught.value.retryable
        with pytest.raises(ServiceError) as caught:
            async with open_session(account, HASTY):
                pytest.fail("logged in")
        assert caught.value.retryable


async def test_s02_a_host_without_an_address_is_told_as_such() -> None:
    with pytest.raises(ServerUnreachableError, match="leads to no address"):
        await host_keys_of("no-such-host.invalid", 22, HASTY)
