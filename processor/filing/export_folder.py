"""Puts files into an organization's `export/` (rule E1): whole, durable, and in the place of the one before.

Blocking: for a thread.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from core.beneath import open_beneath
from core.inbox import FILE_MODE, FOLDER_MODE

HIDDEN = ".exporting-"
LEFT_AFTER_S = 24 * 3600  # a hidden file that old was left by a crash


@contextmanager
def replacing(folder: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file that becomes `name` in `folder` when the block ends in good order; nobody ever reads half of it.

    Raises:
        OSError: the disk is full, or the folder is not one of ours; the file before stays.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _remove_left(directory)
        hidden = f"{HIDDEN}{uuid4().hex}"
        fd = open_beneath(directory, hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            with os.fdopen(fd, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.rename(hidden, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(hidden, dir_fd=directory)
            raise
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def folder_turn(folder: Path) -> Iterator[None]:
    """Let one process at a time put its file into the folder."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _remove_left(directory: int) -> None:
    for name in os.listdir(directory):
        if name.startswith(HIDDEN):
            with suppress(FileNotFoundError):
                age_s = time.time() - os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime
                if age_s > LEFT_AFTER_S:
                    os.unlink(name, dir_fd=directory)
