"""The grammar of an SFTP stream: what is taken in place is what a packet-by-packet reader would have read."""

import struct
from itertools import pairwise

import pytest
from asyncssh.constants import FXP_CLOSE, FXP_STATUS, FXP_WRITE
from asyncssh.packet import PacketDecodeError, SSHPacket
from hypothesis import given
from hypothesis import strategies as st

from server.transport.writes import (
    LONGEST_BYTES,
    MAX_PIECES,
    PacketTooLongError,
    Run,
    is_completed,
    packet_end,
    run_at,
)

HANDLE = b"\0\0\0\1"


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def write(number: int, offset: int, data: bytes, *, handle: bytes = HANDLE, behind: bytes = b"") -> bytes:
    body = struct.pack(">BI", FXP_WRITE, number) + string(handle) + struct.pack(">Q", offset) + string(data)
    return string(body + behind)


def run_of(stream: bytes, position: int = 0) -> Run | None:
    return run_at(memoryview(stream), position)


def test_writes_that_continue_each_other_are_one_run() -> None:
    run = run_of(write(7, 100, b"abc") + write(8, 103, b"") + write(9, 103, b"de"))
    assert run is not None
    assert (run.handle, run.offset, run.length, run.end) == (HANDLE, 100, 5, 3 * 29 + 5)
    assert [bytes(piece) for piece in run.pieces] == [b"abc", b"", b"de"]
    assert list(run.ids) == [7, 8, 9]


def test_a_run_is_answered_with_an_ok_for_each_request() -> None:
    run = run_of(write(7, 0, b"abc") + write(8, 3, b"de"))
    assert run is not None
    ok = [string(struct.pack(">BIIII", FXP_STATUS, number, 0, 0, 0)) for number in (7, 8)]
    assert run.answers() == b"".join(ok)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(write(2, 4, b"x"), id="a gap"),
        pytest.param(write(2, 2, b"x"), id="an overlap"),
        pytest.param(write(2, 3, b"x", handle=b"\0\0\0\2"), id="another handle"),
        pytest.param(write(2, 3, b"x", handle=b"\0\0\0\1\0"), id="a handle that we never gave out"),
        pytest.param(write(2, 3, b"x")[:-1], id="not complete"),
        pytest.param(write(2, 3, b"x")[:10], id="not complete before its data"),
        pytest.param(string(struct.pack(">BI", FXP_CLOSE, 2) + string(HANDLE)), id="another request"),
        pytest.param(string(write(2, 3, b"xyz")[4:-1]), id="data that is longer than its packet"),
        pytest.param(string(b""), id="an empty packet"),
        pytest.param(b"\xff" * 40, id="noise"),
    ],
)
def test_a_run_ends_before_what_does_not_belong_to_it(second: bytes) -> None:
    first = write(1, 0, b"abc")
    run = run_of(first + second)
    assert run is not None
    assert (run.end, list(run.ids)) == (len(first), [1])


def test_u10_bytes_behind_the_data_of_a_write_are_left_unread() -> None:
    stream = write(1, 0, b"abc", behind=b"more") + write(2, 3, b"d")
    run = run_of(stream)
    assert run is not None
    assert (bytes(run.pieces[0]), list(run.ids), run.end) == (b"abc", [1, 2], len(stream))


def test_a_run_is_no_longer_than_one_call_of_the_system_takes() -> None:
    one = write(1, 0, b"")
    run = run_of(one * (MAX_PIECES + 1))
    assert run is not None
    assert (len(run.pieces), run.end) == (MAX_PIECES, MAX_PIECES * len(one))


def test_u09_the_longest_packet_is_taken_and_a_longer_one_is_refused_by_its_length() -> None:
    head = struct.pack(">I", LONGEST_BYTES)
    assert packet_end(memoryview(head), 0) is None
    assert packet_end(memoryview(head + bytes(LONGEST_BYTES)), 0) == 4 + LONGEST_BYTES
    with pytest.raises(PacketTooLongError, match=r"\(U9\)$"):
        packet_end(memoryview(struct.pack(">I", LONGEST_BYTES + 1)), 0)
    too_long = write(1, 0, b"x", behind=bytes(LONGEST_BYTES))
    assert run_of(too_long) is None


def read(stream: bytes) -> list[tuple[int, bytes, int, bytes]]:
    """The WRITE requests that a stream begins with, read by asyncssh's decoder; the oracle."""
    found = []
    while len(stream) >= 4:
        length = int.from_bytes(stream[:4], "big")
        packet, stream = SSHPacket(stream[4 : 4 + length]), stream[4 + length :]
        try:
            if len(packet.get_full_payload()) < length or packet.get_byte() != FXP_WRITE:
                break
            number, handle = packet.get_uint32(), packet.get_string()
            found.append((number, handle, packet.get_uint64(), packet.get_string()))
        except PacketDecodeError:
            break
    return found


numbers = st.integers(0, 2**32 - 1)
handles = st.sampled_from([HANDLE, b"\0\0\0\2", b"", b"\0\0\0\1\0"])
writes = st.builds(
    write,
    numbers,
    st.integers(0, 12) | st.integers(2**64 - 4, 2**64 - 1),
    st.binary(max_size=4),
    handle=handles,
    behind=st.sampled_from([b"", b"\0"]),
)
packets = writes | st.binary(max_size=40).map(string) | st.binary(max_size=40)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Requests, some of them damaged or cut."""
    stream = bytearray(b"".join(draw(st.lists(packets, max_size=6))))
    for place, value in draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=2)):
        if place < len(stream):
            stream[place] = value
    return bytes(stream[: draw(st.integers(0, 300))])


@given(streams())
def test_a_run_holds_what_a_reader_of_packets_reads_there(stream: bytes) -> None:
    run, expected = run_of(stream), read(stream)
    if run is None:
        assert not expected or len(expected[0][1]) != 4
        return
    taken = expected[: len(run.ids)]
    assert [number for number, *_ in taken] == list(run.ids)
    assert [data for *_, data in taken] == [bytes(piece) for piece in run.pieces]
    assert {handle for _, handle, _, _ in taken} == {run.handle}
    assert (taken[0][2], run.length) == (run.offset, sum(len(data) for *_, data in taken))
    assert all(two[2] == one[2] + len(one[3]) for one, two in pairwise(taken))


@given(streams(), st.integers(0, 40))
def test_noise_is_never_read_past_its_end_nor_refused_but_for_its_length(
    stream: bytes, position: int
) -> None:
    length = stream[position : position + 4]
    try:
        end = packet_end(memoryview(stream), position)
    except PacketTooLongError:
        assert int.from_bytes(length, "big") > LONGEST_BYTES
        return
    complete = position + 4 + int.from_bytes(length, "big")
    assert end == (complete if len(length) == 4 and complete <= len(stream) else None)
    run = run_of(stream, position)
    assert run is None or position < run.end <= len(stream)


@given(st.binary(max_size=20), st.integers(1, 40))
def test_a_beginning_is_completed_by_what_makes_a_packet_whole_or_tells_how_long_it_is(
    body: bytes, cut: int
) -> None:
    packet = string(body)
    cut = min(cut, len(packet))
    beginning, missing = packet[:-cut], cut
    least = missing if len(beginning) >= 4 else 4 - len(beginning)
    assert is_completed(beginning, least)
    assert not is_completed(beginning, least - 1)
