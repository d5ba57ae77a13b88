"""Where the folder of an organization lies while it is removed, and what a crash in the middle leaves there."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.durable import subfolders

REMOVED = "removed"  # nobody looks for files there
UNDER_WAY_S = 3600.0  # a removal takes seconds


@dataclass(frozen=True, slots=True)
class FolderAside:
    """A folder that was moved away."""

    org_id: str
    org_no: int
    path: Path


def folder_aside_of(data_dir: Path, *, org_id: str, org_no: int) -> Path:
    """Return where an organization's folder goes; the number tells it from a later one of the same id."""
    return data_dir / REMOVED / f"{org_id}-{org_no}"


def folders_left_aside(data_dir: Path) -> list[FolderAside]:
    """Return the folders of removals that ended an hour ago, one way or another (blocks)."""
    before = time.time() - UNDER_WAY_S
    found = []
    for folder in sorted(subfolders(data_dir / REMOVED)):
        org_id, _, number = folder.name.rpartition("-")
        with suppress(FileNotFoundError):  # it may be removed just now
            if number.isdigit() and folder.stat().st_ctime < before:  # a rename sets the time of change
                found.append(FolderAside(org_id, int(number), folder))
    return found
