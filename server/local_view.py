"""What an organization sees in `/local`: uploads, taken names, waiting drops, files on disk (U1, U4)."""

import os
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog
from asyncssh import SFTPAttrs, SFTPName

from core.audit import AuditEntry, Event
from core.clock import Clock, from_text
from core.inbox import Drop, Inbox
from server import limits
from server.attributes import file_attributes, listed
from server.disk_folder import DiskFolder
from server.handles import ReadHandle
from server.local_folder import LocalFolder
from server.paths import Area
from server.queued import QueuedDrops
from server.statuses import LimitError, MissingError, RefusedError
from server.taken import TakenName
from server.threads import Threads
from server.upload import OpenFlags, Upload
from server.visits import Visit

log = structlog.get_logger()

# The ids of an organization's drops that wait or are held; and what discards one of them, if it still does.
Unfinished = Callable[[str], Awaitable[Collection[str]]]
Withdraw = Callable[[str, str], Awaitable[bool]]


class LocalView:
    """The names in `/local`, whatever stands behind them."""

    def __init__(
        self,
        *,
        folder: LocalFolder,
        inbox: Inbox,
        clock: Clock,
        threads: Threads,
        withdraw: Withdraw,
        unfinished: Unfinished,
        audit: Callable[[AuditEntry], None],
    ) -> None:
        self.folder = folder
        self._org_id = folder.shelf.org_id
        self._queued = QueuedDrops(inbox=inbox, org_id=folder.shelf.org_id)
        self._clock = clock
        self._threads = threads
        self._withdraw = withdraw
        self._unfinished = unfinished
        self._audit = audit
        self._disk = DiskFolder(root=inbox.folders(folder.shelf.org_id).root, area=Area.LOCAL)

    async def attributes(self, name: str, raw: bytes, visit: Visit) -> SFTPAttrs:
        """Answer STAT and LSTAT.

        Raises:
            MissingError: this session sees nothing of that name.
        """
        entry = self.folder.shelf.entries.seen(name)
        if entry is not None:
            return file_attributes(size_bytes=entry.size_bytes, mtime=entry.mtime)
        taken = self._taken(name, visit)
        if taken is not None:
            return _of_taken(taken)
        drops, on_disk = await self._threads.quick.run(self._look, name, raw)
        if drops:
            drops = await self._unfinished_of(drops)
        if drops:
            return _of_drop(drops[-1])
        return await self._threads.quick.run(self._disk.attributes, raw) if on_disk is None else on_disk

    async def listing(self, visit: Visit) -> list[SFTPName]:
        """List what this session sees; one line for each name."""
        on_disk = await self._threads.quick.run(self._disk.files)
        found: dict[bytes | str, SFTPAttrs] = {line.filename: line.attrs for line in on_disk}
        for name, drop in (await self._waiting()).items():
            found[name.encode()] = _of_drop(drop)
        for taken in self.folder.shelf.taken.listed_for(visit.number):
            found[taken.name.encode()] = _of_taken(taken)
        for name, entry in self.folder.shelf.entries.visible().items():
            found[name.encode()] = file_attributes(size_bytes=entry.size_bytes, mtime=entry.mtime)
        return [listed(name, attributes) for name, attributes in found.items()]

    async def open_for_writing(self, name: str, flags: OpenFlags, visit: Visit) -> Upload:
        """Open an upload; what lies on disk or was taken under that name is left alone (U4)."""
        if flags.exclusive and await self._threads.quick.run(self._disk.has, name.encode()):
            raise RefusedError(f"There is a file {name} already (U6)")
        return await self.folder.open(name, flags, visit)

    async def open_for_reading(self, name: str, raw: bytes, visit: Visit) -> ReadHandle:
        """Open what lies there and was not taken.

        Raises:
            MissingError: nothing does; also for a name that was taken (U4).
        """
        entry = self.folder.shelf.entries.seen(name)
        if entry is not None:
            size = entry.size_bytes
            fd = await self._threads.quick.run(
                os.open, entry.incoming.data, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            )
            return ReadHandle(fd=fd, size_bytes=size, pool=self._threads.quick, mtime=entry.mtime)
        if self._taken(name, visit) is not None:
            raise MissingError
        fd, size = await self._threads.quick.run(self._disk.open_file, raw)
        return ReadHandle(fd=fd, size_bytes=size, pool=self._threads.quick)

    async def resize(self, name: str, raw: bytes, size_bytes: int, visit: Visit) -> None:
        """Rule U4: a SETSTAT of the size counts for a running upload only; others may be told what is so already."""
        entry = self.folder.shelf.entries.seen(name)
        if (
            entry is not None and entry.busy
        ):  # its CLOSE is being answered: what is synced now must stay as it is
            raise RefusedError(f"The size of {name} cannot be set: it is just being stored (U2)")
        if entry is not None and entry.upload is not None:
            entry.upload.resize(size_bytes)
            return
        untouchable = entry is None and (
            self._taken(name, visit) is not None or bool(await self._waiting_as(name))
        )
        if untouchable or (await self.attributes(name, raw, visit)).size != size_bytes:
            raise RefusedError(f"The size of {name} cannot be set: upload it again (U4)")

    async def remove(self, name: str, raw: bytes, visit: Visit) -> None:
        """Rules U3, U4: remove an upload, or withdraw a drop that still waits, or end the answering of a taken name."""
        if await self.folder.remove(name):
            self.folder.shelf.taken.forget(name)
            return
        taken = self._taken(name, visit)
        waiting = await self._waiting_as(name)
        if taken is None and not waiting:
            await self._threads.quick.run(self._disk.remove_file, raw)
            return
        for uid in {drop.meta.uid for drop in waiting} | ({taken.uid} if taken else set()):
            withdrawn = await self._withdraw(self._org_id, uid)
            log.info("drop.removed_by_client", org=self._org_id, name=name, uid=uid, withdrawn=withdrawn)
            what = "its drop was withdrawn" if withdrawn else "its drop had been taken"
            self._note(Event.UPLOAD_REMOVED, visit, f"{name}: {what}")
        self.folder.shelf.taken.forget(name)

    async def rename(self, old: str, old_raw: bytes, new: str, visit: Visit) -> None:
        """Rules U4, U5: rename an upload, what answers for a drop, or a file on disk."""
        if await self._threads.quick.run(self._disk.has, new.encode()) and old != new:
            raise RefusedError(f"There is a file {new} already (U5)")
        if await self.folder.rename(old, new, visit):
            return
        waiting = await self._waiting_as(old)
        taken = self._taken(old, visit)
        if taken is not None:
            self._check_renamed(taken.uid, new)
            self.folder.shelf.taken.rename(old, new)
            self._note_rename(taken.uid, old, new, visit)
        elif waiting:
            self._check_renamed(waiting[-1].meta.uid, new)
            self.folder.shelf.taken.add_name(self.folder.shelf.name_of(waiting[-1], new, visit.number))
            self._note_rename(waiting[-1].meta.uid, old, new, visit)
        else:
            await self._threads.quick.run(self._disk.rename_file, old_raw, new.encode())

    def _check_renamed(self, uid: str, new: str) -> None:
        if self.folder.shelf.entries.seen(new) is not None:
            raise RefusedError(f"There is a file {new} already (U5)")
        refusal = limits.rename_refusal(renames=self.folder.shelf.taken.renames_of(uid))
        if refusal is not None:
            log.warning("limit.reached", org=self._org_id, reason=refusal)
            raise LimitError(refusal)

    def _note_rename(self, uid: str, old: str, new: str, visit: Visit) -> None:
        log.info("drop.renamed_by_client", org=self._org_id, name=old, new_name=new, uid=uid)
        self._note(Event.UPLOAD_RENAMED, visit, f"{old} to {new}: its drop keeps its name")

    def _note(self, event: Event, visit: Visit, detail: str) -> None:
        """Rules U4, A5: write down what a client did to a name that was taken."""
        self._audit(
            AuditEntry(
                at=self._clock.now(),
                event=event,
                who=visit.account,
                org_id=self._org_id,
                address=visit.address,
                detail=detail,
            )
        )

    def _taken(self, name: str, visit: Visit) -> TakenName | None:
        return self.folder.shelf.taken.get(name, session=visit.number, now=self._clock.now())

    async def _waiting_as(self, name: str) -> list[Drop]:
        """Return the drops of that name that wait or are held, in their order."""
        return await self._unfinished_of(await self._threads.quick.run(self._queued.named, name))

    async def _unfinished_of(self, drops: Sequence[Drop]) -> list[Drop]:
        uids = await self._unfinished(self._org_id) if drops else ()
        return [drop for drop in drops if drop.meta.uid in uids]

    def _look(self, name: str, raw: bytes) -> tuple[list[Drop], SFTPAttrs | None]:
        """Return the drops of that name, and where there are none, what lies on disk; one hop into a thread."""
        drops = self._queued.named(name)
        return drops, None if drops else self._disk.attributes(raw)

    async def _waiting(self) -> dict[str, Drop]:
        """Return the last of each name."""
        uids = await self._unfinished(self._org_id)
        drops = await self._threads.quick.run(self._queued.read) if uids else ()
        return {drop.meta.name: drop for drop in drops if drop.meta.uid in uids}


def _of_taken(taken: TakenName) -> SFTPAttrs:
    return file_attributes(size_bytes=taken.size_bytes, mtime=taken.mtime)


def _of_drop(drop: Drop) -> SFTPAttrs:
    accepted_at = from_text(drop.meta.accepted_at or drop.meta.started_at)
    return file_attributes(size_bytes=drop.meta.size_bytes, mtime=accepted_at.timestamp())
