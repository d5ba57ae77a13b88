"""The fast transport and asyncssh's own agree: the same bytes sent to both give the same answers and the same files."""

import asyncio
import contextlib
import itertools
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import (
    FXP_CLOSE,
    FXP_FSETSTAT,
    FXP_INIT,
    FXP_OPEN,
    FXP_READ,
    FXP_REMOVE,
    FXP_RENAME,
    FXP_WRITE,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.transport import FastConnection
from tests.integration.server.conftest import Start
from tests.integration.server.test_packets import OPEN_FLAGS, Wire, packet, request, string, wire
from tests.integration.server.world import World, eventually, running

GCM, CHACHA = "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"
MAX_FILE_BYTES = 100_000
INIT = packet(FXP_INIT, struct.pack(">I", 3))
NAMES = [b"/local/users.csv", b"/local/teams.csv", b"/local/.users.csv", b"/archive/users.csv", b"/users.csv"]
FLAGS = [
    asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC,
    asyncssh.FXF_WRITE | asyncssh.FXF_CREAT,
    asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_APPEND,
    asyncssh.FXF_READ,
]


@dataclass(frozen=True, slots=True)
class Script:
    """What a client sends: pieces of channel data, and after which of them it takes a breath."""

    pieces: tuple[bytes, ...]
    breaths: frozenset[int]
    cipher: str


def handle_of(number: int) -> bytes:
    return string(struct.pack(">I", number))


@st.composite
def uploads(draw: st.DrawFn) -> list[bytes]:
    """Requests of a client that mostly goes on where it stopped; some are wrong."""
    ends = dict.fromkeys(range(3), 0)
    ids = itertools.count(1)
    new = struct.pack(">II", FLAGS[0], 0)
    sent = [request(FXP_OPEN, next(ids), string(name) + new) for name in NAMES[:2]]
    for kind in draw(st.lists(st.sampled_from("wwwwwwwwwwwwocrskmn"), min_size=5, max_size=30)):
        number = draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2]))
        handle, name = handle_of(number), string(draw(st.sampled_from(NAMES)))
        if kind == "w":
            size = draw(st.sampled_from([0, 1, 7, 1000, 32_768, 40_000]))
            offset = ends[number] + draw(st.sampled_from([0, 0, 0, 0, 0, 3, -1, 2**63]))
            ends[number] = offset + size
            behind = draw(st.sampled_from([b"", b"", b"", b"more"]))
            data = bytes([65 + len(sent) % 26]) * size
            body = handle + struct.pack(">Q", offset % 2**64) + string(data) + behind
            sent.append(request(FXP_WRITE, next(ids), body))
        elif kind == "o":
            flags = struct.pack(">II", draw(st.sampled_from(FLAGS)), 0)
            sent.append(request(FXP_OPEN, next(ids), name + flags))
        elif kind == "c":
            sent.append(request(FXP_CLOSE, next(ids), handle))
        elif kind == "r":
            sent.append(request(FXP_READ, next(ids), handle + struct.pack(">QI", 0, 50_000)))
        elif kind == "s":
            size = draw(st.sampled_from([0, 5, 50_000]))
            sent.append(request(FXP_FSETSTAT, next(ids), handle + struct.pack(">IQ", 1, size)))
        elif kind == "k":
            sent.append(request(FXP_REMOVE, next(ids), name))
        elif kind == "m":
            other = string(draw(st.sampled_from(NAMES)))
            sent.append(request(FXP_RENAME, next(ids), name + other))
        else:
            noise = draw(st.binary(max_size=30))
            sent.append(
                draw(st.sampled_from([request(FXP_WRITE, 9, noise), packet(FXP_WRITE, noise), noise]))
            )
    return sent


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Requests cut into channel data anywhere, perhaps with a damaged byte, perhaps ending early."""
    stream = bytearray(INIT + b"".join(draw(uploads())))
    places = st.integers(0, len(stream) - 1)
    if draw(st.integers(0, 3)) == 0:
        stream[draw(places)] ^= 1 << draw(st.integers(0, 7))
    if draw(st.integers(0, 3)) == 0:
        del stream[draw(places) :]
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=6)) | {0, len(stream)})
    pieces = tuple(bytes(stream[one:two]) for one, two in itertools.pairwise(cuts))
    breaths = draw(st.frozensets(st.integers(0, len(pieces))))
    return Script(pieces=pieces, breaths=breaths, cipher=draw(st.sampled_from([GCM, GCM, GCM, CHACHA])))


async def play(world: World, org_id: str, script: Script) -> tuple[Any, ...]:
    """Send the script to a new organization; return the answers and what is left of its files."""
    username = await world.add(org_id, "Org")
    answers = b""
    async with await world.connect(username, encryption_algs=[script.cipher]) as connection:
        writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None)
        with contextlib.suppress(OSError):  # a packet that is too long ends the channel
            for number, piece in enumerate(script.pieces):
                writer.write(piece)
                if number in script.breaths:
                    await asyncio.sleep(0.001)
            writer.write_eof()
        answers = await reader.read()
    await eventually(lambda: world.listener.sessions == 0 and world.listener.uploads == 0)
    events = [(*astuple(event)[3:5], event.outcome, event.reason) for event in world.uploads]
    world.uploads.clear()
    drops = [(drop.meta.name, drop.data.read_bytes()) for drop in world.inbox.queue(org_id)]
    partials = [
        (item.meta.name, item.meta.size_bytes, item.data.read_bytes()[: item.meta.size_bytes])
        for item in world.inbox.incoming(org_id)
    ]
    return answers, events, drops, sorted(partials)


@asynccontextmanager
async def both(folder: Path, host_keys: list[asyncssh.SSHKey]) -> AsyncIterator[tuple[World, World]]:
    values: dict[str, Any] = {"max_file_size_bytes": MAX_FILE_BYTES, "max_startups_per_address": 100}
    async with (
        running(folder / "fast", host_keys=host_keys, fast_transport=True, **values) as fast,
        running(folder / "plain", host_keys=host_keys, fast_transport=False, **values) as plain,
    ):
        yield fast, plain


def test_u02_both_transports_give_the_same_answers_and_the_same_files(
    tmp_path: Path, host_keys: list[asyncssh.SSHKey]
) -> None:
    numbers = itertools.count(1)
    with asyncio.Runner() as runner:
        worlds = both(tmp_path, host_keys)
        fast, plain = runner.run(worlds.__aenter__())

        @settings(
            max_examples=40, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
        )
        @given(scripts())
        def agree(script: Script) -> None:
            org_id = f"{next(numbers):04}"
            assert runner.run(play(fast, org_id, script)) == runner.run(play(plain, org_id, script))

        agree()
        runner.run(worlds.__aexit__(None, None, None))


@pytest.mark.parametrize("cipher", [GCM, CHACHA])
async def test_a_file_arrives_whole_while_keys_are_changed_and_channels_take_turns(
    start: Start, cipher: str
) -> None:
    content = [bytes([number]) * 1_000_003 for number in range(3)]
    async with (
        start(fast_transport=True) as world,
        await world.connect(encryption_algs=[cipher], rekey_bytes=200_000) as connection,
    ):

        async def send(number: int) -> None:
            async with (
                connection.start_sftp_client() as sftp,
                sftp.open(f"/local/{number}.csv", "wb") as file,
            ):
                await file.write(content[number])

        await asyncio.gather(*map(send, range(3)))
        assert sorted(drop.data.read_bytes() for drop in world.inbox.queue("007")) == content


@pytest.mark.parametrize("fast", [True, False])
async def test_the_setting_chooses_the_transport(start: Start, fast: bool) -> None:
    async with start(fast_transport=fast) as world, world.sftp():
        visitor = next(iter(world.listener._visitors))
        assert isinstance(visitor._connection, FastConnection) == fast


@pytest.mark.parametrize("fast", [True, False])
async def test_u03_a_client_that_sends_is_not_asked_whether_it_lives(start: Start, fast: bool) -> None:
    async with start(fast_transport=fast) as world, world.sftp() as sftp:
        visitor = next(iter(world.listener._visitors))
        assert visitor._connection is not None
        async with sftp.open("/local/users.csv", "wb") as file:
            await file.write(b"first")
            timer = visitor._connection._keepalive_timer
            await file.write(b"second")
            assert visitor._connection._keepalive_timer is not timer


async def test_u09_a_client_that_does_not_read_its_answers_is_held_back(start: Start) -> None:
    """It may send without end, and is listened to no further than a window."""
    async with start(fast_transport=True) as world, await world.connect() as connection:
        client: Wire = await wire(connection, window=100)
        handle = await client.handle(request(FXP_OPEN, 1, string(b"/local/users.csv") + OPEN_FLAGS))
        total = 100_000
        connection._channels[0].pause_reading()
        bodies = (string(handle) + struct.pack(">Q", number) + string(b"x") for number in range(total))
        client.writer.write(b"".join(request(FXP_WRITE, *one) for one in enumerate(bodies)))
        visitor = next(iter(world.listener._visitors))
        assert visitor._connection is not None
        (channel,) = visitor._connection._channels.values()
        await eventually(lambda: channel._send_paused)
        await asyncio.sleep(0.5)
        assert channel._send_buf_len < 500_000
        connection._channels[0].resume_reading()
        for number in range(total):
            assert (await client.answer())[1:9] == struct.pack(">II", number, 0)
        assert (await client.ask(request(FXP_CLOSE, 5, string(handle))))[5:9] == bytes(4)
        assert world.bytes_of() == b"x" * total
