"""A channel and what runs on it: the sftp subsystem or nothing (rule U11)."""

import asyncio
from collections.abc import Callable
from typing import Any

from asyncssh import SSHReader, SSHServerChannel, SSHServerConnection, SSHWriter
from asyncssh.packet import SSHPacket
from asyncssh.stream import SSHServerStreamSession

from server.transport.handler import Handler, Room

WINDOW_BYTES = 2 * 1024 * 1024
MAX_PACKET_BYTES = 32 * 1024


class Channel(SSHServerChannel[bytes]):
    """A channel on which only the sftp subsystem can be asked for (rule U11)."""

    def __init__(self, connection: SSHServerConnection) -> None:
        super().__init__(
            connection,
            asyncio.get_running_loop(),
            allow_pty=False,
            line_editor=False,
            line_echo=False,
            line_history=0,
            max_line_length=0,
            encoding=None,
            errors="strict",
            window=WINDOW_BYTES,
            max_pktsize=MAX_PACKET_BYTES,
        )

    def _accept_data(self, data: bytes, datatype: int | None = None) -> None:
        """Join what waits: of two bytes each, a window was 100 MiB, and taking it from the list's front held up all."""
        super()._accept_data(data, datatype)
        waiting: list[tuple[bytes, int | None]] = self._recv_buf
        if len(waiting) > 1 and len(waiting[-2][0]) + len(waiting[-1][0]) <= MAX_PACKET_BYTES:
            waiting[-2:] = [(waiting[-2][0] + waiting[-1][0], datatype)]

    def _process_env_request(self, packet: SSHPacket) -> bool:
        return False  # asyncssh grants it always

    def _process_pty_req_request(self, packet: SSHPacket) -> bool:
        return False

    def _process_x11_req_request(self, packet: SSHPacket) -> bool:
        return False

    def _process_auth_agent_req_at_openssh_dot_com_request(  # type: ignore[override]
        self, packet: SSHPacket
    ) -> bool:
        return False

    def _process_shell_request(self, packet: SSHPacket) -> bool:
        return False

    def _process_exec_request(self, packet: SSHPacket) -> bool:
        return False


class Session(SSHServerStreamSession[bytes]):
    """What runs on a channel: SFTP or nothing."""

    def __init__(self, *, room: Callable[[SSHServerChannel[bytes]], Room]) -> None:
        super().__init__(None)
        self._room = room

    def subsystem_requested(self, subsystem: str) -> bool:
        """Rule U11: grant sftp only."""
        return subsystem == "sftp"

    def session_started(self) -> None:
        """Serve SFTP on the channel."""
        channel: Any = self._chan
        connection: Any = self._conn
        room = self._room(channel)
        handler = self.new_handler(room, SSHReader(self, channel), SSHWriter(self, channel))
        connection.create_task(handler.serve())

    def new_handler(self, room: Room, reader: SSHReader[bytes], writer: SSHWriter[bytes]) -> Handler:
        """Return what handles requests."""
        return Handler(room, reader, writer)

    def signal_received(self, signal: str) -> None:
        """Ignore a signal: it would end the session."""

    def break_received(self, msec: int) -> bool:
        """Refuse a break."""
        return False

    def soft_eof_received(self) -> None:
        """Ignore it: only a terminal has one."""

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Ignore it: there is no terminal."""
