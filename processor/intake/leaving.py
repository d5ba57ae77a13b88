"""What happens at a customer's server to a file that was accepted (rule S2): renamed, deleted, or left alone.

Nothing is done to a file that is not the very one that was fetched.
"""

from enum import Enum

from core.clock import from_text
from processor.intake.pulls import After, PulledFile, PullServer
from processor.intake.remote_choice import is_same_time
from processor.intake.remote_session import RemoteRefusedError, RemoteSession

ENDING = ".fetched"
KEPT_NAME_BYTES = 200


class Left(Enum):
    """How it ended."""

    GONE = "gone"
    KEPT = "kept"  # it is to stay, or another file has its name now


class StillThereError(RemoteRefusedError):
    """The server says that it did what it was asked for, and did not."""

    code = "still_there"


async def leave(session: RemoteSession, server: PullServer, file: PulledFile) -> Left:
    """Rule S2: do what is configured, once; after a crash, what was done already is found to be done.

    Raises:
        RemoteRefusedError: the server does not allow it.
        ServerUnreachableError, BadAnswerError: the server failed.
    """
    path = server.path(file.name)
    if not await _is_there(session, path, file):
        return Left.KEPT if await _exists(session, path) else Left.GONE
    match server.after:
        case After.REMEMBER:
            return Left.KEPT
        case After.DELETE:
            await session.remove(path)
        case After.RENAME:
            await _rename(session, path, server.path(renamed(file)), file)
    if await _is_there(session, path, file):
        raise StillThereError(
            f"The SFTP server said that {file.name} was renamed or deleted, but it is still there.", status=0
        )
    return Left.KEPT if await _exists(session, path) else Left.GONE


def renamed(file: PulledFile) -> str:
    """Return the name that a fetched file gets: it tells when, is no import's, and none gets it twice."""
    at = from_text(file.at).strftime("%Y%m%dT%H%M%SZ")
    name = file.name.encode()[:KEPT_NAME_BYTES].decode("utf-8", "ignore")
    return f"{name}.{at}-{file.uid[:6]}{ENDING}"


async def _rename(session: RemoteSession, path: str, target: str, file: PulledFile) -> None:
    """Rename it; where another file came in between, that one gets its name back."""
    await session.rename(path, target)
    if not await _is_there(session, target, file):
        await session.rename(target, path)


async def _is_there(session: RemoteSession, path: str, file: PulledFile) -> bool:
    try:
        seen = await session.look(path)
    except RemoteRefusedError as exc:
        if exc.is_missing:
            return False
        raise
    return seen.size_bytes == file.size_bytes and (
        seen.mtime == file.seen_mtime
        if file.seen_mtime is not None
        else is_same_time(seen.mtime or 0, file.mtime)
    )


async def _exists(session: RemoteSession, path: str) -> bool:
    try:
        await session.look(path)
    except RemoteRefusedError as exc:
        if exc.is_missing:
            return False
        raise
    return True
