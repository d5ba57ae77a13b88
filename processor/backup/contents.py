"""What goes into a backup, in which order, and what is left out; why it is so: `backing_up.py`, steps 4 to 6."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.durable import subfolders
from core.inbox import DATA, Folders
from processor.backup.bundles import Bundle
from processor.backup.copy_store import CopiedDatabase
from processor.backup.manifest import DATABASE, is_plain
from processor.backup.queue_links import QueueLinks

MAIL_FOLDERS = ("new", "cur")
_FILED = re.compile(r"\d{8}T\d{6}Z-(?P<number>\d+)-.")


class Contents:
    """The files of one backup and their sums, in the order in which they were added."""

    def __init__(self, *, bundle: Bundle, copy: CopiedDatabase, links: QueueLinks, data_dir: Path) -> None:
        self.sums: list[tuple[str, str]] = []
        self.left_out: list[str] = []  # names that no list of sums can hold
        self._bundle = bundle
        self._copy = copy
        self._links = links
        self._data_dir = data_dir

    def add_files(self, keys_dir: Path | None) -> None:
        """Add what lies in folders: filed files, exports, the linked drops, mails, keys."""
        met = {path for org_id in self._copy.organizations() for path in self._add_organization(org_id)}
        self._add_drops(met)
        for folder in MAIL_FOLDERS:
            self._add_folder(self._data_dir / "mail" / folder)
        if keys_dir is not None:
            for file in plain_files(keys_dir):
                self._add(file, f"keys/{file.name}")

    def add_database(self, file: Path) -> None:
        """Move the copy in."""
        self.sums.append((DATABASE, self._bundle.take(DATABASE, file)))

    def _add_organization(self, org_id: str) -> Iterator[str]:
        """Add what is filed and exported; yield the paths of what was linked in the queue, too."""
        folders = Folders(root=self._data_dir / "orgs" / org_id)
        awaited = {filed for drop in self._links.drops_of(org_id) if (filed := self._copy.filed_as(drop.uid))}
        finished = self._copy.finished(org_id)
        for folder in (folders.archive, folders.error):
            for file in plain_files(folder):
                if _belongs(file.name, finished):
                    added = self._add(file)
                    if added and file.relative_to(folders.root).as_posix() in awaited:
                        yield added
        self._add_folder(folders.export)

    def _add_drops(self, met: set[str]) -> None:
        for (
            org_id
        ) in self._copy.organizations():  # one that was added since has nothing from before the backup
            for drop in self._links.drops_of(org_id):
                filed = self._copy.filed_as(drop.uid)
                is_met = filed is not None and f"data/orgs/{org_id}/{filed}" in met
                if not (is_met and self._copy.is_noted(drop.uid)):
                    for file in plain_files(drop.folder):
                        if not (is_met and file.name == DATA):
                            self._add(file, f"data/orgs/{org_id}/queue/{drop.name}/{file.name}")

    def _add_folder(self, folder: Path) -> None:
        for file in plain_files(folder):
            self._add(file)

    def _add(self, file: Path, path: str | None = None) -> str | None:
        """Add one file and return its path in the backup; None where it was not added."""
        path = path or f"data/{file.relative_to(self._data_dir).as_posix()}"
        if not is_plain(path):
            self.left_out.append(path)
            return None
        with suppress(FileNotFoundError):  # renewed or removed this very moment
            fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as source:
                found = os.fstat(fd)
                digest = self._bundle.add(path, source, size_bytes=found.st_size, mtime=found.st_mtime)
            self.sums.append((path, digest))
            return path
        return None


def size_of_filed(data_dir: Path) -> int:
    """Return how many bytes are filed or exported, about, for who watches."""
    total = 0
    for org in subfolders(data_dir / "orgs"):
        for folder in ("archive", "error", "export"):
            for file in plain_files(org / folder):
                with suppress(FileNotFoundError):
                    total += file.stat().st_size
    return total


def plain_files(folder: Path) -> Iterator[Path]:
    """Yield the regular files of a folder that are not being written (those have hidden names)."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _belongs(name: str, finished: set[int]) -> bool:
    """Whether a file of `archive` or `error` is one that the copied database knows, or nobody's."""
    match = _FILED.match(name)
    return match is None or int(match["number"]) in finished
