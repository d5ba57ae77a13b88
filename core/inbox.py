"""The only door into the queue (rules U2, U6, U7): `queue/` holds what was accepted, `incoming/` what was not.

All functions block on the disk: call them in a thread. Layout and life of a drop: docs/developers/life-of-a-drop.md.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from core import clock as clocks
from core.clock import Clock
from core.durable import changed_at, move, subfolders, sync_directory, sync_file
from core.errors import ServiceError
from core.queue_names import name_of, names_in, seq_of, uid_of

DATA = "data"
META = "meta.json"
TOLD = "told"  # an empty file beside them: recipients know that the upload broke off (U3)
BROKEN_TEXT = "The queue's directory could not be written to stable storage."
FOLDER_MODE = 0o700
FILE_MODE = 0o600


class UploadLostError(ServiceError):
    """The bytes of one upload could not be made durable: it is not accepted and must be sent again (U2)."""

    code = "upload_lost"
    retryable = True


class QueueBrokenError(ServiceError):
    """The queue's own directory could not be made durable: the process must stop, nothing may be retried."""

    code = "queue_broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who brings a file: SFTP user name (or `local folder`, `command line`), address, client version."""

    account: str
    address: str | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What is kept beside the bytes of a drop or an upload, as `meta.json`."""

    uid: str
    name: str  # as the client gave it
    origin: Origin
    started_at: str
    accepted_at: str | None = None
    size_bytes: int = 0
    sha256: str | None = None
    closed: bool = False  # the client closed it in good order (a temporary or unusable name, U5)
    extents: tuple[tuple[int, int], ...] | None = None  # what was written, known when a session gave it up
    in_order: bool = True  # every write so far began where the one before ended
    changed_at: str | None = None  # when it was last noted; partials age from here (U3)
    told: bool = False  # older versions noted here what the file `told` says now
    boot: str | None = None  # unsynced bytes of another boot cannot be trusted (U3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where an organization's files lie."""

    root: Path
    local: Path = field(init=False)
    archive: Path = field(init=False)
    error: Path = field(init=False)
    export: Path = field(init=False)
    incoming: Path = field(init=False)
    queue: Path = field(init=False)

    def __post_init__(self) -> None:
        for name in ("local", "archive", "error", "export", "incoming", "queue"):
            object.__setattr__(self, name, self.root / name)

    def all(self) -> tuple[Path, ...]:
        """Return the folders below the root."""
        return self.local, self.archive, self.error, self.export, self.incoming, self.queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Bytes that arrive, or a partial upload: a folder in `incoming/`."""

    org_id: str
    folder: Path
    meta: Meta

    @property
    def data(self) -> Path:
        """Where the bytes lie."""
        return self.folder / DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One file as accepted: a folder in `queue/`."""

    org_id: str
    seq: int
    folder: Path
    meta: Meta

    @property
    def data(self) -> Path:
        """Where the bytes lie."""
        return self.folder / DATA


class Inbox:
    """Takes files in; one object serves all organizations and threads."""

    def __init__(
        self,
        *,
        data_dir: Path,
        clock: Clock,
        accepted: Callable[[Drop], None] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._accepted = accepted
        self._is_broken = False
        self._floors: dict[str, int] = {}

    def folders(self, org_id: str) -> Folders:
        """Return where the organization's files lie."""
        return Folders(root=self.above / org_id)

    @property
    def above(self) -> Path:
        """The folder that holds those of all organizations."""
        return self._data_dir / "orgs"

    def prepare(self, org_id: str) -> Folders:
        """Make the organization's folders, durable; existing ones stay as they are."""
        folders = self.folders(org_id)
        for folder in folders.all():
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        for folder in (folders.root, folders.root.parent, self._data_dir):
            sync_directory(folder)
        return folders

    def org_ids(self) -> list[str]:
        """Return the organizations that have a folder, removed and disabled ones included."""
        return sorted(folder.name for folder in subfolders(self.above))

    def begin(self, *, org_id: str, name: str, origin: Origin) -> Incoming:
        """Open a new folder in `incoming/` with an empty data file; a crash leaves it as a partial (U3)."""
        uid = secrets.token_hex(8)
        folder = self.folders(org_id).incoming / uid
        started_at = clocks.to_text(self._clock.now())
        meta = Meta(uid=uid, name=name, origin=origin, started_at=started_at, boot=boot_id())
        folder.mkdir(mode=FOLDER_MODE)
        incoming = Incoming(org_id=org_id, folder=folder, meta=meta)
        os.close(
            os.open(
                incoming.data,
                os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC,
                FILE_MODE,
            )
        )
        _write_meta(folder, meta, durable=False)
        return incoming

    def claim(self, *, org_id: str, name: str, origin: Origin) -> Incoming:
        """Open a new folder in `incoming/` without data, durable: for a file that lies here already (U8)."""
        uid = secrets.token_hex(8)
        folder = self.folders(org_id).incoming / uid
        meta = Meta(
            uid=uid, name=name, origin=origin, started_at=clocks.to_text(self._clock.now()), boot=boot_id()
        )
        folder.mkdir(mode=FOLDER_MODE)
        _write_meta(folder, meta, durable=True)
        sync_directory(folder)
        sync_directory(folder.parent)
        return Incoming(org_id=org_id, folder=folder, meta=meta)

    def note(self, incoming: Incoming, *, durable: bool = False, **changes: Any) -> Incoming:
        """Replace fields of the meta data, in one rename; `durable` also syncs bytes, file and folder.

        Raises:
            UploadLostError: the disk failed or is full.
        """
        changes.setdefault("changed_at", clocks.to_text(self._clock.now()))
        changed = replace(incoming, meta=replace(incoming.meta, **changes))
        try:
            if durable:
                sync_file(incoming.data)
            _write_meta(incoming.folder, changed.meta, durable=durable)
            if durable:
                sync_directory(incoming.folder)
                sync_directory(incoming.folder.parent)
        except OSError as exc:
            raise _lost(exc) from exc
        return changed

    def note_told(self, incoming: Incoming) -> None:
        """Rule U3: keep that recipients know; the meta data is the session's, which may go on with it at any moment.

        Raises:
            OSError: the upload is not there any more, or the disk failed.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        os.close(os.open(incoming.folder / TOLD, flags, FILE_MODE))

    def is_told(self, incoming: Incoming) -> bool:
        """Whether recipients know that it broke off."""
        return incoming.meta.told or (incoming.folder / TOLD).exists()

    def incoming(self, org_id: str) -> list[Incoming]:
        """Return what lies in `incoming/`, oldest first; folders that a crash left without meta data are left out."""
        found = [
            Incoming(org_id=org_id, folder=folder, meta=meta)
            for folder in subfolders(self.folders(org_id).incoming)
            if (meta := _read_meta(folder)) is not None
        ]
        return sorted(found, key=lambda item: (item.meta.started_at, item.meta.uid))

    def accept(self, incoming: Incoming, **changes: Any) -> Drop:
        """Rule U2: make the file durable and move it into the queue; when this returns, the client may be told OK.

        `changes` replace fields of the meta data (the name after a rename, U5).

        Raises:
            UploadLostError: bytes or meta data could not be made durable; the caller drops the file.
            QueueBrokenError: the queue's directory could not; the process must stop.
        """
        try:
            size = sync_file(incoming.data)
            meta = replace(
                incoming.meta,
                size_bytes=size,
                accepted_at=clocks.to_text(self._clock.now()),
                **changes,
            )
            _write_meta(incoming.folder, meta, durable=True)
            sync_directory(incoming.folder)
        except OSError as exc:
            raise _lost(exc) from exc
        try:
            seq, target = self._enter_queue(incoming)
        except OSError as exc:
            raise _lost(exc) from exc
        drop = Drop(org_id=incoming.org_id, seq=seq, folder=target, meta=meta)
        if self._accepted is not None:
            # It is in the queue: whoever cannot be told finds it by a scan.
            with contextlib.suppress(Exception):
                self._accepted(drop)
        return drop

    def _enter_queue(self, incoming: Incoming) -> tuple[int, Path]:
        queue = self.folders(incoming.org_id).queue
        if self._is_broken:
            raise QueueBrokenError(BROKEN_TEXT)
        with self._counter(incoming.org_id) as seq:
            target = queue / name_of(seq, incoming.meta.uid)
            move(incoming.folder, target)
            try:
                sync_directory(queue)
            except OSError as exc:
                self._is_broken = True  # nothing more is taken while the process ends
                raise QueueBrokenError(BROKEN_TEXT) from exc
            return seq, target

    def discard(self, incoming: Incoming) -> None:
        """Remove an upload that will not be accepted; twice is once."""
        shutil.rmtree(incoming.folder, ignore_errors=True)

    def discard_torn(self, org_id: str, *, before: datetime) -> int:
        """Remove folders of `incoming/` that a crash or a full disk left without meta data; return how many.

        Younger ones may just be made.
        """
        torn = [
            folder
            for folder in subfolders(self.folders(org_id).incoming)
            if _read_meta(folder) is None and changed_at(folder) < before.timestamp()
        ]
        for folder in torn:
            shutil.rmtree(folder, ignore_errors=True)
        return len(torn)

    def queue(self, org_id: str, *, first: int | None = None, without: Container[str] = ()) -> list[Drop]:
        """Return the accepted drops in the order of acceptance (U7), or the `first` of them, `without` these uids."""
        queue = self.folders(org_id).queue
        names = (name for name in names_in(queue) if uid_of(name) not in without)
        drops = (self._drop(org_id, queue / name) for name in names)
        return list(islice((drop for drop in drops if drop is not None), first))

    def queued_uids(self, org_id: str) -> list[str]:
        """Return the uids of what lies in the queue, in its order, without looking into it."""
        return [uid_of(name) for name in names_in(self.folders(org_id).queue)]

    def discard_emptied(self, org_id: str) -> None:
        """Remove empty folders of the queue, which a kill left of filed drops; while nobody works this queue."""
        for folder in self._queued(org_id):
            with contextlib.suppress(OSError):
                folder.rmdir()  # one that holds anything stays

    def find(self, org_id: str, uid: str) -> Drop | None:
        """Return the accepted drop with that uid, None where it is not in the queue any more."""
        found = (folder for folder in self._queued(org_id) if uid_of(folder.name) == uid)
        return next((self._drop(org_id, folder) for folder in found), None)

    def _queued(self, org_id: str) -> list[Path]:
        """Return the folders of the queue by their numbers, without looking into them."""
        queue = self.folders(org_id).queue
        return [queue / name for name in names_in(queue)]

    def _drop(self, org_id: str, folder: Path) -> Drop | None:
        meta = _read_meta(folder)
        if meta is None:
            return None
        return Drop(org_id=org_id, seq=seq_of(folder.name), folder=folder, meta=meta)

    def raise_floor(self, org_id: str, seq: int) -> None:
        """Say that an import has this `seq`: new drops get higher ones, also after a power cut lost the counter."""
        self._floors[org_id] = max(seq, self._floors.get(org_id, 0))

    @contextmanager
    def _counter(self, org_id: str) -> Iterator[int]:
        """Hold the organization's lock and give out its next number: highest in queue, counter and rows plus one."""
        folders = self.folders(org_id)
        fd = os.open(
            folders.root / "seq",
            os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
            FILE_MODE,
        )
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            stored = os.pread(fd, 20, 0).strip()
            in_queue = map(seq_of, names_in(folders.queue))
            floor = max(int(stored) if stored.isdigit() else 0, self._floors.get(org_id, 0))
            seq = max(in_queue, default=0)
            seq = max(seq, floor) + 1
            # Before the move: what fails after it would refuse a file that is in the queue. A gap harms nobody.
            os.pwrite(fd, b"%020d" % seq, 0)
            yield seq
        finally:
            os.close(fd)


def boot_id() -> str:
    """Return what tells one start of the machine from another; empty where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _lost(exc: OSError) -> UploadLostError:
    return UploadLostError(f"The file could not be stored ({exc.strerror}): send it again later.")


def _write_meta(folder: Path, meta: Meta, *, durable: bool) -> None:
    new = folder / f"{META}.new"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        text = memoryview(json.dumps(asdict(meta)).encode())
        while text:  # a disk that fills up writes less than it was given
            text = text[os.write(fd, text) :]
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    new.replace(folder / META)


def _read_meta(folder: Path) -> Meta | None:
    try:
        values = json.loads((folder / META).read_bytes())
        extents = values.get("extents")
        values["extents"] = None if extents is None else tuple((start, end) for start, end in extents)
        values["origin"] = Origin(**values["origin"])
        return Meta(**values)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError):
        return None
