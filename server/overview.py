"""What lies in `incoming/`, for people who look from outside: the command `uploads` and reminders (rule U3)."""

import fcntl
import os
from dataclasses import dataclass
from enum import Enum

from core.inbox import Inbox, Incoming
from server.partials import trusted_size


class State(Enum):
    """What an upload that is not accepted is."""

    RUNNING = "running"
    PARTIAL = "partial"
    TEMPORARY = "temporary"  # complete; only its name keeps it from being accepted (U5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One upload; `size_bytes` of a running one is what it has so far."""

    incoming: Incoming
    state: State
    size_bytes: int


def uploads_of(inbox: Inbox, org_id: str, *, boot: str) -> list[Seen]:
    """Return an organization's uploads that are not accepted, oldest first, whichever process runs them (blocks)."""
    found = []
    for incoming in inbox.incoming(org_id):
        try:
            found.append(_seen(incoming, boot))
        except FileNotFoundError:
            continue  # accepted or removed meanwhile
    return found


def _seen(incoming: Incoming, boot: str) -> Seen:
    fd = os.open(incoming.data, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(fd).st_size
        if _is_held(fd):
            return Seen(incoming=incoming, state=State.RUNNING, size_bytes=size)
        hole = os.lseek(fd, 0, os.SEEK_HOLE) if size else 0
    finally:
        os.close(fd)
    trusted = trusted_size(incoming.meta, size_bytes=size, hole_at=hole, boot=boot)
    state = State.TEMPORARY if incoming.meta.closed else State.PARTIAL
    return Seen(incoming=incoming, state=state, size_bytes=trusted)


def _is_held(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
