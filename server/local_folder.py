"""What clients may do in `/local` of one organization: open, close, rename, remove (rules U2 to U6, U9).

One object serves all sessions of the organization; the steps on disk are in `shelf.py`.
"""

import asyncio

import structlog

from core.names import NameKind, kind_of_name
from server import limits
from server.entries import Entry
from server.shelf import Shelf
from server.statuses import InUseError, LimitError, MissingError, RefusedError, UnfinishedError
from server.upload import YIELDED, OpenFlags, Upload
from server.visits import Visit

log = structlog.get_logger()


class LocalFolder:
    """Decides, and holds a lock while a name changes its meaning."""

    def __init__(self, *, shelf: Shelf, idle_handle_s: float) -> None:
        self.shelf = shelf
        self._idle_handle_s = idle_handle_s
        self._names = asyncio.Lock()

    async def refresh(self) -> None:
        """Look for uploads that earlier sessions or processes left on disk (U3)."""
        async with self._names:
            await self.shelf.refresh()

    # --- OPEN

    async def open(self, name: str, flags: OpenFlags, visit: Visit) -> Upload:
        """Rules U3, U4, U6: begin an upload, or go on with a partial one.

        Raises:
            MissingError: there is none and `create` is not set.
            RefusedError: there is one and `exclusive` is set.
            InUseError: another handle writes to it and this one would not replace it.
            LimitError: a limit of U9 is reached.
        """
        if not flags.truncate:
            await self._put_aside(name)
        async with self._names:
            await self._check_limits()
            seen = self.shelf.entries.seen(name)
            if seen is None and not flags.create and not self.shelf.was_taken(name, visit):
                raise MissingError
            if seen is not None and flags.exclusive:
                raise RefusedError(f"There is a file {name} already (U6)")
            if seen is not None and not seen.is_idle:
                seen = await self._yielded(seen, flags)
            if seen is not None and not flags.truncate:
                return await self.shelf.resume(seen, flags, visit)
            replaced = [entry for entry in self.shelf.entries.named(name) if entry.is_idle]
            upload = await self.shelf.begin(name, flags, visit)
            for entry in replaced:
                await self.shelf.discard(entry)
            return upload

    async def _check_limits(self) -> None:
        shelf = self.shelf
        await shelf.space.recount()
        uploads = shelf.uploads_of_the_hour + shelf.entries.running
        self._refuse(
            limits.upload_refusal(shelf.settings, uploads=uploads)
            or limits.failed_refusal(failed=shelf.failed_of_the_hour)
            or limits.unaccepted_refusal(uploads=len(shelf.entries))
            or shelf.space.refusal(growth_bytes=0)
        )

    def _refuse(self, refusal: str | None) -> None:
        if refusal is not None:
            log.warning("limit.reached", org=self.shelf.org_id, reason=refusal)
            raise LimitError(refusal)

    async def _yielded(self, entry: Entry, flags: OpenFlags) -> Entry | None:
        """Rule U3: a handle that was idle for long gives its file up; a busy one does not (U6)."""
        if await self._takes_over(entry):
            return entry
        if not flags.truncate:
            raise InUseError(f"{entry.name} is being written by another handle: wait until it is closed (U6)")
        return None

    async def _put_aside(self, *names: str) -> None:
        """Rule U3: wait for what sessions that are gone had open: it is being put aside, which takes one fsync."""
        for name in names:
            for entry in self.shelf.entries.named(name):
                if entry.is_being_left:
                    await entry.settled()

    async def _takes_over(self, entry: Entry) -> bool:
        """Rule U3: take the file from a handle that was idle for long, or whose session is gone."""
        upload = entry.upload
        if upload is None or entry.busy:
            return False
        idle_s = self.shelf.monotonic() - upload.last_used_at
        if idle_s < self._idle_handle_s and not upload.abandoned:
            return False
        upload.yielded = True
        await self.shelf.put_aside(entry, upload)
        return True

    # --- WRITE out of order, CLOSE

    async def note_disorder(self, upload: Upload) -> None:
        """Before a write that does not continue the one before: after a crash the file's size counts no more (U3)."""
        entry = self.shelf.entry_of(upload)
        if upload.in_order and entry is not None and not upload.yielded:
            upload.in_order = False
            await self.shelf.note_disorder(entry, upload)

    async def finish(self, upload: Upload) -> None:
        """Rule U2: obey a client's CLOSE; when this returns, it may be told OK.

        Raises:
            UnfinishedError: a write failed or bytes are missing; what is unbroken stays as a partial.
            UploadLostError: the disk failed; the file is gone.
            QueueBrokenError: the process must stop.
        """
        if upload.yielded:  # a thread may still put it aside for the session that took it over
            raise RefusedError(YIELDED)
        entry = self.shelf.entry_of(upload)
        if entry is None:
            upload.release()
            raise RefusedError(YIELDED)
        refusal = upload.failure_of_close
        if refusal is not None:
            await self.give_up(upload, reason=refusal)
            raise UnfinishedError(refusal)
        if entry.kind is NameKind.USABLE:
            await self.shelf.accept(entry, entry.name, upload.visit)
        else:
            await self.shelf.put_aside(entry, upload, closed=True)
            await self.shelf.discard_replaced(entry.name, upload.opened_at)

    async def give_up(self, upload: Upload, *, reason: str) -> None:
        """Rule U3: a session ended, or a CLOSE was refused; what arrived unbroken stays as a partial."""
        upload.abandoned = True
        if upload.yielded:
            return
        entry = self.shelf.entry_of(upload)
        if entry is None:
            upload.release()
            return
        if upload.failure is not None:
            upload.release()
            await self.shelf.lose(entry, upload.visit, reason=upload.failure)
            return
        await self.shelf.put_aside(entry, upload)
        if self.shelf.was_replaced(entry) or (upload.misfit and not entry.size_bytes):
            await self.shelf.discard(entry)
            return
        self.shelf.tell("partial", entry, upload.visit, reason=reason)
        await self.shelf.keep_largest(entry.name)

    # --- RENAME, REMOVE

    async def rename(self, old: str, new: str, visit: Visit) -> bool:
        """Rule U5: rename an upload; from a temporary or unusable name to a usable one is its acceptance.

        Returns whether there is an upload of that name.

        Raises:
            InUseError: somebody writes to it, or to what would be replaced.
            RefusedError: it is a partial upload and the new name says that it is complete.
        """
        await self._put_aside(old, new)
        async with self._names:
            entry = self.shelf.entries.to_rename(old, visit.number)
            if entry is None or old == new:
                return entry is not None
            replaced = self.shelf.entries.named(new)
            for other in (entry, *replaced):
                if not other.is_idle and not (other.is_abandoned and await self._takes_over(other)):
                    raise InUseError(
                        f"{other.name} is being written: close it before it is renamed or replaced (U5)"
                    )
            if kind_of_name(new) is NameKind.USABLE:
                self._check_renamed(entry)
                await self.shelf.accept(entry, new, visit)
            else:
                await self.shelf.rename(entry, new)
            for other in replaced:
                await self.shelf.discard(other)
            return True

    def _check_renamed(self, entry: Entry) -> None:
        if not entry.is_complete:
            raise RefusedError(
                f"{entry.name} broke off and is not complete: resume it or send it again before it is renamed (U3)"
            )
        self._refuse(limits.upload_refusal(self.shelf.settings, uploads=self.shelf.uploads_of_the_hour))

    async def remove(self, name: str) -> bool:
        """Rule U3: remove the uploads of that name; return whether there were any.

        Raises:
            InUseError: one is being written.
        """
        await self._put_aside(name)
        async with self._names:
            found = self.shelf.entries.named(name)
            for entry in found:
                if not entry.is_idle and not await self._takes_over(entry):
                    raise InUseError(f"{name} is being written: close it first (U6)")
            for entry in found:
                await self.shelf.discard(entry)
            return bool(found)

    # --- what is left behind

    async def discard_old(self, entry: Entry) -> None:
        """Remove an upload that nobody completed in time (U3, U5)."""
        async with self._names:
            if entry.is_idle and self.shelf.entries.get(entry.uid) is entry:
                await self.shelf.discard(entry)
                log.info(
                    "upload.removed", org=self.shelf.org_id, name=entry.name, size_bytes=entry.size_bytes
                )

    async def accept_unusable(self, entry: Entry) -> None:
        """Rule U5: nobody renamed it in time, so it is accepted as it is and will be refused with a report."""
        async with self._names:
            if entry.is_complete and self.shelf.entries.get(entry.uid) is entry:
                await self.shelf.accept(entry, entry.name, None)
