"""A backup as it is read again: a folder or a tar file, its manifest and sums, its files one after the other."""

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from core.errors import UsageError
from processor.backup.blocks import digest_of
from processor.backup.manifest import (
    MANIFEST,
    SUMS,
    BackupDamagedError,
    Manifest,
    parse_manifest,
    parse_sums,
)


class Files(Protocol):
    """Where the files of a backup come from."""

    def small(self, name: str) -> bytes | None:
        """Return the content of a file of the top, None where there is none."""
        ...

    def each(self) -> Iterator[tuple[str, BinaryIO, float]]:
        """Yield path, content and time of each file in some order; the content is read before the next is asked for."""
        ...


class FolderFiles:
    """Those of a folder; links are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def small(self, name: str) -> bytes | None:
        """Return the content of a file of the top."""
        path = self._root / name
        return path.read_bytes() if path.is_file() else None

    def each(self) -> Iterator[tuple[str, BinaryIO, float]]:
        """Yield all files but the links among them."""
        for path in sorted(self._root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    yield path.relative_to(self._root).as_posix(), file, path.stat().st_mtime


class TarFiles:
    """Those of a tar file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def small(self, name: str) -> bytes | None:
        """Return the content of a file of the top; all of the tar file is looked through for it."""
        return next((file.read() for path, file, _ in self.each() if path == name), None)

    def each(self) -> Iterator[tuple[str, BinaryIO, float]]:
        """Yield the regular files.

        Raises:
            BackupDamagedError: it is no tar file, or its end is missing.
        """
        try:
            with tarfile.open(self._path, "r:") as tar:
                while (member := tar.next()) is not None:
                    tar.members = []  # type: ignore[attr-defined]  # tarfile would keep a million of them
                    file = tar.extractfile(member) if member.isreg() else None
                    if file is not None:
                        yield member.name, file, member.mtime  # type: ignore[misc]  # IO[bytes] that reads
        except tarfile.TarError as exc:
            raise BackupDamagedError(
                f"{self._path} is damaged or no tar file: take another backup. Nothing was restored."
            ) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBackup:
    """A backup whose list of sums is the one that its manifest names."""

    files: Files
    manifest: Manifest
    sums: dict[str, str]

    def wanted(self) -> Iterator[tuple[str, BinaryIO, float]]:
        """Yield the files that the list of sums names."""
        for path, file, mtime in self.files.each():
            if path in self.sums:
                yield path, file, mtime

    def check(self) -> None:
        """Read all of it and compare.

        Raises:
            BackupDamagedError: a file is missing or has other bytes than when the backup was made.
        """
        found = {path: digest_of(file) for path, file, _ in self.wanted()}
        bad = [path for path, digest in self.sums.items() if found.get(path) != digest]
        if bad:
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            raise BackupDamagedError(
                f"The backup is damaged: {bad[0]}{more} is missing or has other bytes than when the backup was made. "
                "Nothing was restored; take another backup."
            )


@contextmanager
def open_backup(path: Path) -> Iterator[OpenBackup]:
    """Open a backup, its files unread.

    Raises:
        UsageError: there is nothing of that name.
        BackupDamagedError: it is half a backup, none of ours, or damaged.
    """
    if not path.exists():
        raise UsageError(f"There is no backup {path}.")
    files: Files = FolderFiles(path) if path.is_dir() else TarFiles(path)
    page, sums = files.small(MANIFEST), files.small(SUMS)
    if page is None or sums is None:
        raise BackupDamagedError(
            f"{path} has no {MANIFEST}: it is no backup, or one that was interrupted. Take another."
        )
    manifest = parse_manifest(page)
    if hashlib.sha256(sums).hexdigest() != manifest.sums_sha256:
        raise BackupDamagedError(
            f"The backup's {SUMS} is not the one that it was made with: take another backup."
        )
    yield OpenBackup(files=files, manifest=manifest, sums=parse_sums(sums))
