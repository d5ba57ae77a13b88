"""What makes files and folders durable: syncs, and moves that replace nothing (rule U2)."""

import ctypes
import math
import os
from pathlib import Path

from core.beneath import rename_without_replacing


def sync_directory(folder: Path) -> None:
    """Make the entries of a directory durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> int:
    """Make a file's bytes durable and return its size; a link is not followed."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(fd)
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def sync_filesystem(folder: Path) -> None:
    """Make everything durable that was written to a folder's file system (syncfs(2); where that is missing, to all)."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        os.sync()
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if library.syncfs(fd) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(fd)


def move(source: Path, target: Path) -> None:
    """Rename a file or folder on one file system; what is there already is not replaced."""
    above_source = os.open(source.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    above_target = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rename_without_replacing(source.name, target.name, source_dir=above_source, target_dir=above_target)
    finally:
        os.close(above_source)
        os.close(above_target)


def changed_at(folder: Path) -> float:
    """Return when a folder changed; one that is gone is not old."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, links left out; none where it does not exist."""
    try:
        with os.scandir(folder) as entries:
            return [folder / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
