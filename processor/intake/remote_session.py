"""One SFTP session with a customer's server (rule S2), of which nothing is believed: everything is bounded.

asyncssh's own SFTP client decodes whatever count a packet gives, in the loop; so only its SSH side is used here.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncssh

from core.errors import ServiceError
from processor.intake import sftp_wire as wire
from processor.intake.ssh_connection import PATIENT, Account, Patience, ServerUnreachableError, dialled

MAX_ENTRIES = 50_000
MAX_LISTING_BYTES = 16 << 20
MAX_EMPTY = 100  # packets of a listing without a name
BLOCK_BYTES = 32 * 1024  # what every server answers at once
MAX_PIECES = 64  # that a block may come in
AHEAD = 32  # blocks that are asked for ahead: 1 MiB
WINDOW_BYTES = 1 << 20
MAX_HANDLE_BYTES = 256


class RemoteRefusedError(ServiceError):
    """The server answered a request with an error; the text is the server's."""

    code = "remote_refused"

    def __init__(self, public_message: str, *, status: int) -> None:
        super().__init__(public_message)
        self.status = status

    @property
    def is_missing(self) -> bool:
        """Whether there is no such file."""
        return self.status == wire.NO_SUCH_FILE


class FileChangedError(ServiceError):
    """A file is not, or not any more, what the server says of it: another look may find it whole."""

    code = "file_changed"
    retryable = True


@dataclass(slots=True)
class _Block:
    """A part of a file that was asked for."""

    offset: int
    length: int
    data: bytes = b""
    pieces: int = 0
    here: bool = False


class RemoteSession:
    """An open session; one request after the other, but for the blocks of a file. `open_session` makes it."""

    def __init__(
        self,
        *,
        reader: "asyncssh.SSHReader[bytes]",
        writer: "asyncssh.SSHWriter[bytes]",
        patience: Patience = PATIENT,
    ) -> None:
        self.patience = patience
        self._reader = reader
        self._writer = writer
        self._next = 0

    async def greet(self) -> None:
        """Agree on the version.

        Raises:
            BadAnswerError: it is none that we speak.
        """
        self._write(wire.packet(wire.INIT, wire.number(wire.VERSION)))
        kind, answer = await self._received()
        if kind != wire.VERSION_ANSWER or answer.number() < wire.VERSION:
            raise wire.BadAnswerError("The server does not speak SFTP version 3.")

    async def listing(self, folder: str) -> list[wire.Entry]:
        """Return what lies in a folder, at most 50,000 entries.

        Raises:
            RemoteRefusedError: there is no such folder, or it may not be read.
            BadAnswerError: it never ends.
            ServerUnreachableError: the connection broke, or nothing came for too long.
        """
        async with _within(self.patience.listing_s):
            handle = await self._handle(wire.OPENDIR, wire.text(folder.encode()), what=f"the folder {folder}")
            found: list[wire.Entry] = []
            size = empty = 0
            while True:
                kind, answer = await self._asked(wire.READDIR, wire.text(handle))
                if kind == wire.STATUS:
                    self._expect(answer.status(), wire.EOF, what=f"the folder {folder}")
                    break
                size += answer.left
                entries = self._of_kind(kind, wire.NAME, answer).entries()
                found += [entry for entry in entries if entry.name not in (b".", b"..")]
                empty += not entries
                if len(found) > MAX_ENTRIES or size > MAX_LISTING_BYTES or empty > MAX_EMPTY:
                    raise wire.BadAnswerError(
                        f"The listing of {folder} never ends or is too long (more than {MAX_ENTRIES:,} entries, or "
                        "16 MiB): have old files moved away."
                    )
            await self._close(handle)
        return found

    async def look(self, path: str) -> wire.Attributes:
        """Return what a path is; a link is not followed.

        Raises:
            RemoteRefusedError: there is none (`is_missing`), or it may not be seen.
        """
        kind, answer = await self._asked(wire.LSTAT, wire.text(path.encode()))
        if kind == wire.STATUS:
            self._expect(answer.status(), None, what=path)
        return self._of_kind(kind, wire.ATTRS, answer).attributes()

    async def rename(self, path: str, target: str) -> None:
        """Rename a file; version 3 replaces nothing.

        Raises:
            RemoteRefusedError: it may not be, or the target exists.
        """
        await self._done(wire.RENAME, wire.text(path.encode()), wire.text(target.encode()), what=path)

    async def remove(self, path: str) -> None:
        """Remove a file.

        Raises:
            RemoteRefusedError: it may not be, or there is none.
        """
        await self._done(wire.REMOVE, wire.text(path.encode()), what=path)

    @asynccontextmanager
    async def reading(self, path: str) -> AsyncIterator["RemoteFile"]:
        """Open a file for reading.

        Raises:
            RemoteRefusedError: there is none, or it may not be read.
        """
        fields = (wire.text(path.encode()), wire.number(wire.OPEN_FOR_READING), wire.number(0))
        handle = await self._handle(wire.OPEN, *fields, what=path)
        file = RemoteFile(session=self, handle=handle, path=path)
        try:
            yield file
        except (RemoteRefusedError, FileChangedError):  # of this file only: the session goes on
            await file.settle()
            await self._close(handle)
            raise
        await file.settle()
        await self._close(handle)

    # --- one request

    def send(self, kind: int, *fields: bytes) -> int:
        """Ask something and return the number that the answer will have."""
        self._next = (self._next + 1) & 0xFFFFFFFF
        self._write(wire.packet(kind, wire.number(self._next), *fields))
        return self._next

    def _write(self, packet: bytes) -> None:
        try:
            self._writer.write(packet)
        except Exception as exc:  # whatever broke the connection, which a hostile server chooses
            raise broken() from exc

    async def received(self) -> tuple[int, int, wire.Answer]:
        """Return the next answer: its kind, its number and what follows."""
        kind, answer = await self._received()
        return kind, answer.number(), answer

    async def _asked(self, kind: int, *fields: bytes) -> tuple[int, wire.Answer]:
        asked = self.send(kind, *fields)
        answered, came, answer = await self.received()
        if came != asked:
            raise wire.BadAnswerError("The SFTP server answered something that nobody asked.")
        return answered, answer

    async def _handle(self, kind: int, *fields: bytes, what: str) -> bytes:
        answered, answer = await self._asked(kind, *fields)
        if answered == wire.STATUS:
            self._expect(answer.status(), None, what=what)
        handle = self._of_kind(answered, wire.HANDLE, answer).text()
        if len(handle) > MAX_HANDLE_BYTES:
            raise wire.BadAnswerError("The SFTP server gave a handle that is too long.")
        return handle

    async def _done(self, kind: int, *fields: bytes, what: str) -> None:
        answered, answer = await self._asked(kind, *fields)
        self._expect(self._of_kind(answered, wire.STATUS, answer).status(), wire.OK, what=what)

    async def attributes_of(self, handle: bytes, path: str) -> wire.Attributes:
        """Return what an open file is."""
        kind, answer = await self._asked(wire.FSTAT, wire.text(handle))
        if kind == wire.STATUS:
            self._expect(answer.status(), None, what=path)
        return self._of_kind(kind, wire.ATTRS, answer).attributes()

    async def _close(self, handle: bytes) -> None:
        await self._asked(wire.CLOSE, wire.text(handle))

    async def _received(self) -> tuple[int, wire.Answer]:
        async with _within(self.patience.request_s):
            length = int.from_bytes(await self._read(4), "big")
            if not 1 <= length <= wire.MAX_PACKET_BYTES:
                raise wire.BadAnswerError(f"The SFTP server sent a packet of {length:,} bytes.")
            answer = wire.Answer(await self._read(length))
        return answer.take(1)[0], answer

    async def _read(self, length: int) -> bytes:
        try:
            return await self._reader.readexactly(length)
        except Exception as exc:  # whatever broke the connection, which a hostile server chooses
            raise broken() from exc

    def expect(self, status: wire.Status, code: int | None, *, what: str) -> None:
        """Say so where a status is not the one that was expected; None expects none at all."""
        self._expect(status, code, what=what)

    def _expect(self, status: wire.Status, code: int | None, *, what: str) -> None:
        if status.code != code:
            said = status.text or f"status {status.code}"
            raise RemoteRefusedError(f"The SFTP server refused {_shown(what)}: {said}.", status=status.code)

    def _of_kind(self, kind: int, wanted: int, answer: wire.Answer) -> wire.Answer:
        if kind != wanted:
            raise wire.BadAnswerError("The SFTP server gave an answer of a wrong kind.")
        return answer


class RemoteFile:
    """A file that is open for reading."""

    def __init__(self, *, session: RemoteSession, handle: bytes, path: str) -> None:
        self._session = session
        self._handle = handle
        self._path = path
        self._asked: dict[int, _Block] = {}
        self._blocks: deque[_Block] = deque()

    async def look(self) -> wire.Attributes:
        """Return what the open file is; nothing of it where the server does not say."""
        try:
            return await self._session.attributes_of(self._handle, self._path)
        except RemoteRefusedError:
            return wire.Attributes()

    async def blocks(self, start: int, end: int) -> AsyncIterator[bytes]:
        """Return the bytes from `start` to `end` in order, at most 1 MiB of them asked for ahead.

        Raises:
            FileChangedError: the file ends before.
            BadAnswerError: the server sends what nobody asked for.
        """
        at = start
        while at < end or self._blocks:
            while at < end and len(self._blocks) < AHEAD:
                at = self._ask(at, end)
            await self._receive()
            while self._blocks and self._blocks[0].here:
                yield self._blocks.popleft().data

    async def ends_at(self, size: int) -> bool:
        """Say whether nothing follows behind `size` bytes; not every server calls that the end of the file."""
        asked = self._send(size, 1)
        kind, came, answer = await self._session.received()
        if came != asked or kind not in (wire.STATUS, wire.DATA):
            raise wire.BadAnswerError("The SFTP server gave an answer of a wrong kind.")
        return kind == wire.STATUS or not answer.text()

    async def settle(self) -> None:
        """Take the answers that are under way, where a reader stopped before the end."""
        while self._asked:
            _, came, _ = await self._session.received()
            self._asked.pop(came, None)
        self._blocks.clear()

    def _ask(self, at: int, end: int) -> int:
        block = _Block(at, min(BLOCK_BYTES, end - at))
        self._blocks.append(block)
        self._asked[self._send(block.offset, block.length)] = block
        return at + block.length

    def _send(self, offset: int, length: int) -> int:
        fields = (wire.text(self._handle), wire.long_number(offset), wire.number(length))
        return self._session.send(wire.READ, *fields)

    async def _receive(self) -> None:
        """Take one answer; what is short is asked for again."""
        kind, came, answer = await self._session.received()
        block = self._asked.pop(came, None)
        if block is None:
            raise wire.BadAnswerError("The SFTP server answered something that nobody asked.")
        if kind == wire.STATUS:
            status = answer.status()
            if status.code == wire.EOF:
                raise FileChangedError("The file ends before the size that the SFTP server gave.")
            self._session.expect(status, None, what=self._path)
        if kind != wire.DATA:
            raise wire.BadAnswerError("The SFTP server gave an answer of a wrong kind.")
        data = answer.text()
        missing = block.length - len(block.data) - len(data)
        block.pieces += 1
        if not data or missing < 0 or block.pieces > MAX_PIECES:
            raise wire.BadAnswerError("The SFTP server sent another number of bytes than was asked for.")
        block.data += data
        if missing:
            again = self._send(block.offset + len(block.data), missing)
            self._asked[again] = block
        block.here = not missing


@asynccontextmanager
async def open_session(account: Account, patience: Patience = PATIENT) -> AsyncIterator[RemoteSession]:
    """Rule S2: log in to a customer's server and open an SFTP session.

    Raises:
        HostKeyChangedError, LoginRefusedError, ServerUnreachableError: as `dialled`.
        BadAnswerError: it does not speak SFTP.
    """
    async with dialled(account, patience) as connection:
        async with _within(patience.request_s):
            try:
                writer, reader, _ = await connection.open_session(
                    subsystem="sftp", encoding=None, window=WINDOW_BYTES
                )
            except Exception as exc:  # whatever broke the connection, which a hostile server chooses
                raise ServerUnreachableError(f"{account.host} offers no SFTP.") from exc
        session = RemoteSession(reader=reader, writer=writer, patience=patience)
        await session.greet()
        try:
            yield session
        finally:
            with suppress(Exception):
                writer.close()


def broken() -> ServerUnreachableError:
    """Say that the connection broke."""
    return ServerUnreachableError("The connection to the SFTP server broke.")


@asynccontextmanager
async def _within(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as exc:
        raise ServerUnreachableError(f"The SFTP server did not answer within {timeout_s:g} s.") from exc


def _shown(what: str) -> str:
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in what)
