"""A customer's SFTP server in memory: honest as it stands; faulty ones are subclasses (rule S2)."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncssh

from processor.intake import sftp_wire as wire
from processor.intake.pulls import After, PullServer
from processor.intake.sftp_wire import Answer
from processor.intake.ssh_connection import Account

PASSWORD = "geheim-geheim"
FOLDER = "/out"
OPEN_FOLDER = b"folder"
SomeServer = TypeVar("SomeServer", bound="Server")


@dataclass
class File:
    """A file of the server; `mode` makes it something else."""

    data: bytes = b""
    mtime: int = 1_700_000_000
    mode: int = stat.S_IFREG | 0o644
    said_size: int | None = None

    @property
    def attributes(self) -> bytes:
        size = len(self.data) if self.said_size is None else self.said_size
        return b"".join(
            (
                wire.number(0xD),
                wire.long_number(size),
                wire.number(self.mode),
                wire.number(self.mtime),
                wire.number(self.mtime),
            )
        )


class Server:
    """Answers requests on the files of one folder."""

    page = 100  # names in a packet

    def __init__(self) -> None:
        self.files: dict[bytes, File] = {}
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self.passwords: list[str] = []
        self.options: dict[str, Any] = {}  # of asyncssh
        self.listings = 0
        self.served = 0  # bytes of files
        self.reads: list[int] = []  # offsets
        self.sessions = 0
        self._left: list[bytes] = []
        self._listener: asyncssh.SSHAcceptor | None = None

    # --- what a test asks

    def put(self, name: str, data: bytes, mtime: int = 1_700_000_000) -> File:
        """Put a file there."""
        self.files[name.encode()] = file = File(data, mtime)
        return file

    @property
    def names(self) -> list[str]:
        """What lies there."""
        return sorted(name.decode() for name in self.files)

    @property
    def account(self) -> Account:
        """How to log in."""
        return self.pull_server().account

    def pull_server(self, after: After = After.REMEMBER, pattern: str = "*") -> PullServer:
        """How files are fetched from here."""
        return PullServer(
            host="127.0.0.1",
            port=self.port,
            username="roster",
            password=PASSWORD,
            folder=FOLDER,
            host_key=self.key.get_fingerprint(),
            after=after,
            pattern=pattern,
        )

    async def change_key(self) -> None:
        """Show another host key from now on."""
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        await self.stop()
        await self.start(self.port)

    # --- its life

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._listener = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=lambda: Doorkeeper(self),
            server_host_keys=[self.key],
            encoding=None,
            **self.options,
        )
        self.port = self._listener.get_port()

    async def stop(self) -> None:
        """Listen no more."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, channel: "asyncssh.SSHServerChannel[bytes]") -> None:
        """Answer the requests of one session."""
        self.sessions += 1
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4), "big")
                body = await reader.readexactly(length)
                for packet in await self.respond(body[0], Answer(body[1:])):
                    channel.write(packet)
        except Cut:
            channel.get_connection().abort()
        except (asyncio.IncompleteReadError, asyncssh.Error, OSError):
            channel.close()

    # --- requests

    async def respond(self, kind: int, request: Answer) -> list[bytes]:  # noqa: PLR0911
        """Answer one request."""
        if kind == wire.INIT:
            return [wire.packet(wire.VERSION_ANSWER, wire.number(3))]
        number = wire.number(request.number())
        match kind:
            case wire.OPENDIR:
                self.listings += 1
                self._left = list(self.files)
                return [wire.packet(wire.HANDLE, number, wire.text(OPEN_FOLDER))]
            case wire.READDIR:
                return [self.read_folder(number)]
            case wire.OPEN:
                return [self.open(number, _name(request.text()))]
            case wire.READ:
                return self.read(number, request.text(), request.long_number(), request.number())
            case wire.LSTAT | wire.FSTAT:
                return [self.look(number, kind, _name(request.text()))]
            case wire.RENAME:
                return [self.rename(number, _name(request.text()), _name(request.text()))]
            case wire.REMOVE:
                return [self.remove(number, _name(request.text()))]
            case _:
                return [status(number, wire.OK)]

    def read_folder(self, number: bytes) -> bytes:
        names, self._left = self._left[: self.page], self._left[self.page :]
        if not names:
            return status(number, wire.EOF)
        return listing(number, [(name, self.files[name].attributes) for name in names])

    def open(self, number: bytes, name: bytes) -> bytes:
        if name not in self.files:
            return status(number, wire.NO_SUCH_FILE, "No such file")
        return wire.packet(wire.HANDLE, number, wire.text(name))

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        self.reads.append(offset)
        data = self.files[name].data[offset : offset + length]
        if not data:
            return [status(number, wire.EOF)]
        self.served += len(data)
        return [wire.packet(wire.DATA, number, wire.text(data))]

    def look(self, number: bytes, kind: int, name: bytes) -> bytes:
        if name not in self.files:
            return status(number, wire.NO_SUCH_FILE, "No such file")
        return wire.packet(wire.ATTRS, number, self.files[name].attributes)

    def rename(self, number: bytes, name: bytes, target: bytes) -> bytes:
        if name not in self.files or target in self.files:
            return status(number, 4, "Failure")
        self.files[target] = self.files.pop(name)
        return status(number, wire.OK)

    def remove(self, number: bytes, name: bytes) -> bytes:
        if self.files.pop(name, None) is None:
            return status(number, wire.NO_SUCH_FILE, "No such file")
        return status(number, wire.OK)


class Cut(Exception):  # noqa: N818 - no error, an event
    """The connection dies."""


class Doorkeeper(asyncssh.SSHServer):
    """Takes one password and notes every one that it was shown."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._server.passwords.append(password)
        return password == PASSWORD

    def session_requested(self) -> "asyncssh.SSHServerSession[bytes]":
        return Session(self._server)


class Session(asyncssh.SSHServerSession[bytes]):
    """The sftp subsystem of one channel."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader = asyncio.StreamReader()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, chan: "asyncssh.SSHServerChannel[bytes]") -> None:
        self._channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        self._task = asyncio.create_task(self._server.serve(self._reader, self._channel))

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._reader.feed_data(data)

    def eof_received(self) -> bool:
        self._reader.feed_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()


def status(number: bytes, code: int, text: str = "") -> bytes:
    """Write a status."""
    return wire.packet(wire.STATUS, number, wire.number(code), wire.text(text.encode()), wire.text(b""))


def listing(number: bytes, entries: list[tuple[bytes, bytes]]) -> bytes:
    """Write a part of a listing."""
    lines = (wire.text(name) + wire.text(b"-rw") + attributes for name, attributes in entries)
    return wire.packet(wire.NAME, number, wire.number(len(entries)), *lines)


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


@asynccontextmanager
async def running(server: SomeServer) -> AsyncIterator[SomeServer]:
    """Let a server run."""
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
