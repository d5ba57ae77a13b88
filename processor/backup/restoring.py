"""Brings a backup back into an empty data folder (rule O5): all sums first, the database last.

While it works, the data folder holds a file `restoring`, with which nothing starts on it (`core.migrate`); who is
interrupted begins again.
"""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.clock import Clock
from core.durable import sync_directory
from core.errors import ServiceError, UsageError
from core.inbox import Inbox
from core.locks import data_folder_lock
from core.migrate import RESTORING
from processor.backup.blocks import DigestedSource, SteadyFile, copy_blocks
from processor.backup.bundles import make_folders, open_new
from processor.backup.manifest import DATABASE, BackupDamagedError, Manifest
from processor.backup.reading import OpenBackup, open_backup

HARMLESS = frozenset({"lock", "lost+found"})  # in a folder that is empty for our purpose

Progress = Callable[[int, int], None]


class RestoreFailedError(ServiceError):
    """The disk is full or failed; the data folder is as empty as before."""

    code = "restore_failed"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was brought back; `keys_kept` were there already and stay."""

    manifest: Manifest
    keys_kept: tuple[str, ...]


@dataclass(kw_only=True)
class Restore:
    """One restore of `backup` into `data_dir`, and of keys into `keys_dir` where it has them."""

    backup: Path
    data_dir: Path
    keys_dir: Path
    clock: Clock
    progress: Progress | None = None
    _done_bytes: int = field(default=0, init=False)

    def make(self) -> Restored:
        """Restore it (blocks).

        Raises:
            UsageError: the data folder is not empty, or there is no such backup.
            BackupDamagedError: the backup is; nothing was restored.
            RestoreFailedError: the disk is full or failed; nothing was left.
            FolderBusyError: somebody works on the data folder.
        """
        with open_backup(self.backup) as backup:
            self._require_empty()
            self._tell(0, backup.manifest)
            backup.check()
            try:
                return self._restore(backup)
            except OSError as exc:
                what = (
                    "is full"
                    if exc.errno in (errno.ENOSPC, errno.EDQUOT)
                    else f"failed ({exc.strerror or exc})"
                )
                raise RestoreFailedError(
                    f"The disk of {self.data_dir} {what}: nothing was restored. Make room and try again."
                ) from exc

    def _require_empty(self) -> None:
        if not self.data_dir.exists():
            return
        names = {path.name for path in self.data_dir.iterdir()} - HARMLESS
        if names and RESTORING not in names:
            raise UsageError(
                f"The data folder {self.data_dir} is not empty: a backup is restored into an empty one only. Move it "
                "away, or set ROSTERDROP_DATA_DIR to another."
            )

    def _restore(self, backup: OpenBackup) -> Restored:
        make_folders(self.data_dir)
        with data_folder_lock(self.data_dir):
            self._require_empty()
            self._clear()  # what an interrupted restore left
            open_new(self.data_dir / RESTORING).close()
            sync_directory(self.data_dir)
            try:
                kept = self._copy(backup)
                self._settle(backup.manifest)
            except BaseException:
                self._clear()
                raise
            (self.data_dir / RESTORING).unlink()
            sync_directory(self.data_dir)
        return Restored(manifest=backup.manifest, keys_kept=kept)

    def _copy(self, backup: OpenBackup) -> tuple[str, ...]:
        kept = []
        for path, file, mtime in backup.wanted():
            target = self._target(path)
            if path.startswith("keys/") and os.path.lexists(target):
                kept.append(target.name)  # rule A3: never overwritten
                continue
            make_folders(target.parent)
            if path.startswith("keys/"):
                self._copy_key(backup, path, file, target)
            else:
                self._copy_file(backup, path, file, target)
            os.utime(target, (mtime, mtime))
        return tuple(kept)

    def _copy_key(self, backup: OpenBackup, path: str, file: IO[bytes], target: Path) -> None:
        """Give a key its name when it is whole: half of one would be kept for ever (A3)."""
        unnamed = target.with_name(f".{target.name}.{RESTORING}")
        unnamed.unlink(missing_ok=True)
        try:
            self._copy_file(backup, path, file, unnamed)
            unnamed.rename(target)
        finally:
            unnamed.unlink(missing_ok=True)

    def _copy_file(self, backup: OpenBackup, path: str, file: IO[bytes], target: Path) -> None:
        source = DigestedSource(file)
        with open_new(target) as copy:
            copy_blocks(source, SteadyFile(copy, told=lambda count: self._tell(count, backup.manifest)))
        if source.digest != backup.sums[path]:
            raise BackupDamagedError(
                f"{path} changed while it was restored: nothing was restored. Try again."
            )

    def _target(self, path: str) -> Path:
        if path == DATABASE:
            return self.data_dir / f"{Path(DATABASE).name}.{RESTORING}"
        room, _, rest = path.partition("/")
        return (self.data_dir if room == "data" else self.keys_dir) / rest

    def _settle(self, manifest: Manifest) -> None:
        """Make the folders of each organization, everything durable, and last the database by its name."""
        inbox = Inbox(data_dir=self.data_dir, clock=self.clock)
        for org_id in manifest.organizations:
            inbox.prepare(org_id)
        for folder, _, _ in os.walk(self.data_dir):
            sync_directory(Path(folder))
        if self.keys_dir.is_dir():
            sync_directory(self.keys_dir)
        unnamed = self._target(DATABASE)
        unnamed.rename(self.data_dir / Path(DATABASE).name)
        sync_directory(self.data_dir)

    def _clear(self) -> None:
        """Remove what this or an interrupted restore brought; the folder was empty before. The mark goes last."""
        for path in sorted(self.data_dir.iterdir(), key=lambda path: path.name == RESTORING):
            if path.name in HARMLESS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _tell(self, count: int, manifest: Manifest) -> None:
        self._done_bytes += count
        if self.progress is not None:
            self.progress(self._done_bytes, manifest.size_bytes)
