"""Files that reach `local/` by other means than SFTP (rule U8): when one is complete, and how it becomes a drop.

Blocking: for a thread. A scan finds everything; events only make it come sooner.
"""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import structlog

from core.beneath import rename_without_replacing
from core.durable import sync_directory
from core.errors import ServiceError
from core.inbox import DATA, Inbox, Incoming, Origin, QueueBrokenError
from core.names import NameKind, kind_of_name

log = structlog.get_logger()

CLAIMED = ".claimed-"
COPIED = ".copied-"
LOCAL_FOLDER = "local folder"  # the account of such drops
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Writer(Enum):
    """What the lease says about a file."""

    NONE = "none"
    SOME = "some"
    UNKNOWN = "unknown"  # not our file, no CAP_LEASE, a network mount


class WrittenMeanwhileError(ServiceError):
    """A file was changed while it was copied: what was copied may be half of it."""

    code = "written_meanwhile"
    retryable = True


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looked like; equal looks mean that nobody has written meanwhile."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def at(cls, found: os.stat_result) -> "Look":
        """Take what counts from a stat."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan did: drops made, and in how many seconds the next file may be complete (None: nothing waits)."""

    taken: int
    again_in_s: float | None


class DropIns:
    """Remembers looks between scans of one organization's `local/`; losing them only costs a quiet time."""

    def __init__(
        self, *, inbox: Inbox, org_id: str, quiet_time_s: float, unusable_name_wait_s: float
    ) -> None:
        self._inbox = inbox
        self._org_id = org_id
        self._quiet_s = quiet_time_s
        self._unusable_s = max(unusable_name_wait_s, quiet_time_s)
        self._seen: dict[
            str, tuple[Look, float]
        ] = {}  # since when a file looks like that, on the monotonic clock
        self._unsettled = True  # something may be left between a claim and the queue
        self._strange: set[tuple[bytes, int]] = set()

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to remember: no file waits, none is strange, none stands before the queue."""
        return not (self._seen or self._strange or self._unsettled)

    def recover(self) -> None:
        """Go on with what a crash or a full disk left between the claim and the queue; a scan does it when need be.

        `data` in a claimed folder means: the whole file. A file of another file system is called `.claimed-<uid>`
        until its copy is whole and durable, then `.copied-<uid>`: without its folder in `incoming/` it was accepted.
        """
        folders = self._inbox.folders(self._org_id)
        for incoming in self._inbox.incoming(self._org_id):
            if incoming.meta.origin.account == LOCAL_FOLDER:
                claimed = folders.local / f"{CLAIMED}{incoming.meta.uid}"
                if claimed.exists():
                    self._copy(claimed, incoming)
                if incoming.data.exists():
                    self._inbox.accept(incoming)
                else:
                    self._inbox.discard(incoming)
        for name in os.listdir(folders.local):
            if name.startswith(COPIED):
                (folders.local / name).unlink()
        self._unsettled = False

    def scan(self, now_s: float) -> Scan:
        """Rule U8: take every complete file, remember the others; `now_s` is the monotonic clock."""
        folders = self._inbox.folders(self._org_id)
        try:
            folder = os.open(folders.local, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            if not folders.root.exists():  # the organization goes (K)
                return Scan(0, None)
            with suppress(OSError):  # an operator removed local/
                self._inbox.prepare(self._org_id)
            return Scan(0, None)
        try:
            if self._unsettled:
                self.recover()
            return self._scan(folder, now_s)
        except QueueBrokenError:
            raise
        except ServiceError as exc:
            log.warning("drop_in.deferred", org=self._org_id, name=None, reason=exc.public_message)
            return Scan(0, self._quiet_s)
        finally:
            os.close(folder)

    def _scan(self, folder: int, now_s: float) -> Scan:
        taken, waits = 0, []
        names = _by_age(folder)
        for raw in names:
            wait_s = self._consider(folder, raw, now_s)
            if wait_s == 0:
                taken += 1
            elif wait_s is not None:
                waits.append(wait_s)
        present = {os.fsdecode(raw) for raw in names}
        self._seen = {name: look for name, look in self._seen.items() if name in present}
        return Scan(taken, min(waits, default=None))

    def _consider(self, folder: int, raw: bytes, now_s: float) -> float | None:
        """Return 0 for a file that was taken, the seconds to wait, or None for one that is left alone."""
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            self._leave(raw, 0, "its name is not UTF-8")
            return None
        if kind_of_name(name) is NameKind.TEMPORARY:
            return None
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if reason := _strangeness(found):
            self._leave(raw, found.st_ino, reason)
            return None
        look = Look.at(found)
        before, since_s = self._seen.get(name, (None, now_s))
        if before != look:
            since_s = now_s
            self._seen[name] = (look, now_s)
        usable = kind_of_name(name) is NameKind.USABLE
        needed_s = self._quiet_s if usable else self._unusable_s
        if now_s - since_s < needed_s:
            return needed_s - (now_s - since_s)
        return self._take(folder, name, look, quiet_s=now_s - since_s)

    def _take(self, folder: int, name: str, look: Look, *, quiet_s: float) -> float | None:
        try:
            fd = os.open(name, _OPEN, dir_fd=folder)
        except FileNotFoundError:
            return None
        except PermissionError:
            self._leave(os.fsencode(name), look.inode, "it cannot be read (permission)")
            return None
        except OSError as exc:
            log.warning("drop_in.deferred", org=self._org_id, name=name, reason=exc.strerror)
            return self._quiet_s
        try:
            writer = ask_lease(fd)
            if writer is Writer.SOME or Look.at(os.fstat(fd)) != look:
                return self._quiet_s
            if writer is Writer.UNKNOWN and quiet_s < 2 * self._quiet_s:
                return 2 * self._quiet_s - quiet_s
            self._claim(folder, name, fd, look)
        except QueueBrokenError:
            raise
        except (ServiceError, OSError) as exc:
            self._unsettled = True
            reason = exc.public_message if isinstance(exc, ServiceError) else exc.strerror
            log.warning("drop_in.deferred", org=self._org_id, name=name, reason=reason)
            return self._quiet_s
        finally:
            os.close(fd)
        self._seen.pop(name, None)
        return 0

    def _claim(self, folder: int, name: str, fd: int, look: Look) -> None:
        """Move the file into a drop of its own; a writer that came in between gets it back."""
        incoming = self._inbox.claim(org_id=self._org_id, name=name, origin=Origin(account=LOCAL_FOLDER))
        with _directory(incoming.folder) as target:
            try:
                os.rename(name, DATA, src_dir_fd=folder, dst_dir_fd=target)
            except OSError as exc:
                if exc.errno != errno.EXDEV:
                    self._inbox.discard(incoming)
                    raise
                self._copy_across(folder, name, incoming, look)
                return
            moved = Look.at(os.stat(DATA, dir_fd=target, follow_symlinks=False))
            if ask_lease(fd) is Writer.SOME or moved != look:
                rename_without_replacing(DATA, name, source_dir=target, target_dir=folder)
                self._inbox.discard(incoming)
                return
        os.fsync(folder)
        self._inbox.accept(incoming)

    def _copy_across(self, folder: int, name: str, incoming: Incoming, look: Look) -> None:
        """Rule U8, across file systems: a name with the drop's uid first, so that a crash makes no second drop."""
        claimed = self._inbox.folders(self._org_id).local / f"{CLAIMED}{incoming.meta.uid}"
        os.rename(name, claimed.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
        try:
            copied = self._copy(claimed, incoming, look)
        except WrittenMeanwhileError:
            rename_without_replacing(claimed.name, name, source_dir=folder, target_dir=folder)
            self._inbox.discard(incoming)
            return
        self._inbox.accept(incoming)
        copied.unlink()

    def _copy(self, claimed: Path, incoming: Incoming, look: Look | None = None) -> Path:
        """Copy a claimed file, whole and durable, and say so by its name.

        Raises:
            WrittenMeanwhileError: it does not look as before.
        """
        part = incoming.folder / "data.part"
        with os.fdopen(os.open(claimed, _OPEN), "rb") as source, part.open("wb") as target:
            look = look or Look.at(os.fstat(source.fileno()))
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
            if Look.at(os.fstat(source.fileno())) != look:
                raise WrittenMeanwhileError("Somebody writes to the file: it is taken later.")
        part.replace(incoming.data)
        sync_directory(incoming.folder)
        copied = claimed.with_name(f"{COPIED}{incoming.meta.uid}")
        claimed.rename(copied)
        sync_directory(copied.parent)
        return copied

    def _leave(self, raw: bytes, inode: int, reason: str) -> None:
        """Report a strange file once and leave it alone."""
        if (raw, inode) not in self._strange:
            self._strange.add((raw, inode))
            log.warning(
                "drop_in.ignored",
                org=self._org_id,
                name=raw.decode("utf-8", "backslashreplace"),
                reason=reason,
            )


def strange_files(local: Path) -> Iterator[tuple[str, str]]:
    """Rule U8: yield what lies in a `local/` folder and is never taken, with the reason; the names are for people."""
    try:
        names = sorted(os.listdir(local))
    except FileNotFoundError:
        return
    for name in names:
        try:
            os.fsencode(name).decode()
        except UnicodeDecodeError:
            yield os.fsencode(name).decode("utf-8", "backslashreplace"), "its name is not UTF-8"
            continue
        with suppress(FileNotFoundError):
            if kind_of_name(name) is NameKind.TEMPORARY:
                continue
            if reason := _strangeness((local / name).lstat()):
                yield name, reason
            elif not os.access(local / name, os.R_OK, effective_ids=True):
                yield name, "it cannot be read (permission)"


def _by_age(folder: int) -> list[bytes]:
    """Return the names in a folder, what was written first first (U7)."""
    found = []
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):
            found.append((os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns, os.fsencode(name)))
    return [name for _, name in sorted(found)]


def _strangeness(found: os.stat_result) -> str | None:
    if stat.S_ISDIR(found.st_mode):
        return "it is a folder"
    if not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    return "it has a second link" if found.st_nlink != 1 else None


def ask_lease(fd: int) -> Writer:
    """Ask the kernel whether anyone has the file open for writing (10 microseconds; fcntl(2), F_SETLEASE).

    SIGIO must be ignored in this process, for a writer who opens the file while we hold the lease breaks it.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as exc:
        return Writer.SOME if exc.errno == errno.EAGAIN else Writer.UNKNOWN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Writer.NONE


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
