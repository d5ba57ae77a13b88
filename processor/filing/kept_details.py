"""Keeps beside the drop's bytes what only its report says: who is no longer in the file, and what a check tells.

Written before the import's transaction commits, so that a crash before the filing loses nothing; it goes with the
queue's folder. The database holds neither, so nobody need be erased from it (R3).
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.durable import sync_directory
from core.inbox import FILE_MODE, Drop
from processor.imports import Change

NAME = "details.json"


@dataclass(frozen=True, slots=True)
class Details:
    """The first of those whom the file does not name any more, and what is given to those whom it makes."""

    missing: Sequence[str] = ()
    headers: Sequence[tuple[str, str]] = ()  # labels and, in words, what they were understood as
    created: Mapping[tuple[str, str], Sequence[Change]] = field(default_factory=dict)


def keep_details(drop: Drop, details: Details) -> None:
    """Make the details durable in the drop's folder; where there are none there is nothing to keep.

    Raises:
        OSError: the disk is full or failed.
    """
    target = drop.folder / NAME
    if not (details.missing or details.headers or details.created):
        target.unlink(missing_ok=True)
        return
    new = drop.folder / f"{NAME}.new"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(_packed(details))
        file.flush()
        os.fsync(file.fileno())
    new.replace(target)
    sync_directory(drop.folder)


def kept_details(drop: Drop) -> Details:
    """Return the details that are kept; none where none are."""
    try:
        kept = json.loads((drop.folder / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return Details()
    created = {
        (kind, key): tuple(Change(kind, key, field, None, new) for field, new in values)
        for kind, key, values in kept["created"]
    }
    return Details(kept["missing"], [(label, meaning) for label, meaning in kept["headers"]], created)


def _packed(details: Details) -> bytes:
    created = [
        (kind, key, [(one.field, one.new) for one in values])
        for (kind, key), values in details.created.items()
    ]
    return json.dumps(
        {"missing": list(details.missing), "headers": list(details.headers), "created": created}
    ).encode()
