"""Canaries of what the fast transport rests on, and decryption in place."""

import inspect
import os
from collections.abc import Callable
from typing import Any

import pytest
from asyncssh.channel import SSHChannel
from asyncssh.connection import SSHConnection
from asyncssh.crypto.cipher import GCMCipher
from asyncssh.encryption import GCMEncryption
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHStreamSession

from server.transport.opening import BESIDE_BYTES, CAN_OPEN, Opening


@pytest.mark.parametrize(
    ("owner", "name", "expected"),
    [
        (SSHConnection, "_recv_pkthdr", ["self"]),
        (SSHConnection, "_recv_packet", ["self"]),
        (SSHConnection, "_reset_keepalive_timer", ["self"]),
        (SSHConnection, "internal_error", ["self", "exc_info", "error_logger"]),
        (SSHChannel, "_deliver_data", ["self", "data", "datatype"]),
        (SSHChannel, "_accept_data", ["self", "data", "datatype"]),
        (SSHStreamSession, "_block_read", ["self", "datatype"]),
        (SSHStreamSession, "_unblock_read", ["self", "datatype"]),
        (SSHStreamSession, "_maybe_pause_reading", ["self"]),
        (SSHStreamSession, "_maybe_resume_reading", ["self"]),
        (GCMEncryption, "__init__", ["self", "cipher"]),
        (GCMEncryption, "decrypt_packet", ["self", "seq", "first", "rest", "header_len", "mac"]),
        (GCMCipher, "_update_iv", ["self"]),
    ],
)
def test_a_private_method_is_what_it_was(owner: type, name: str, expected: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == expected


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (
            SSHConnection.__init__,
            (
                "self._inpbuf = b''",
                "self._packet = b''",
                "self._decompressor:",
                "self._recv_encryption:",
                "self._recv_handler = self._recv_version",
                "self._auth_complete = False",
                "self._recv_seq = 0",
            ),
        ),
        (SSHConnection._recv_pkthdr, ("self._packet = self._inpbuf[:", "self._max_recv_pktlen")),
        (
            SSHConnection._recv_packet,
            (
                "self._recv_encryption.decrypt_packet(",
                "self._packet = b''",
                "self._channels[recv_chan]",
                "self._recv_handler = lambda: False",
                "handler.process_packet(pkttype, seq, packet)",
            ),
        ),
        (
            SSHConnection._finish_recv_packet,
            ("self._recv_seq = (seq + 1) & 0xffffffff", "self._recv_handler = self._recv_pkthdr"),
        ),
        (SSHConnection._process_newkeys, ("self._recv_encryption = self._next_recv_encryption",)),
        (SSHConnection._recv_data, ("except DisconnectError", "self.internal_error()")),
        (GCMCipher.__init__, ("self._key = key", "self._iv = iv")),
        (GCMEncryption.__init__, ("self._cipher = cipher",)),
        (GCMEncryption.decrypt_header, ("return first_block, first_block[:header_len]",)),
        (
            SSHChannel._process_data,
            ("if self._recv_state != 'open'", "datalen > self._recv_window", "self._accept_data(data)"),
        ),
        (
            SSHChannel._accept_data,
            (
                "self._send_state in {'close_pending', 'closed'}",
                "self._recv_window -= len(data)",
                "if self._recv_paused:",
                "self._deliver_data(data, datatype)",
            ),
        ),
        (SSHChannel._deliver_data, ("self._session.data_received(decoded_data, datatype)",)),
        (SSHChannel.__init__, ("self._recv_chan:", "self._session:", "self._conn:")),
        (
            SSHStreamSession.__init__,
            (
                "self._chan:",
                "self._conn:",
                "self._exception:",
                "self._eof_received = False",
                "self._write_paused = False",
                "self._recv_buf_len = 0",
                "self._read_waiters: _ReadWaiters",
            ),
        ),
        (SSHStreamSession._should_pause_reading, ("self._recv_buf_len >= self._limit",)),
        (SFTPServerHandler._get_next_handle, ("to_bytes(4, 'big')",)),
        (SFTPServerHandler._process_packet, ("UInt32(FX_OK) + String('') + String('')",)),
    ],
)
def test_a_private_attribute_is_where_it_was(method: Callable[..., Any], names: tuple[str, ...]) -> None:
    source = inspect.getsource(method)
    assert [name for name in names if name not in source] == []


KEY, IV = bytes(range(16)), bytes(range(12))


def sealed(*payloads: bytes) -> list[bytes]:
    """What a client sends: length in the clear, the encrypted packet, its tag."""
    encryption = GCMEncryption(GCMCipher("aes128-gcm", KEY, IV))
    return [
        b"".join(encryption.encrypt_packet(0, len(payload).to_bytes(4, "big"), payload))
        for payload in payloads
    ]


def opening() -> Opening:
    return Opening(GCMCipher("aes128-gcm", KEY, IV))


def stock(ours: Opening, packet: bytes) -> bytes | None:
    return ours.decrypt_packet(0, packet[:16], packet[16:-16], 4, packet[-16:])


@pytest.mark.skipif(not CAN_OPEN, reason="cryptography is older than 47")
def test_packets_are_opened_in_place_or_for_asyncssh_in_any_order() -> None:
    payloads = [os.urandom(16 * number) for number in (1, 3, 2000, 1)]
    packets, ours = sealed(*payloads), opening()
    room = memoryview(bytearray(40_000))
    for number, (payload, packet) in enumerate(zip(payloads, packets, strict=True)):
        if number % 2:
            assert stock(ours, packet) == payload
        else:
            part = room[7 : 7 + len(packet) - BESIDE_BYTES]
            assert ours.open(memoryview(packet), part)
            assert part == payload


@pytest.mark.skipif(not CAN_OPEN, reason="cryptography is older than 47")
def test_a_forged_packet_is_not_opened_and_asyncssh_finds_it_forged_too() -> None:
    (packet,) = sealed(b"x" * 32)
    for place in (0, 4, 20, -1):
        forged = bytearray(packet)
        forged[place] ^= 1
        ours = opening()
        assert not ours.open(memoryview(forged), memoryview(bytearray(32)))
        assert stock(ours, bytes(forged)) is None


@pytest.mark.skipif(not CAN_OPEN, reason="cryptography is older than 47")
def test_asyncssh_is_given_what_was_opened_already_and_only_once() -> None:
    first, second = sealed(b"x" * 32, b"y" * 32)
    ours, room = opening(), memoryview(bytearray(32))
    assert ours.open(memoryview(first), room)
    ours.give(bytes(room))
    assert stock(ours, first) == b"x" * 32
    assert stock(ours, second) == b"y" * 32
