"""Tells the running daemon that something of an organization changed; a nudge may be lost, a scan finds all."""

import contextlib
import os
from pathlib import Path

FOLDER = "nudges"
MAIL = ".mail"  # no organization's id: the outbox has something to send


def nudge(data_dir: Path, org_id: str) -> None:
    """Touch the organization's file in `nudges/` (or `MAIL`'s), which the daemon's watcher sees; it never fails."""
    with contextlib.suppress(OSError):
        folder = nudges_folder(data_dir)
        (folder / org_id).touch(mode=0o600)
        os.utime(folder / org_id)


def nudges_folder(data_dir: Path) -> Path:
    """Return the folder, made if need be."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
