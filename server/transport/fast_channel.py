"""A channel whose data comes in one piece, and a session that takes runs of WRITE requests out of it.

The session is the one place where requests wait. It takes a run only while its handler waits for a request, so that
requests are answered one after the other; all else goes to the handler, and so does what the room does not take.
"""

import asyncio
from typing import Any

import structlog
from asyncssh import SFTPBadMessage, SSHReader, SSHWriter
from asyncssh.packet import SSHPacket

from server.transport.channel import Channel, Session
from server.transport.connection import Connection
from server.transport.handler import Handler, Room
from server.transport.writes import PacketTooLongError, Run, is_completed, packet_end, run_at

log = structlog.get_logger()


class FastChannel(Channel):
    """A channel that counts data before it is handed on."""

    def admits(self, number: int, count: int) -> bool:
        """Count data against the window; False: asyncssh decides what becomes of it."""
        if number != self._recv_chan or self._recv_paused or not 0 < count <= self._recv_window:
            return False
        if self._recv_state != "open" or self._send_state != "open":
            return False
        self._recv_window -= count
        return True

    def lend(self, room: memoryview, count: int) -> int:
        """Move a request's beginning that the next `count` bytes complete to the end of `room`; return its length."""
        return self._session.lend(room, count) if isinstance(self._session, FastSession) else 0

    def deliver(self, data: memoryview) -> None:
        """Hand on what was counted, with what was lent in front of it."""
        self._deliver_data(data, None)  # type: ignore[arg-type]  # it looks at the window, never at the data

    def _accept_data(self, data: bytes, datatype: int | None = None) -> None:
        connection: Any = self._conn
        connection.channel = self
        super()._accept_data(data, datatype)


class FastSession(Session):
    """What runs on a fast channel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._left = bytearray()  # what arrived and nobody took
        self._apart_bytes = 0  # so much of it is to be handled request by request
        self._handler: FastHandler | None = None

    def new_handler(self, room: Room, reader: SSHReader[bytes], writer: SSHWriter[bytes]) -> Handler:
        """Return what handles requests."""
        self._handler = FastHandler(self, room, reader, writer)
        return self._handler

    def lend(self, room: memoryview, count: int) -> int:
        """Move a request's beginning to the end of `room`, if it may be taken there; return its length.

        Only with the `count` bytes that complete it: to move it for each byte that comes took five times the CPU.
        """
        kept = len(self._left)
        if not kept or not self._handler_waits() or not is_completed(self._left, count):
            return 0
        room[len(room) - kept :] = self._left
        self._left.clear()
        return kept

    def data_received(self, data: bytes | memoryview, datatype: int | None) -> None:
        """Take what can be taken at once, keep the rest, and wake the handler where that is something for it."""
        stream = memoryview(data)
        waits = self._handler_waits()
        taken = self._take_runs(stream) if waits and not self._left else 0
        self._left += stream[taken:]
        if waits and self._is_packet_left():
            self._unblock_read(None)
        self._count()

    async def next_packet(self) -> bytes:
        """Return the next request that is no run.

        Raises:
            PacketTooLongError: it says that it is longer than any may be (U9).
            EOFError: the client ended the channel.
        """
        while (packet := self._take_packet()) is None:
            self._count()
            if self._is_packet_left():
                continue  # what the channel held back has come
            if self._eof_received:
                raise self._exception or asyncio.IncompleteReadError(bytes(self._left), None)
            await self._block_read(None)
        self._count()
        return packet

    def are_answers_read(self) -> bool:
        """Whether the client takes what is sent: one that does not must wait for each answer."""
        channel, connection = self._chan, self._conn
        if channel is None or channel.is_closing() or self._write_paused:
            return False
        return isinstance(connection, Connection) and connection.is_writable

    def _handler_waits(self) -> bool:
        waiter = self._read_waiters[None]
        return waiter is not None and not waiter.done()

    def _take_packet(self) -> bytes | None:
        with memoryview(self._left) as stream:
            begin = self._take_runs(stream)
            end = packet_end(stream, begin)
            packet = None if end is None else bytes(stream[begin + 4 : end])
        del self._left[: begin if end is None else end]
        self._apart_bytes = max(0, self._apart_bytes - ((end or begin) - begin))
        return packet

    def _take_runs(self, stream: memoryview) -> int:
        """Return how many bytes were taken."""
        position = 0
        while not self._apart_bytes and (run := run_at(stream, position)) is not None:
            if self._handler is None or not self._handler.take(run):
                self._apart_bytes = run.end - position
                break
            position = run.end
        return position

    def _is_packet_left(self) -> bool:
        try:
            with memoryview(self._left) as stream:
                return packet_end(stream, 0) is not None
        except PacketTooLongError:
            return True  # it is for the handler to say so

    def _count(self) -> None:
        """Let the channel hold back what comes while too much waits."""
        self._recv_buf_len = len(self._left)
        self._maybe_pause_reading()
        self._maybe_resume_reading()


class FastHandler(Handler):
    """A handler that gets its requests from the session, and answers runs when it is asked."""

    def __init__(
        self, session: FastSession, room: Room, reader: SSHReader[bytes], writer: SSHWriter[bytes]
    ) -> None:
        super().__init__(room, reader, writer)
        self._session = session

    async def recv_packet(self) -> SSHPacket:
        """Rule U9: take a request of the size that OpenSSH takes."""
        try:
            return SSHPacket(await self._session.next_packet())
        except PacketTooLongError as exc:
            log.warning("limit.reached", reason=str(exc))
            raise SFTPBadMessage(str(exc)) from exc

    def take(self, run: Run) -> bool:
        """Write and answer a run, or change nothing and say that its requests are to be handled one by one."""
        writer = self._writer
        if writer is None or not self._session.are_answers_read():
            return False
        file = self._file_handles.get(run.handle)
        if file is None or not self._room.write_run(file, run.offset, run.pieces, run.length):
            return False
        self._room.asked()
        writer.write(run.answers())
        return True
