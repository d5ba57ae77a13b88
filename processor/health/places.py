"""Who may look into data and keys, whose they are, and how much room there is (rule O5). Blocking."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from processor.health.catalogue import Finding

OTHERS = 0o077
FEW_INODES_PERCENT = 2


def look_at_modes(data_dir: Path, keys_dir: Path) -> list[Finding]:
    """Say what others can look into: the data folder protects all below it, keys are looked at one by one."""
    found = []
    if readable := [str(path) for path in open_to_others([data_dir])]:
        found.append(Finding(code="data-readable", subjects=tuple(readable)))
    if readable := [str(path) for path in open_to_others(private_of(keys_dir))]:
        found.append(Finding(code="keys-readable", subjects=tuple(readable)))
    return found


def private_of(keys_dir: Path) -> list[Path]:
    """Return the keys folder's files that hold secrets."""
    if not keys_dir.is_dir():
        return []
    names = ("ssh_host_", "secrets.key")
    return [
        path
        for path in sorted(keys_dir.iterdir())
        if path.name.startswith(names) and path.suffix != ".pub" and path.is_file()
    ]


def open_to_others(paths: list[Path]) -> Iterator[Path]:
    """Yield those that group or others have any right to."""
    for path in paths:
        if path.exists() and path.stat().st_mode & OTHERS:
            yield path


def close_to_others(paths: list[Path]) -> None:
    """Take all rights from group and others."""
    for path in open_to_others(paths):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


def look_at_owners(data_dir: Path) -> list[Finding]:
    """Say which of the first levels of the data folder belong to somebody else."""
    owner = data_dir.stat().st_uid
    paths = [*data_dir.iterdir(), *data_dir.glob("orgs/*"), *data_dir.glob("orgs/*/*")]
    other = [
        path.relative_to(data_dir).as_posix()
        for path in sorted(paths)
        if path.name != "lost+found" and _owner_of(path) not in (owner, None)
    ]
    return [Finding(code="owners-differ", subjects=tuple(other))] if other else []


def _owner_of(path: Path) -> int | None:
    """Return whose it is; None where it has gone meanwhile."""
    try:
        return path.lstat().st_uid
    except FileNotFoundError:
        return None


def look_at_room(data_dir: Path, *, reserve_bytes: int, database_bytes: int) -> list[Finding]:
    """Say whether the disk is nearly full."""
    found = []
    disk = os.statvfs(data_dir)
    free = disk.f_bavail * disk.f_frsize
    if free < reserve_bytes:
        found.append(Finding(code="disk-full", subjects=(f"{free:,} bytes free",)))
    elif free < 2 * reserve_bytes + database_bytes:
        found.append(Finding(code="disk-tight", subjects=(f"{free:,} bytes free",)))
    if disk.f_files and disk.f_favail * 100 < disk.f_files * FEW_INODES_PERCENT:
        found.append(Finding(code="inodes-few", subjects=(f"{disk.f_favail:,} more files",)))
    return found
