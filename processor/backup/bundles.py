"""A backup on disk while it is made: a folder, or one tar file; under a hidden name until it is whole.

An interrupted one stays `.NAME.partial` at most, has no manifest, and is removed by the next backup of that name.
"""

import io
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from core.durable import sync_directory, sync_file
from core.inbox import FILE_MODE, FOLDER_MODE
from processor.backup.blocks import DigestedSource, Source, SteadyFile, Told, copy_blocks, digest_of


class Bundle(Protocol):
    """Where the files of a backup go."""

    def add(self, path: str, source: Source, *, size_bytes: int, mtime: float) -> str:
        """Write one file and return its SHA-256.

        Raises:
            OSError: the disk is full or failed, or the source became shorter.
        """
        ...

    def take(self, path: str, file: Path) -> str:
        """Write a file that lies beside the backup and is wanted no more, and return its SHA-256."""
        ...


class FolderBundle:
    """A folder with the files as they are."""

    def __init__(self, *, root: Path, told: Told) -> None:
        self._root = root
        self._told = told

    def add(self, path: str, source: Source, *, size_bytes: int, mtime: float) -> str:
        """Write one file of its own, durable, and return its SHA-256."""
        target = self._root / path
        make_folders(target.parent)
        digested = DigestedSource(source)
        with open_new(target) as file:
            copy_blocks(digested, SteadyFile(file, told=self._told))
        os.utime(target, (mtime, mtime))
        return digested.digest

    def take(self, path: str, file: Path) -> str:
        """Move the file in; it is on this file system."""
        target = self._root / path
        make_folders(target.parent)
        sync_file(file)
        file.rename(target)
        with target.open("rb") as taken:
            return digest_of(taken)


class TarBundle:
    """One tar file."""

    def __init__(self, *, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, path: str, source: Source, *, size_bytes: int, mtime: float) -> str:
        """Append one file and return its SHA-256."""
        member = tarfile.TarInfo(path)
        member.size = size_bytes
        member.mtime = int(mtime)
        member.mode = FILE_MODE
        digested = DigestedSource(source)
        self._tar.addfile(member, digested)
        self._tar.getmembers().clear()  # tarfile would keep a million of them
        return digested.digest

    def take(self, path: str, file: Path) -> str:
        """Append the file and remove it."""
        with file.open("rb") as source:
            found = os.fstat(source.fileno())
            digest = self.add(path, source, size_bytes=found.st_size, mtime=found.st_mtime)
        file.unlink()
        return digest


def open_new(path: Path) -> BinaryIO:
    """Open a file that is not there yet, for nobody else to read."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, FILE_MODE), "w+b")


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing, for nobody else to read."""
    for one in reversed([above for above in (folder, *folder.parents) if not above.exists()]):
        one.mkdir(mode=FOLDER_MODE)


@contextmanager
def new_folder(target: Path, *, told: Told) -> Iterator[Bundle]:
    """Make a backup that is a folder; it gets its name when the block ends in good order, and is removed otherwise."""
    partial = partial_of(target)
    _remove(partial)
    partial.mkdir(mode=FOLDER_MODE)
    try:
        yield FolderBundle(root=partial, told=told)
        for folder, _, _ in os.walk(partial):
            sync_directory(Path(folder))
        partial.rename(target)
    except BaseException:
        _remove(partial)
        raise
    sync_directory(target.parent)


@contextmanager
def new_tar(target: Path, *, told: Told) -> Iterator[Bundle]:
    """Make a backup that is one tar file, in the same way."""
    partial = partial_of(target)
    _remove(partial)
    try:
        with open_new(partial) as file:
            steady = SteadyFile(file, told=told)
            # `w|` writes to what only has write().
            with tarfile.open(fileobj=steady, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
                yield TarBundle(tar=tar)
            steady.sync()
        partial.rename(target)
    except BaseException:
        _remove(partial)
        raise
    sync_directory(target.parent)


def partial_of(target: Path) -> Path:
    """Return the name that a backup has until it is whole."""
    return target.with_name(f".{target.name}.partial")


def remove_left(folder: Path, *, prefix: str, older_than_s: float) -> None:
    """Remove what killed backups with names of that kind left in a folder, once it is that old."""
    before = time.time() - older_than_s
    for path in folder.glob(f".{prefix}*.partial"):
        if path.lstat().st_mtime < before:
            _remove(path)


def add_bytes(bundle: Bundle, path: str, content: bytes, *, mtime: float) -> str:
    """Write a small file."""
    return bundle.add(path, io.BytesIO(content), size_bytes=len(content), mtime=mtime)


def _remove(partial: Path) -> None:
    if partial.is_dir() and not partial.is_symlink():
        shutil.rmtree(partial)
    else:
        partial.unlink(missing_ok=True)
