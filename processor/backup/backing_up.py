"""Makes a backup while everything works on (rule O5).

Every drop that was accepted before the backup began, and every import that the copied database knows, is in it in
exactly one place. The order is what makes it so:

1. The queues are linked (`queue_links.py`). A drop that lies in none of them any more has been filed, so its outcome
   was committed before, and step 2 sees it.
2. For a moment, a few milliseconds, the turn of commits is taken. The view of the database begins, and what the queues
   got since step 1 is linked. Nobody can get an outcome meanwhile, and without one nothing leaves a queue: each import
   that the view knows without an outcome is linked.
3. The turn is given back, and the database is copied as it was then. Writers don't wait for readers.
4. `archive` and `error` are copied, but only files of imports that have their outcome in the copy. What was filed later
   is in the copy's eyes still in a queue, and was linked.
5. The linked drops are copied. Of one that step 4 met the bytes are left out, for they were filed meanwhile; where the
   row does not say so yet, the rest of its folder stays, as it does when a crash comes between: the next daemon writes
   the row. One with an outcome that step 4 did not meet had not been filed yet: the next daemon files it away.
6. The list of sums, and last the manifest.

`incoming/` and `local/` hold what nobody was told was stored: they are left out.
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import Clock, to_text
from core.errors import BusyError, ServiceError, UsageError
from core.inbox import FILE_MODE
from core.locks import TurnLock
from processor.backup.bundles import Bundle, add_bytes, new_folder, new_tar, partial_of
from processor.backup.contents import Contents, size_of_filed
from processor.backup.copy_store import CopiedDatabase, Source, copy_database, open_source, stand_still
from processor.backup.manifest import MANIFEST, SUMS, Manifest, format_sums
from processor.backup.queue_links import QueueLinks, queue_links

LOCK = "backup.lock"
TURN = "commit.lock"
ASK_DISK_EVERY_BYTES = 8 << 20

Progress = Callable[[int, int], None]  # bytes done, in all


class BackupRunningError(BusyError):
    """Another backup of this data folder is being made."""

    code = "backup_running"


class BackupFailedError(ServiceError):
    """The disk is full or failed; nothing that looks like a backup is left."""

    code = "backup_failed"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    """What was made."""

    path: Path
    manifest: Manifest
    left_out: tuple[str, ...]  # files with names that no list can hold


@dataclass(kw_only=True)
class BackUp:
    """One backup: of the data folder, with or without the keys, into `target`.

    `reserve_bytes` of the target's disk are never used, where it is the disk that the daemon needs, too.
    """

    data_dir: Path
    database_path: Path
    keys_dir: Path | None
    target: Path
    reserve_bytes: int
    clock: Clock
    program: str
    progress: Progress | None = None
    _done_bytes: int = field(default=0, init=False)
    _asked_at: int = field(default=0, init=False)
    _total_bytes: int = field(default=0, init=False)

    def make(self) -> BackupMade:
        """Make it (blocks; whatever ends it leaves no half backup that `restore` takes).

        Raises:
            UsageError: the target is there already, or lies in the data folder.
            BackupRunningError, BackupFailedError, DatabaseDamagedError: as they say.
        """
        self._check_target()
        beside = partial_of(self.target.with_name(f"{self.target.name}.sqlite"))
        try:
            with _alone(self.data_dir), queue_links(self.data_dir) as links, closing_file(beside):
                made_at = self.clock.now()
                links.link_all()
                self._count()
                with closing(open_source(self.database_path)) as source:
                    asyncio.run(self._stand_still(source, links))
                    self._copy_database(source, beside)
                with closing(CopiedDatabase(beside)) as copy, self._bundle() as bundle:
                    copy.check()
                    links.complete()
                    contents = Contents(bundle=bundle, copy=copy, links=links, data_dir=self.data_dir)
                    contents.add_files(self.keys_dir)
                    contents.add_database(beside)
                    manifest = self._finish(bundle, copy, contents.sums, to_text(made_at))
        except OSError as exc:
            raise self._failed(exc) from exc
        return BackupMade(path=self.target, manifest=manifest, left_out=tuple(contents.left_out))

    async def _stand_still(self, source: Source, links: QueueLinks) -> None:
        turn = TurnLock(self.data_dir / TURN)
        try:
            async with turn.held():
                stand_still(source)
                links.link_new()
        finally:
            turn.close()

    def _copy_database(self, source: Source, target: Path) -> None:
        target.unlink(missing_ok=True)
        fd = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            size = self.database_path.stat().st_size

            def told(done: int, total: int) -> None:
                os.fsync(fd)  # step by step: no flood of unwritten pages before somebody's commit
                self._note(int(size * done / max(total, 1)) - self._done_bytes)

            copy_database(source, target, told=told)
        finally:
            os.close(fd)

    def _bundle(self) -> AbstractContextManager[Bundle]:
        make = new_tar if self.target.suffix == ".tar" else new_folder
        return make(self.target, told=self._note)

    def _finish(
        self, bundle: Bundle, copy: CopiedDatabase, sums: list[tuple[str, str]], made_at: str
    ) -> Manifest:
        moment = self.clock.now().timestamp()
        manifest = Manifest(
            made_at=made_at,
            program=self.program,
            schema=copy.schema(),
            organizations=copy.organizations(),
            files=len(sums),
            size_bytes=self._done_bytes,
            with_keys=self.keys_dir is not None,
            sums_sha256=add_bytes(bundle, SUMS, format_sums(sums), mtime=moment),
        )
        add_bytes(bundle, MANIFEST, manifest.to_json(), mtime=moment)
        return manifest

    # --- the disk

    def _check_target(self) -> None:
        target, data_dir = self.target.resolve(), self.data_dir.resolve()
        if data_dir == target or data_dir in target.parents:
            raise UsageError(f"{self.target} lies in the data folder: a backup belongs on another disk.")
        if os.path.lexists(target):
            raise UsageError(f"{self.target} is there already: name another place for the backup.")
        if not target.parent.is_dir():
            raise UsageError(f"There is no folder {target.parent}: make it first.")
        if not self.database_path.is_file():
            raise UsageError(f"There is no database in {self.data_dir}: there is nothing to back up.")

    def _count(self) -> None:
        """Find out how much there is, for who watches."""
        if self.progress is not None:
            self._total_bytes = self.database_path.stat().st_size + size_of_filed(self.data_dir)

    def _note(self, count: int) -> None:
        self._done_bytes += count
        if self._done_bytes - self._asked_at >= ASK_DISK_EVERY_BYTES:
            self._asked_at = self._done_bytes
            self._require_room()
        if self.progress is not None:
            self.progress(self._done_bytes, max(self._total_bytes, self._done_bytes))

    def _require_room(self) -> None:
        folder = self.target.parent
        if folder.stat().st_dev != self.data_dir.stat().st_dev:
            return
        found = os.statvfs(folder)
        if found.f_bavail * found.f_frsize < self.reserve_bytes:
            raise OSError(errno.ENOSPC, "the daemon needs what is left")

    def _failed(self, exc: OSError) -> BackupFailedError:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return BackupFailedError(
                f"There is no room for the backup in {self.target.parent}: nothing of it was left there. Make room, "
                "or name a place on another disk."
            )
        return BackupFailedError(
            f"The backup could not be made ({exc.strerror or exc}): nothing of it was left in {self.target.parent}."
        )


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Keep a second backup of the folder away."""
    fd = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise BackupRunningError(
                f"Another backup of {data_dir} is being made: wait for its end."
            ) from exc
        yield
    finally:
        os.close(fd)


@contextmanager
def closing_file(path: Path) -> Iterator[None]:
    """Remove a file at the end, whatever comes."""
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
