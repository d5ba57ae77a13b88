"""Compares what the database says of imports with what lies in the folders of an organization (rule O5). Blocking."""

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.durable import subfolders
from core.inbox import DATA, META, Folders
from processor.health.health_store import KnownImport
from processor.intake.drop_ins import strange_files

LEFT_AFTER_S = 24 * 3600  # what is being written takes no day
ASIDE = "aside-"
_FILED = re.compile(r"\d{8}T\d{6}Z-(?P<number>\d+)-.")

Trouble = tuple[str, str]  # code of the catalogue, subject


@dataclass(frozen=True, slots=True)
class Queued:
    """What lies in a queue."""

    uids: frozenset[str]
    troubles: tuple[Trouble, ...]


def look_at_queue(folders: Folders) -> Queued:
    """Return the drops of a queue, and what is no drop."""
    uids: set[str] = set()
    troubles: list[Trouble] = []
    for folder in subfolders(folders.queue):
        if folder.name.startswith(ASIDE):
            troubles.append(("queue-aside", f"queue/{folder.name}"))
            continue
        uids.add(folder.name.rpartition("-")[2])
        # Bytes that were filed already may be gone from here; without meta data nobody finds the drop.
        if not (folder / META).exists() and folder.exists():
            troubles.append(("queue-unreadable", f"queue/{folder.name}"))
    return Queued(frozenset(uids), tuple(troubles))


def compare(folders: Folders, queued: Queued, imports: Iterable[KnownImport]) -> list[Trouble]:
    """Say where the imports and the files of an organization differ."""
    names = {name: frozenset(_names(folders.root / name)) for name in ("archive", "error")}
    found: list[Trouble] = []
    numbers: set[int] = set()
    for one in imports:
        numbers.add(one.number)
        if one.uid not in queued.uids and (code := _code_for(one, names)):
            found.append((code, f"import {one.number}" + (f": {one.path}" if one.path else "")))
    for folder, all_names in names.items():
        found += [
            ("file-unknown", f"{folder}/{name}")
            for name in sorted(all_names)
            if (match := _FILED.match(name)) and int(match["number"]) not in numbers
        ]
    return found


def _code_for(one: KnownImport, names: Mapping[str, frozenset[str]]) -> str | None:
    """Return what is wrong with an import that lies in no queue."""
    if not one.is_final:
        return "drop-missing"
    folder, _, name = (one.path or "").partition("/")
    if name in names.get(folder, ()):
        return None if one.is_noted else "filing-not-noted"
    return None if one.is_purged else "file-missing"


def look_at_drops(folders: Folders, queued: Queued, imports: Iterable[KnownImport]) -> list[Trouble]:
    """Say which drops without an outcome have lost their bytes."""
    final = {one.uid for one in imports if one.is_final}
    return [
        ("queue-unreadable", f"queue/{folder.name}")
        for folder in subfolders(folders.queue)
        if (uid := folder.name.rpartition("-")[2]) in queued.uids
        and uid not in final
        and (folder / META).exists()
        and not (folder / DATA).exists()
    ]


def look_at_folders(folders: Folders) -> list[Trouble]:
    """Say which folders are missing, what was left half-written, and what in `local/` is strange."""
    missing = [("folders-missing", folder.name) for folder in folders.all() if not folder.is_dir()]
    left = [("half-written", path.relative_to(folders.root).as_posix()) for path in leftovers(folders)]
    strange = [("local-strange", f"local/{name}: {reason}") for name, reason in strange_files(folders.local)]
    return [*missing, *left, *strange]


def leftovers(folders: Folders) -> list[Path]:
    """Return hidden files of `archive`, `error` and `export` that are older than a day."""
    before = time.time() - LEFT_AFTER_S
    found = []
    for folder in (folders.archive, folders.error, folders.export):
        for name in _names(folder):
            path = folder / name
            with suppress(FileNotFoundError):
                if (
                    name.startswith(".")
                    and not path.is_symlink()
                    and path.is_file()
                    and path.stat().st_mtime < before
                ):
                    found.append(path)
    return found


def grouped(troubles: Iterable[Trouble]) -> dict[str, list[str]]:
    """Return the subjects of each code."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code, subject in troubles:
        found[code].append(subject)
    return dict(found)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
