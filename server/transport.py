"""The only module that uses private names of asyncssh (2.24); each has a canary in its test.

Here are: the flag that tells a client's CLOSE from a dying session's, backpressure, the last WRITE of rclone, the
refusal of everything that is not SFTP, the goodbye whose text arrives, options that are not read again, public keys
whose proof is told from a question about them, a login in two steps, and options that depend on the address.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, ClassVar

import structlog
from asyncssh import (
    DISC_PROTOCOL_ERROR,
    KeyImportError,
    SFTPBadMessage,
    SFTPName,
    SFTPServer,
    SSHKey,
    SSHReader,
    SSHServer,
    SSHServerChannel,
    SSHServerConnection,
    SSHServerConnectionOptions,
    SSHWriter,
    load_keypairs,
)
from asyncssh.constants import DEFAULT_LANG, FXP_OPENDIR, FXP_WRITE
from asyncssh.packet import PacketDecodeError, SSHPacket, String
from asyncssh.public_key import decode_ssh_public_key
from asyncssh.sftp import SFTPInvalidHandle, SFTPLimits, SFTPServerHandler
from asyncssh.stream import SSHServerStreamSession

from server.public_keys import text_of

log = structlog.get_logger()

SFTP_VERSION = 3  # what all clients speak; asyncssh's 4 to 6 would need hooks of their own
MAX_READ_BYTES = 256 * 1024
MAX_WRITE_BYTES = 256 * 1024
PACKET_ROOM_BYTES = 1024
PACKET_TOO_LARGE = f"A packet is longer than {MAX_WRITE_BYTES + PACKET_ROOM_BYTES} bytes (U9)"
WINDOW_BYTES = 2 * 1024 * 1024
MAX_PACKET_BYTES = 32 * 1024
GOODBYE_S = 1.0  # how long a client has to read why it is sent away


class Room(SFTPServer):
    """What the handler needs of our SFTP server, beyond the hooks of asyncssh."""

    handles: Callable[[], int]

    def ends(self) -> None:
        """Say that the session ends: handles that are closed from now on were not closed by the client."""
        raise NotImplementedError

    def asked(self) -> None:
        """Say that a request came."""
        raise NotImplementedError

    def open_listing(self, path: bytes) -> Awaitable[AsyncIterator[SFTPName]]:
        """Answer OPENDIR."""
        raise NotImplementedError

    def ended(self) -> None:
        """Say that everything of the session is done."""
        raise NotImplementedError

    def max_handles(self) -> int:
        """Return what limits@openssh.com tells."""
        raise NotImplementedError


class Welcome(SSHServer):
    """What a connection asks about public keys; `asyncssh.SSHServer` has only a part of it."""

    async def key_offered(self, username: str, key: str) -> bool:
        """Say whether a login with this key would be taken."""
        raise NotImplementedError

    async def key_used(self, username: str, key: str, verify: Callable[[], bool]) -> bool:
        """Say whether the login is complete; `verify` checks the signature."""
        raise NotImplementedError

    def took_first_step(self) -> bool:
        """Say whether the login that was not complete was a first step (RFC 4252 5.1, partial success)."""
        raise NotImplementedError

    def login_timed_out(self) -> str:
        """Return what a client is told that took too long."""
        raise NotImplementedError


class Connection(SSHServerConnection):
    """An SSH connection that says goodbye and knows when its client does not read."""

    def __init__(self, loop: asyncio.AbstractEventLoop, options: SSHServerConnectionOptions) -> None:
        super().__init__(loop, options)
        self.leaving = False
        self._writable = asyncio.Event()
        self._writable.set()

    async def validate_public_key(self, username: str, key_data: bytes, msg: bytes, signature: bytes) -> bool:
        """Rules A1, A4: ask about a key, or log in with it; a signature's algorithm must be one that is offered.

        asyncssh would ask the same for both, and take SHA-1 signatures whatever is offered.
        """
        owner = self._owner
        if not isinstance(owner, Welcome):
            return False
        try:
            key = decode_ssh_public_key(key_data)
        except KeyImportError:
            return await owner.key_offered(username, "")
        text = text_of(key)
        if not msg:
            return await owner.key_offered(username, text)

        def verify() -> bool:
            try:
                algorithm = SSHPacket(signature).get_string()
            except PacketDecodeError:
                return False
            return algorithm in self._sig_algs and key.verify(String(self._session_id) + msg, signature)

        return await owner.key_used(username, text, verify)

    def send_userauth_failure(self, partial_success: bool) -> None:
        """Rule A1: say where a key was the first of two steps."""
        owner = self._owner
        step = isinstance(owner, Welcome) and owner.took_first_step()
        self._next_service = b"ssh-userauth"  # paramiko asks for it again before each try, as OpenSSH allows
        super().send_userauth_failure(partial_success or step)

    async def reload_config(self) -> None:
        """Keep the options: reading them again at each login is for configuration files, which we have not."""

    def pause_writing(self) -> None:
        """Note that the client does not read: 1.5 KB of READ requests filled 235 MiB otherwise."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that it reads again."""
        self._writable.set()

    async def writable(self) -> None:
        """Wait until the client has read most of what it asked for, or is gone."""
        await self._writable.wait()

    def goodbye(self, code: int, reason: str) -> None:
        """Send the disconnect's text, read no more, and close when the client has, or after a second.

        Closing at once would let a reset overtake the text, and the answer to a last CLOSE.
        """
        if self.leaving or self._transport is None:
            return
        self._send_disconnect(code, reason, DEFAULT_LANG)
        self.leaving = True
        self._transport.write_eof()
        self._loop.call_later(GOODBYE_S, self._force_close, None)

    def data_received(self, data: bytes, datatype: Any = None) -> None:
        """Take bytes from the network, unless they come after the goodbye."""
        if not self.leaving:
            super().data_received(data, datatype)

    def send_packet(self, pkttype: int, *args: bytes, **kwargs: Any) -> None:
        """Send a packet; nothing follows a goodbye."""
        if not self.leaving:
            super().send_packet(pkttype, *args, **kwargs)

    def _login_timer_callback(self) -> None:
        self._login_timer = None
        owner = self._owner
        text = owner.login_timed_out() if isinstance(owner, Welcome) else "Login timeout"
        self.goodbye(DISC_PROTOCOL_ERROR, text)

    def _cleanup(self, exc: Exception | None) -> None:
        self._writable.set()
        super()._cleanup(exc)


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
        handler = Handler(room, SSHReader(self, channel), SSHWriter(self, channel))
        connection.create_task(handler.serve())

    def signal_received(self, signal: str) -> None:
        """Ignore a signal: it would end the session."""

    def break_received(self, msec: int) -> bool:
        """Refuse a break."""
        return False

    def soft_eof_received(self) -> None:
        """Ignore it: only a terminal has one."""

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Ignore it: there is no terminal."""


class Handler(SFTPServerHandler):
    """Reads requests of one session, one after the other, and answers them."""

    # Without asyncssh's name and version, hard links, and copies inside the server.
    _extensions: ClassVar[list[tuple[bytes, bytes]]] = [  # type: ignore[misc]
        (b"posix-rename@openssh.com", b"1"),
        (b"statvfs@openssh.com", b"2"),
        (b"fstatvfs@openssh.com", b"2"),
        (b"fsync@openssh.com", b"1"),
        (b"lsetstat@openssh.com", b"1"),
        (b"limits@openssh.com", b"1"),
    ]

    def __init__(self, room: Room, reader: SSHReader[bytes], writer: SSHWriter[bytes]) -> None:
        super().__init__(room, reader, writer, SFTP_VERSION)
        self._room = room
        room.handles = self._count_handles

    def _count_handles(self) -> int:
        return len(self._file_handles) + len(self._dir_handles)

    async def serve(self) -> None:
        """Serve until the client ends the channel or the connection is lost."""
        try:
            await self.run()
        except EOFError:  # asyncssh does not expect a client that leaves before it said anything
            await self._cleanup(None)
        except Exception as exc:
            log.exception("session.failed")
            await self._cleanup(exc)
            raise
        finally:
            self._room.ended()

    async def recv_packet(self) -> SSHPacket:
        """Rule U9: take a packet of the size that OpenSSH takes; asyncssh would collect 4 MiB."""
        length = int.from_bytes(await self._bytes(4), "big")
        if length > MAX_WRITE_BYTES + PACKET_ROOM_BYTES:
            log.warning("limit.reached", reason=PACKET_TOO_LARGE)
            raise SFTPBadMessage(PACKET_TOO_LARGE)
        return SSHPacket(await self._bytes(length))

    async def _bytes(self, count: int) -> bytes:
        reader = self._reader
        if reader is None:
            raise EOFError
        return await reader.readexactly(count)

    async def _cleanup(self, exc: Exception | None) -> None:
        # asyncssh closes handles of a dying session exactly like a client's CLOSE; only this comes before.
        self._room.ends()
        await super()._cleanup(exc)

    async def _process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        self._room.asked()
        await super()._process_packet(pkttype, pktid, packet)
        writer = self._writer
        if writer is not None:
            await writer.drain()
            connection: Any = writer.channel.get_connection() if not writer.channel.is_closing() else None
            if isinstance(connection, Connection):
                await connection.writable()

    async def _process_opendir(self, packet: SSHPacket) -> bytes:
        # asyncssh's own answers OK before it looks, so that an error comes with the first READDIR.
        path = packet.get_string()
        packet.check_end()
        listing = await self._room.open_listing(path)
        handle = self._get_next_handle()
        self._dir_handles[handle] = listing
        return handle

    async def _process_write(self, packet: SSHPacket) -> int:
        handle = packet.get_string()
        offset = packet.get_uint64()
        data = packet.get_string()
        # rclone 1.60 sends bytes behind the data of its last WRITE: they are left unread.
        upload = self._file_handles.get(handle)
        if upload is None:
            raise SFTPInvalidHandle("Invalid file handle")
        result = self._room.write(upload, offset, data)
        return result if isinstance(result, int) else await result

    async def _process_limits(self, packet: SSHPacket) -> SFTPLimits:
        packet.check_end()
        return SFTPLimits(
            MAX_WRITE_BYTES + PACKET_ROOM_BYTES, MAX_READ_BYTES, MAX_WRITE_BYTES, self._room.max_handles()
        )

    _packet_handlers: ClassVar[dict[int | bytes, Any]] = {  # type: ignore[misc]
        **{
            key: value
            for key, value in SFTPServerHandler._packet_handlers.items()
            if key not in (b"copy-data", b"ranges@asyncssh.com")
        },
        FXP_OPENDIR: _process_opendir,
        FXP_WRITE: _process_write,
        b"limits@openssh.com": _process_limits,
    }


def open_session(
    connection: SSHServerConnection, room: Callable[[SSHServerChannel[bytes]], Room]
) -> tuple[Channel, Session]:
    """Return what `SSHServer.session_requested` answers."""
    return Channel(connection), Session(room=room)


def offer_host_keys(
    options: SSHServerConnectionOptions, keys: Iterable[SSHKey], algorithms: Iterable[str]
) -> None:
    """Rule A4: offer these algorithms, each with the first key that fits.

    asyncssh would offer SHA-1 with an RSA key, and one object for all its algorithms: the choice of a client changes
    that object, so that another client's key exchange at the same moment is signed with the wrong one.
    """
    offered = OrderedDict()
    for algorithm in (name.encode() for name in algorithms):
        pairs = [
            pair for key in keys for pair in load_keypairs([key]) if algorithm in pair.host_key_algorithms
        ]
        if pairs:
            pairs[0].set_sig_algorithm(algorithm)
            offered[algorithm] = pairs[0]
    options.server_host_keys = offered


def channels_of(connection: SSHServerConnection) -> int:
    """Return how many channels are open."""
    return len(connection._channels)


class Doorway(asyncio.Protocol):
    """Takes a new connection and makes it what its address may have: algorithms are agreed on before any name."""

    def __init__(self, connect: Callable[[str], Connection]) -> None:
        self._connect = connect

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection over; nothing was read yet."""
        assert isinstance(transport, asyncio.Transport)
        connection = self._connect(str(transport.get_extra_info("peername", ("",))[0]))
        transport.set_protocol(connection)
        connection.connection_made(transport)
