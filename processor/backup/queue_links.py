"""Holds on to what lies in the queues while a backup is made: a second link to each file, in a folder of its own.

The bytes of a drop never change and go to `archive` or `error` by a rename, so a link keeps them at no cost.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.durable import subfolders
from core.inbox import DATA, FOLDER_MODE, META, Folders

FOLDER = "backup-links"
CLOCK_DOUBT_NS = 1_000_000_000  # times of folders go by ticks of the kernel's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedDrop:
    """A drop as it was in a queue."""

    name: str  # of its folder in the queue
    folder: Path  # of the links

    @property
    def uid(self) -> str:
        """The drop's."""
        return self.name.rpartition("-")[2]


class QueueLinks:
    """The links of one backup."""

    def __init__(self, *, data_dir: Path, folder: Path) -> None:
        self._data_dir = data_dir
        self._folder = folder
        self._seen: dict[str, int] = {}
        self._began_ns = 0

    def link_all(self) -> None:
        """Link everything that lies in a queue now."""
        self._began_ns = time.time_ns() - CLOCK_DOUBT_NS
        for org in subfolders(self._data_dir / "orgs"):
            self._look(org)

    def link_new(self) -> None:
        """Link what came since: only queues whose folder changed are looked into, for everybody waits meanwhile."""
        for org in subfolders(self._data_dir / "orgs"):
            changed_ns = _changed_ns(org / "queue")
            if changed_ns != self._seen.get(org.name) or changed_ns >= self._began_ns:
                self._look(org)

    def complete(self) -> None:
        """Link what the importer put beside the bytes since (which rows were refused)."""
        for org in subfolders(self._folder):
            for drop in self.drops_of(org.name):
                self._link_files(self._data_dir / "orgs" / org.name / "queue" / drop.name, drop.folder)

    def drops_of(self, org_id: str) -> Iterator[LinkedDrop]:
        """Yield what was linked of an organization, in its order."""
        for folder in sorted(subfolders(self._folder / org_id)):
            yield LinkedDrop(name=folder.name, folder=folder)

    def _look(self, org: Path) -> None:
        queue = Folders(root=org).queue
        self._seen[org.name] = _changed_ns(queue)
        for drop in subfolders(queue):
            held = self._folder / org.name / drop.name
            if held.exists():
                continue
            held.mkdir(mode=FOLDER_MODE, parents=True)
            self._link_files(drop, held)
            if not ((held / DATA).exists() and (held / META).exists()):
                shutil.rmtree(
                    held
                )  # it was filed this very moment: it has its outcome and lies in the archive

    @staticmethod
    def _link_files(drop: Path, held: Path) -> None:
        with suppress(FileNotFoundError):
            for name in os.listdir(drop):
                if not name.endswith(".new"):
                    with suppress(FileNotFoundError, FileExistsError):
                        os.link(drop / name, held / name, follow_symlinks=False)


@contextmanager
def queue_links(data_dir: Path) -> Iterator[QueueLinks]:
    """Make a folder for links, and remove it at the end; what a killed backup left goes first."""
    folder = data_dir / FOLDER
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=FOLDER_MODE)
    try:
        yield QueueLinks(data_dir=data_dir, folder=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
