"""Copies a file into the inbox, by the limits that hold for uploads (rules U2, U9)."""

import os
from pathlib import Path

from commands.session import Session
from core.errors import ServiceError
from core.inbox import Drop, Origin
from server.limits import size_refusal, space_refusal
from server.space import folder_size

ACCOUNT = "command line"
BLOCK_BYTES = 1 << 20


class NotTakenError(ServiceError):
    """A limit is reached; the text is the one that a client would read."""

    code = "not_taken"


def drop_file(session: Session, file: Path, *, org_id: str, floor: int, name: str | None = None) -> Drop:
    """Copy the file and accept it, by default under its own name.

    `floor` is the highest `seq` that an import of the organization has.

    Raises:
        NotTakenError: it is too large, or the folder or the disk is full.
        UploadLostError: the disk failed.
    """
    inbox = session.inbox()
    folders = inbox.prepare(org_id)
    used_bytes = folder_size(folders.root)
    inbox.raise_floor(org_id, floor)
    incoming = inbox.begin(org_id=org_id, name=name or _name(file), origin=Origin(account=ACCOUNT))
    try:
        _copy(session, file, incoming.data, used_bytes=used_bytes)
        return inbox.accept(incoming)
    except BaseException:
        # Whatever ends this, Ctrl-C included, the customer must not see half a file in /local.
        inbox.discard(incoming)
        raise


def _copy(session: Session, file: Path, target: Path, *, used_bytes: int) -> None:
    size = 0
    with file.open("rb") as source, target.open("wb") as copy:
        while block := source.read(BLOCK_BYTES):
            size += len(block)
            disk = os.statvfs(target.parent)
            free_bytes = disk.f_bavail * disk.f_frsize - len(block)
            refusal = size_refusal(session.settings, end=size) or space_refusal(
                session.settings, used_bytes=used_bytes + size, free_bytes=free_bytes
            )
            if refusal:
                raise NotTakenError(f"{refusal}.")
            copy.write(block)


def _name(file: Path) -> str:
    """Return the file's name as text; what is not UTF-8 in it is replaced."""
    return os.fsencode(file.name).decode("utf-8", "replace")
