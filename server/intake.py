"""Steps of an upload on disk: begin, resume, give up, keep, accept; each is one hop into a thread.

What may be done when, and what clients see, is decided in `local_folder.py`.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from core.clock import from_text
from core.inbox import Drop, Inbox, Incoming, Origin, UploadLostError, boot_id
from server.partials import trusted_size
from server.upload import open_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An upload that an earlier session or process left."""

    incoming: Incoming
    size_bytes: int
    changed_at: datetime


def begin(inbox: Inbox, *, org_id: str, name: str, origin: Origin) -> tuple[Incoming, int]:
    """Open a new upload; return it with its data file."""
    incoming = inbox.begin(org_id=org_id, name=name, origin=origin)
    return incoming, open_data(incoming, size_bytes=0)


def resume(inbox: Inbox, incoming: Incoming, *, size_bytes: int) -> tuple[Incoming, int]:
    """Open an upload again behind its unbroken bytes (U3); one that was complete is so no more."""
    fd = open_data(incoming, size_bytes=size_bytes)
    try:
        changed = inbox.note(
            incoming,
            durable=incoming.meta.closed,
            closed=False,
            extents=((0, size_bytes),),
            in_order=True,
            boot=boot_id(),
        )
    except BaseException:
        os.close(fd)
        raise
    return changed, fd


def keep(inbox: Inbox, incoming: Incoming, fd: int, *, size_bytes: int, closed: bool) -> Incoming:
    """Make durable what arrived and record how much (U3); `closed` says that it is complete (U5).

    Raises:
        UploadLostError: the disk failed or is full.
    """
    try:
        os.ftruncate(fd, size_bytes)
    except OSError as exc:
        raise UploadLostError("The file could not be stored: send it again later.") from exc
    return inbox.note(
        incoming,
        durable=True,
        closed=closed,
        extents=((0, size_bytes),),
        size_bytes=size_bytes,
    )


def accept(inbox: Inbox, incoming: Incoming, *, name: str) -> Drop:
    """Rule U2: put it into the queue under `name`.

    Raises:
        UploadLostError: it could not be made durable; also when somebody removed it from the disk.
        QueueBrokenError: the process must stop.
    """
    return inbox.accept(incoming, name=name)


def find(inbox: Inbox, org_id: str, known: frozenset[str]) -> tuple[list[Found], frozenset[str]]:
    """Return what SFTP sessions left in `incoming/`, but for `known` ids and what another process writes to.

    The second value is the ids of all that lies there.
    """
    found = []
    lying = inbox.incoming(org_id)
    for incoming in lying:
        # Only clients have an address: what the watcher or a command is about to move is none of theirs.
        if incoming.meta.uid in known or incoming.meta.origin.address is None:
            continue
        try:
            found.append(_found(incoming))
        except OSError:
            continue  # running elsewhere, or gone meanwhile
    return found, frozenset(incoming.meta.uid for incoming in lying)


def _found(incoming: Incoming) -> Found:
    fd = open_data(incoming, size_bytes=None)
    try:
        seen = os.fstat(fd)
        hole = os.lseek(fd, 0, os.SEEK_HOLE) if seen.st_size else 0
    finally:
        os.close(fd)
    size = trusted_size(incoming.meta, size_bytes=seen.st_size, hole_at=hole, boot=boot_id())
    changed = incoming.meta.changed_at
    written_at = datetime.fromtimestamp(seen.st_mtime, UTC)
    started_at = from_text(incoming.meta.started_at)
    return Found(
        incoming=incoming,
        size_bytes=size,
        # A crash leaves no note of the last write but the file's own time.
        changed_at=from_text(changed) if changed else max(started_at, written_at),
    )
