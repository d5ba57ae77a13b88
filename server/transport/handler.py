"""Reads the requests of one SFTP session and answers them by the hooks of a room."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, ClassVar

import structlog
from asyncssh import SFTPBadMessage, SFTPName, SFTPServer, SSHReader, SSHWriter
from asyncssh.constants import FXP_CLOSE, FXP_OPENDIR, FXP_WRITE
from asyncssh.packet import SSHPacket
from asyncssh.sftp import SFTPInvalidHandle, SFTPLimits, SFTPServerHandler

from server.transport.connection import Connection
from server.transport.writes import LONGEST_BYTES, MAX_WRITE_BYTES, PACKET_TOO_LARGE

log = structlog.get_logger()

SFTP_VERSION = 3  # what all clients speak; asyncssh's 4 to 6 would need hooks of their own
MAX_READ_BYTES = 256 * 1024


class Lines(AsyncIterator[SFTPName]):
    """A folder that is open for listing."""

    def close(self) -> None:
        """Give it back."""
        raise NotImplementedError


class Room(SFTPServer):
    """What the handler needs of our SFTP server, beyond the hooks of asyncssh."""

    handles: Callable[[], int]

    def ends(self) -> None:
        """Say that the session ends: handles that are closed from now on were not closed by the client."""
        raise NotImplementedError

    def asked(self) -> None:
        """Say that a request came."""
        raise NotImplementedError

    def open_listing(self, path: bytes) -> Awaitable[Lines]:
        """Answer OPENDIR."""
        raise NotImplementedError

    def write_run(self, file_obj: object, offset: int, pieces: Sequence[memoryview], length: int) -> bool:
        """Answer several WRITE that continue each other; False: nothing was done, they are to come one by one."""
        return False

    def ended(self) -> None:
        """Say that everything of the session is done."""
        raise NotImplementedError

    def max_handles(self) -> int:
        """Return what limits@openssh.com tells."""
        raise NotImplementedError


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
        if length > LONGEST_BYTES:
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
        lists: dict[bytes, Any] = self._dir_handles
        for listing in lists.values():
            listing.close()
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

    async def _process_close(self, packet: SSHPacket) -> None:
        # asyncssh's own forgets a listing without closing it.
        handle = packet.get_string()
        packet.check_end()
        listing: Any = self._dir_handles.pop(handle, None)
        if listing is not None:
            listing.close()
            return
        file = self._file_handles.pop(handle, None)
        if file is None:
            raise SFTPInvalidHandle("Invalid file handle")
        result = self._room.close(file)
        if inspect.isawaitable(result):
            await result

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
        return SFTPLimits(LONGEST_BYTES, MAX_READ_BYTES, MAX_WRITE_BYTES, self._room.max_handles())

    _packet_handlers: ClassVar[dict[int | bytes, Any]] = {  # type: ignore[misc]
        **{
            key: value
            for key, value in SFTPServerHandler._packet_handlers.items()
            if key not in (b"copy-data", b"ranges@asyncssh.com")
        },
        FXP_CLOSE: _process_close,
        FXP_OPENDIR: _process_opendir,
        FXP_WRITE: _process_write,
        b"limits@openssh.com": _process_limits,
    }
