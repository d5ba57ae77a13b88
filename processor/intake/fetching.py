"""One file on its way from a customer's server to the queue (rule S2): resumed, checked, accepted like an upload."""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from core.errors import ServiceError
from core.inbox import Inbox, Incoming, boot_id
from processor.intake.pulls import PULL, PullServer
from processor.intake.remote_choice import Candidate, is_same_time
from processor.intake.remote_session import FileChangedError, RemoteFile, RemoteSession
from processor.intake.sftp_wire import Attributes, Kind
from processor.intake.thread_work import to_its_end

WRITE_BYTES = 1 << 20
CHECK_ROOM_BYTES = 64 << 20
SAMPLE_BYTES = 32 * 1024  # compared at begin and end of a partial before it is resumed
SLOW_BYTES = 64 * 1024  # that must come within `Patience.slow_s`, else the server drips

Progressed = Callable[[int], None]  # how many bytes came


class NotTakenError(ServiceError):
    """A limit of uploads is reached (U9); the text is the one that a client would read."""

    code = "not_taken"


class NoRoomError(ServiceError):
    """The organization's folder or the disk is full: nothing more is fetched now."""

    code = "no_room"
    retryable = True


class TooSlowError(ServiceError):
    """The server sends less than is bearable; what came is kept."""

    code = "too_slow"
    retryable = True


class Room(Protocol):
    """What one organization may still send (U9); each method blocks and returns why not, or None."""

    def size_refusal(self, size_bytes: int) -> str | None:
        """Judge a file of this size."""
        ...

    def space_refusal(self, growth_bytes: int) -> str | None:
        """Judge so many bytes more in the organization's folder and on the disk."""
        ...

    def count_refusal(self, accepted: int) -> str | None:
        """Judge one more file after so many within the hour."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file in `incoming/`, not accepted yet."""

    incoming: Incoming
    sha256: str
    seen_mtime: int | None  # what the server says of it by name


def begin(inbox: Inbox, org_id: str, server: PullServer, name: str) -> Incoming:
    """Open a new file in `incoming/` (blocks)."""
    return inbox.begin(org_id=org_id, name=name, origin=server.origin)


def partials(inbox: Inbox, org_id: str) -> dict[str, Incoming]:
    """Return what pulls left in `incoming/`, by uid (blocks)."""
    return {one.meta.uid: one for one in inbox.incoming(org_id) if one.meta.origin.account == PULL}


async def fetch(
    session: RemoteSession,
    server: PullServer,
    candidate: Candidate,
    incoming: Incoming,
    *,
    room: Room,
    progressed: Progressed,
) -> Fetched:
    """Rule S2: bring the file into `incoming`, going on behind what lies there where that is its beginning.

    Raises:
        FileChangedError: it is not, or not any more, the file that was listed.
        NotTakenError, NoRoomError: it is too large, or there is no room.
        RemoteRefusedError: it may not be read.
        ServerUnreachableError, BadAnswerError, TooSlowError: the server failed; what came is kept.
    """
    path, size = server.path(candidate.name), candidate.size_bytes
    async with _opened(incoming) as fd:
        await to_its_end(_check_room, room, size, os.fstat(fd).st_size)
        named = _listed(await session.look(path), candidate)
        async with session.reading(path) as file:
            opened = _listed(await file.look(), candidate)
            slow_s = session.patience.slow_s
            async with _patient(slow_s):
                start = await _start(file, fd, incoming, candidate)
            progressed(start)
            await _copy(file, fd, start, size, room=room, progressed=progressed, slow_s=slow_s)
            if not await file.ends_at(size):
                raise FileChangedError("The file has more bytes than the SFTP server said.")
            _check_unchanged(await file.look(), opened)
        _check_unchanged(await session.look(path), named)
        return Fetched(incoming, await to_its_end(_digest, fd), named.mtime)


@asynccontextmanager
async def _opened(incoming: Incoming) -> AsyncIterator[int]:
    """Hold the data open; it is closed when no thread uses it any more, also where opening it is cancelled."""
    opened: list[int] = []
    try:
        await to_its_end(_open, incoming, opened)
        yield opened[0]
    finally:
        for fd in opened:
            os.close(fd)


def _open(incoming: Incoming, opened: list[int]) -> None:
    """Open the data for one writer; other processes see by the lock that it is running."""
    fd = os.open(incoming.data, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    opened.append(fd)
    with suppress(BlockingIOError):  # a command that lists uploads holds it for a moment; the turn is ours
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _check_room(room: Room, size_bytes: int, here_bytes: int) -> None:
    refusal = room.size_refusal(size_bytes)
    if refusal is not None:
        raise NotTakenError(f"{refusal}.")
    shortage = room.space_refusal(max(0, size_bytes - here_bytes))
    if shortage is not None:
        raise NoRoomError(f"{shortage}.")


def _listed(seen: Attributes, candidate: Candidate) -> Attributes:
    """Return what was seen if it is the file that was listed; a silent server leaves nothing to compare."""
    if (
        seen.kind not in (Kind.FILE, Kind.UNKNOWN)
        or seen.size_bytes not in (None, candidate.size_bytes)
        or not (seen.mtime is None or is_same_time(seen.mtime, candidate.mtime))
    ):
        raise FileChangedError("The file is not the one that was listed any more.")
    return seen


def _check_unchanged(seen: Attributes, before: Attributes) -> None:
    if seen != before:
        raise FileChangedError("The file was changed while it was fetched.")


async def _start(file: RemoteFile, fd: int, incoming: Incoming, candidate: Candidate) -> int:
    """Return behind which byte to go on: behind those that lie here, where the file begins and goes on with them."""
    have = min(_trusted(fd, incoming), candidate.size_bytes)
    for begin_at, end_at in ((0, min(SAMPLE_BYTES, have)), (max(0, have - SAMPLE_BYTES), have)):
        theirs = b"".join([block async for block in file.blocks(begin_at, end_at)])
        if theirs != await to_its_end(os.pread, fd, end_at - begin_at, begin_at):
            have = 0
            break
    await to_its_end(os.ftruncate, fd, have)
    return have


def _trusted(fd: int, incoming: Incoming) -> int:
    """Return how many bytes here are good for sure: after a power cut none (U3)."""
    return os.fstat(fd).st_size if incoming.meta.boot == boot_id() else 0


async def _copy(
    file: RemoteFile, fd: int, start: int, end: int, *, room: Room, progressed: Progressed, slow_s: float
) -> None:
    at, waiting, unchecked, since = start, bytearray(), 0, 0
    loop = asyncio.get_running_loop()
    try:
        async with _patient(slow_s) as limit:
            async for block in file.blocks(start, end):
                waiting += block
                since += len(block)
                if since >= SLOW_BYTES:
                    since = 0
                    limit.reschedule(loop.time() + slow_s)
                if len(waiting) >= WRITE_BYTES:
                    limit.reschedule(None)  # a slow disk here is not the server's fault
                    at, unchecked = await _write(fd, waiting, at), unchecked + len(waiting)
                    progressed(len(waiting))
                    waiting = bytearray()
                    if unchecked >= CHECK_ROOM_BYTES:
                        unchecked = 0
                        await _check_disk(room)
                    limit.reschedule(loop.time() + slow_s)
    finally:
        if waiting:  # a break loses nothing that came
            await _write(fd, waiting, at)
            progressed(len(waiting))


@asynccontextmanager
async def _patient(slow_s: float) -> AsyncIterator[asyncio.Timeout]:
    """Wait so long; who needs longer for good reasons sets the limit anew."""
    try:
        async with asyncio.timeout(slow_s) as limit:
            yield limit
    except TimeoutError as exc:
        raise TooSlowError(f"The SFTP server sent less than {SLOW_BYTES} bytes in {slow_s:g} s.") from exc


async def _check_disk(room: Room) -> None:
    shortage = await to_its_end(room.space_refusal, 0)
    if shortage is not None:
        raise NoRoomError(f"{shortage}.")


async def _write(fd: int, data: bytearray, at: int) -> int:
    try:
        return await to_its_end(_put, fd, bytes(data), at)
    except OSError as exc:
        raise NoRoomError(f"The file could not be stored ({exc.strerror}).") from exc


def _put(fd: int, data: bytes, at: int) -> int:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(fd, rest, at)
        rest, at = rest[written:], at + written
    return at


def _digest(fd: int) -> str:
    with os.fdopen(os.dup(fd), "rb") as file:
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()
