"""A connection that decrypts in place and hands the data of a channel on in one piece.

All connections of a listener use the same memory in turn: between two events of the loop nothing stays in it. Whatever
is not data of a channel, is damaged, or comes while asyncssh is busy, is given to asyncssh as it came.
"""

import asyncio
import struct
from collections.abc import Callable

from asyncssh import DisconnectError, SSHServerChannel, SSHServerConnectionOptions
from asyncssh.constants import MSG_CHANNEL_DATA
from asyncssh.encryption import GCMEncryption

from server.transport.channel import Channel, Session
from server.transport.connection import Connection
from server.transport.fast_channel import FastChannel, FastSession
from server.transport.handler import Room
from server.transport.opening import BESIDE_BYTES, LENGTH_BYTES, Opening
from server.transport.writes import LONGEST_BYTES

READ_BYTES = 256 * 1024  # from the network, at once
LONGEST_PACKET_BYTES = 256 * 1024  # as asyncssh takes them
# What stands before the data in an opened packet: length of the padding, type, channel, length of the data
# (RFC 4253 6, RFC 4254 5.2).
_HEAD = struct.Struct(">BBII")
_FRONT = LONGEST_BYTES + LENGTH_BYTES  # where data begins; a request begun before is put in front of it


class Buffers:
    """The memory that all connections of one listener use in turn."""

    def __init__(self) -> None:
        self.received = memoryview(bytearray(LONGEST_PACKET_BYTES + READ_BYTES))
        self.opened = memoryview(bytearray(_FRONT + LONGEST_PACKET_BYTES + READ_BYTES))


class FastConnection(Connection):
    """Looks at each packet that is complete, and keeps the beginning of the next."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: SSHServerConnectionOptions, buffers: Buffers
    ) -> None:
        super().__init__(loop, options)
        self._buffers = buffers
        self.channel: FastChannel | None = None  # whose data came last
        self._end = 0  # of that channel's data in the memory

    def attach(self, transport: asyncio.Transport) -> None:
        """Begin on a new connection."""
        transport.set_protocol(Receiver(self, self._buffers.received))
        self.connection_made(transport)

    def take(self, received: memoryview) -> bytes:
        """Take what came from the network; return the beginning of a packet that is not complete."""
        if self._inpbuf or self._packet or self._opening() is None:
            return self._hand_over(received)
        try:
            position = self._take_packets(received)
        except DisconnectError as exc:
            self._send_disconnect(exc.code, exc.reason, exc.lang)
            self._force_close(exc)
        except Exception:  # noqa: BLE001  # asyncssh does the same: it ends this connection alone
            self.internal_error()
        else:
            rest = received[position:]
            return self._hand_over(rest) if self._opening() is None else bytes(rest)
        return b""

    def _hand_over(self, received: memoryview) -> bytes:
        """Let asyncssh take what came, and take back the beginning of a packet that it has no use for yet."""
        self.data_received(bytes(received))
        if self._opening() is None:
            return b""
        rest = self._packet + self._inpbuf  # the length is not encrypted
        self._packet = self._inpbuf = b""
        self._recv_handler = self._recv_pkthdr
        return rest

    def _opening(self) -> Opening | None:
        """Return what packets are decrypted with, unless they are asyncssh's for now."""
        if not self._auth_complete or self._decompressor or self.leaving or self._transport is None:
            return None
        if self._recv_handler not in (self._recv_pkthdr, self._recv_packet):  # it is busy with one
            return None
        if type(self._recv_encryption) is GCMEncryption:
            self._recv_encryption = Opening(self._recv_encryption._cipher)
        return self._recv_encryption if isinstance(self._recv_encryption, Opening) else None

    def _take_packets(self, received: memoryview) -> int:
        """Return how many bytes were taken."""
        self._reset_keepalive_timer()
        position = 0
        opening = self._opening()
        self._end = _FRONT
        while opening is not None and len(received) - position >= LENGTH_BYTES:
            length = int.from_bytes(received[position : position + LENGTH_BYTES], "big")
            end = position + BESIDE_BYTES + length
            is_sound = _HEAD.size <= length <= self._max_recv_pktlen
            if is_sound and end > len(received):
                break
            packet = received[position:end]
            if not is_sound or not self._take_data(opening, packet):
                self._deliver()
                self.data_received(bytes(packet))
                opening = self._opening()
                self._end = _FRONT
            position = end
        self._deliver()
        return min(position, len(received))

    def _take_data(self, opening: Opening, packet: memoryview) -> bool:
        """Decrypt a packet behind the data that is there; False: it is asyncssh's.

        What stands before its data falls on the last bytes of what is there, which are put back.
        """
        begin = self._end - _HEAD.size
        length = len(packet) - BESIDE_BYTES
        room = self._buffers.opened[begin : begin + length]
        kept = bytes(room[: _HEAD.size])
        is_data = False
        if opening.open(packet, room):
            padding, kind, number, count = _HEAD.unpack_from(room)
            is_whole = padding > 0 and length == _HEAD.size + count + padding
            if kind == MSG_CHANNEL_DATA and is_whole and self.channel is not None:
                is_data = self.channel.admits(number, count)
            if is_data:
                self._end += count
                self._recv_seq = (self._recv_seq + 1) & 0xFFFFFFFF
            else:
                opening.give(bytes(room))
        room[: _HEAD.size] = kept
        return is_data

    def _deliver(self) -> None:
        count = self._end - _FRONT
        if self.channel is not None and count:
            opened = self._buffers.opened
            lent = self.channel.lend(opened[:_FRONT], count)
            self.channel.deliver(opened[_FRONT - lent : self._end])


class Receiver(asyncio.BufferedProtocol):
    """What the transport reads into."""

    def __init__(self, connection: FastConnection, memory: memoryview) -> None:
        self._connection = connection
        self._memory = memory
        self._rest = b""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the memory behind what is left from before."""
        kept = len(self._rest)
        self._memory[:kept] = self._rest
        return self._memory[kept : kept + READ_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what came."""
        self._rest = self._connection.take(self._memory[: len(self._rest) + nbytes])

    def eof_received(self) -> None:
        """Hand it on."""
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand it on."""
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        """Hand it on."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on."""
        self._connection.resume_writing()


def open_session(
    connection: Connection, room: Callable[[SSHServerChannel[bytes]], Room]
) -> tuple[Channel, Session]:
    """Return what `SSHServer.session_requested` answers."""
    if isinstance(connection, FastConnection):
        return FastChannel(connection), FastSession(room=room)
    return Channel(connection), Session(room=room)
