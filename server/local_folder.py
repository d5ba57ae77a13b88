"""What clients do in `/local` of one organization: open, close, rename, remove (rules U2 to U6).

One object serves all sessions of the organization; it lives in the loop, steps on disk are in `intake.py`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import structlog

from core.clock import Clock, from_text
from core.inbox import Drop, Inbox, Incoming, QueueBrokenError, UploadLostError
from core.names import NameKind, kind_of_name
from core.settings import Settings
from server import intake, limits
from server.entries import NEVER, Entries, Entry
from server.space import Space
from server.statuses import (
    InUseError,
    LimitError,
    MissingError,
    RefusedError,
    UnfinishedError,
)
from server.taken import TakenName, TakenNames
from server.threads import Threads
from server.upload import YIELDED, OpenFlags, Upload
from server.visits import UploadEvent, Visit

log = structlog.get_logger()

COMPLETED_KEPT = 1000


class LocalFolder:
    """The uploads of one organization, from OPEN to acceptance."""

    def __init__(
        self,
        *,
        org_id: str,
        inbox: Inbox,
        settings: Settings,
        clock: Clock,
        threads: Threads,
        fatal: Callable[[QueueBrokenError], None],
        on_upload: Callable[[UploadEvent], None],
        monotonic: Callable[[], float],
        idle_handle_s: float,
    ) -> None:
        self.org_id = org_id
        self.entries = Entries()
        self.taken = TakenNames()
        self.space = Space(root=inbox.folders(org_id).root, settings=settings, pool=threads.quick)
        self._inbox = inbox
        self._settings = settings
        self._clock = clock
        self._threads = threads
        self._fatal = fatal
        self._on_upload = on_upload
        self._monotonic = monotonic
        self._idle_handle_s = idle_handle_s
        self._names = asyncio.Lock()  # held while a name changes its meaning
        self._known: set[str] = set()
        self._accepted = limits.HourCount()
        self._completed: dict[str, float] = {}  # when the last complete file of a name was begun

    async def refresh(self) -> None:
        """Look for uploads that earlier sessions or processes left on disk (U3)."""
        async with self._names:
            found = await self._threads.quick.run(
                intake.find, self._inbox, self.org_id, frozenset(self._known)
            )
            for item in found:
                if item.incoming.meta.uid not in self._known:
                    self._known.add(item.incoming.meta.uid)
                    self.entries.add(
                        Entry(
                            incoming=item.incoming,
                            changed_at=intake.changed_at(item.incoming),
                            kept_bytes=item.size_bytes,
                        )
                    )
            for name in {item.incoming.meta.name for item in found}:
                await self._keep_largest(name)

    # --- OPEN

    async def open(self, name: str, flags: OpenFlags, visit: Visit) -> Upload:
        """Rules U3, U4, U6: begin an upload, or go on with a partial one.

        Raises:
            MissingError: there is none and `create` is not set.
            RefusedError: there is one and `exclusive` is set.
            InUseError: another handle writes to it and this one would not replace it.
            LimitError: a limit of U9 is reached.
        """
        async with self._names:
            await self._check_limits()
            seen = self.entries.seen(name)
            if seen is not None and flags.exclusive:
                raise RefusedError(f"There is a file {name} already (U6)")
            if seen is not None and not seen.is_idle:
                seen = await self._yielded(seen, flags)
            if seen is not None and seen.is_idle and not flags.truncate:
                return await self._resume(seen, flags, visit)
            if seen is None and not flags.create and not self._was_taken(name, visit):
                raise MissingError
            upload = await self._begin(name, flags, visit)
            for entry in self.entries.named(name):
                if entry.is_idle:
                    await self._discard(entry)
            return upload

    async def _check_limits(self) -> None:
        await self.space.recount()
        uploads = self._accepted.at(self._clock.now()) + self.entries.running
        self._refuse(
            limits.upload_refusal(self._settings, uploads=uploads) or self.space.refusal(growth_bytes=0)
        )

    def _refuse(self, refusal: str | None) -> None:
        if refusal is not None:
            log.warning("limit.reached", org=self.org_id, reason=refusal)
            raise LimitError(refusal)

    def _was_taken(self, name: str, visit: Visit) -> bool:
        now = self._clock.now()
        return self.taken.get(name, session=visit.number, now=now) is not None

    async def _yielded(self, entry: Entry, flags: OpenFlags) -> Entry | None:
        """Rule U3: a handle that was idle for long gives its file up; a busy one does not (U6)."""
        if self._may_yield(entry):
            await self._take_from(entry, entry.upload)
            return entry
        if not flags.truncate:
            raise InUseError(f"{entry.name} is being written by another handle: wait until it is closed (U6)")
        return None

    def _may_yield(self, entry: Entry) -> bool:
        upload = entry.upload
        return (
            upload is not None
            and not entry.busy
            and self._monotonic() - upload.last_used_at >= self._idle_handle_s
        )

    async def _take_from(self, entry: Entry, upload: Upload | None) -> None:
        if upload is not None:
            upload.yielded = True
            await self._put_aside(entry, upload)

    async def _resume(self, entry: Entry, flags: OpenFlags, visit: Visit) -> Upload:
        entry.busy = True
        try:
            incoming, fd = await self._threads.quick.run(
                intake.resume, self._inbox, entry.incoming, size_bytes=entry.kept_bytes
            )
        finally:
            entry.busy = False
        return self._opened(entry, incoming, fd, flags, visit)

    async def _begin(self, name: str, flags: OpenFlags, visit: Visit) -> Upload:
        incoming, fd = await self._threads.quick.run(
            intake.begin,
            self._inbox,
            org_id=self.org_id,
            name=name,
            origin=visit.origin,
        )
        self._known.add(incoming.meta.uid)
        entry = Entry(incoming=incoming, changed_at=self._clock.now())
        self.entries.add(entry)
        return self._opened(entry, incoming, fd, flags, visit)

    def _opened(self, entry: Entry, incoming: Incoming, fd: int, flags: OpenFlags, visit: Visit) -> Upload:
        upload = Upload(
            incoming=incoming,
            fd=fd,
            size_bytes=entry.kept_bytes,
            append=flags.append,
            visit=visit,
            settings=self._settings,
            space=self.space,
            monotonic=self._monotonic,
        )
        entry.incoming = incoming
        entry.upload = upload
        entry.visit_number = visit.number
        entry.opened_at = upload.opened_at
        entry.changed_at = self._clock.now()
        return upload

    # --- WRITE out of order, CLOSE

    async def note_disorder(self, upload: Upload) -> None:
        """Before a write that does not continue the one before: after a crash the file's size counts no more (U3)."""
        entry = self._entry_of(upload)
        if upload.in_order and entry is not None:
            upload.in_order = False
            entry.incoming = upload.incoming = await self._threads.quick.run(
                self._inbox.note, upload.incoming, in_order=False
            )

    async def finish(self, upload: Upload) -> None:
        """Rule U2: obey a client's CLOSE; when this returns, it may be told OK.

        Raises:
            UnfinishedError: a write failed or bytes are missing; what is unbroken stays as a partial.
            UploadLostError: the disk failed; the file is gone.
            QueueBrokenError: the process must stop.
        """
        entry = self._entry_of(upload)
        if entry is None:
            upload.release()
            raise RefusedError(YIELDED)
        refusal = upload.failure_of_close
        if refusal is not None:
            await self.give_up(upload, reason=refusal)
            raise UnfinishedError(refusal)
        if entry.kind is NameKind.USABLE:
            await self.accept(entry, entry.name, upload.visit)
        else:
            await self._put_aside(entry, upload, closed=True)
            await self._discard_replaced(entry.name, upload.opened_at)

    async def give_up(self, upload: Upload, *, reason: str) -> None:
        """Rule U3: a session ended, or a CLOSE was refused; what arrived unbroken stays as a partial."""
        entry = self._entry_of(upload)
        if entry is None:
            upload.release()
            return
        if upload.failure is not None:
            entry.upload = None
            upload.release()
            await self._discard(entry)
            self._tell("refused", entry, upload.visit, reason=upload.failure)
            return
        await self._put_aside(entry, upload)
        if self._was_replaced(entry):
            await self._discard(entry)
            return
        self._tell("partial", entry, upload.visit, reason=reason)
        await self._keep_largest(entry.name)

    def _entry_of(self, upload: Upload) -> Entry | None:
        entry = self.entries.get(upload.incoming.meta.uid)
        return entry if entry is not None and entry.upload is upload else None

    async def _put_aside(self, entry: Entry, upload: Upload, *, closed: bool = False) -> None:
        entry.busy = True
        size_bytes = upload.size_bytes
        try:
            entry.incoming = await self._threads.sync.run(
                intake.keep,
                self._inbox,
                entry.incoming,
                upload.fd,
                size_bytes=size_bytes,
                closed=closed,
            )
        except UploadLostError as exc:
            await self._discard(entry)
            self._tell("refused", entry, upload.visit, reason=exc.public_message)
            raise _lost(exc) from exc
        finally:
            upload.release()
            entry.upload, entry.busy = None, False
        entry.kept_bytes = size_bytes
        entry.last_write_at = upload.last_write_at
        entry.changed_at = self._clock.now()

    async def accept(self, entry: Entry, name: str, visit: Visit | None) -> Drop:
        """Rule U2: put the file into the queue under `name`."""
        upload, entry.busy = entry.upload, True
        try:
            drop = await self._threads.sync.run(intake.accept, self._inbox, entry.incoming, name=name)
        except QueueBrokenError as exc:
            log.critical("queue.broke", org=self.org_id)
            self._fatal(exc)
            raise
        except (UploadLostError, OSError) as exc:
            await self._discard(entry)
            self._tell("refused", entry, visit, reason=str(exc))
            raise _lost(exc) from exc
        finally:
            if upload is not None:
                upload.release()
        self.entries.drop(entry)
        self._taken(drop, entry, visit)
        self._tell("accepted", entry, visit, drop=drop)
        await self._discard_replaced(name, entry.opened_at)
        return drop

    def _taken(self, drop: Drop, entry: Entry, visit: Visit | None) -> None:
        self._accepted.add(self._clock.now())
        numbers = {entry.visit_number, visit.number if visit else None}
        self.answer_for(
            drop,
            drop.meta.name,
            *(number for number in numbers if number is not None),
            mtime=entry.upload.times if entry.upload else None,
        )

    def answer_for(self, drop: Drop, name: str, *sessions: int, mtime: float | None = None) -> None:
        """Rule U4: let `name` answer for a drop, for these sessions until they end."""
        accepted_at = from_text(drop.meta.accepted_at or drop.meta.started_at)
        self.taken.add(
            TakenName(
                name=name,
                uid=drop.meta.uid,
                size_bytes=drop.meta.size_bytes,
                mtime=accepted_at.timestamp() if mtime is None else mtime,
                until=self._clock.now() + timedelta(seconds=self._settings.taken_names_s),
                sessions=frozenset(sessions),
            )
        )

    # --- RENAME, REMOVE

    async def rename(self, old: str, new: str, visit: Visit) -> bool:
        """Rule U5: rename an upload; from a temporary or unusable name to a usable one is its acceptance.

        Returns whether there is an upload of that name.

        Raises:
            InUseError: somebody writes to it, or to what would be replaced.
            RefusedError: it is a partial upload and the new name says that it is complete.
        """
        async with self._names:
            entry = self.entries.to_rename(old, visit.number)
            if entry is None:
                return False
            if old == new:
                return True
            replaced = self.entries.named(new)
            for other in (entry, *replaced):
                if not other.is_idle:
                    raise InUseError(
                        f"{other.name} is being written: close it before it is renamed or replaced (U5)"
                    )
            if kind_of_name(new) is NameKind.USABLE:
                await self._accept_renamed(entry, new, visit)
            else:
                entry.incoming = await self._threads.sync.run(
                    self._inbox.note, entry.incoming, durable=True, name=new
                )
                entry.changed_at = self._clock.now()
            for other in replaced:
                await self._discard(other)
            return True

    async def _accept_renamed(self, entry: Entry, new: str, visit: Visit) -> None:
        if not entry.is_complete:
            raise RefusedError(
                f"{entry.name} broke off and is not complete: resume it or send it again before it is renamed (U3)"
            )
        uploads = self._accepted.at(self._clock.now())
        self._refuse(limits.upload_refusal(self._settings, uploads=uploads))
        await self.accept(entry, new, visit)

    async def remove(self, name: str) -> bool:
        """Rule U3: remove the uploads of that name; return whether there were any.

        Raises:
            InUseError: one is being written.
        """
        async with self._names:
            found = self.entries.named(name)
            for entry in found:
                if self._may_yield(entry):
                    await self._take_from(entry, entry.upload)
                if not entry.is_idle:
                    raise InUseError(f"{name} is being written: close it first (U6)")
            for entry in found:
                await self._discard(entry)
            return bool(found)

    # --- what is left behind

    async def discard_old(self, entry: Entry) -> None:
        """Remove an upload that nobody completed in time (U3, U5)."""
        async with self._names:
            if entry.is_idle and self.entries.get(entry.uid) is entry:
                await self._discard(entry)
                log.info("upload.removed", org=self.org_id, name=entry.name)

    async def accept_unusable(self, entry: Entry) -> None:
        """Rule U5: nobody renamed it in time, so it is accepted as it is and will be refused with a report."""
        async with self._names:
            if entry.is_complete and self.entries.get(entry.uid) is entry:
                await self.accept(entry, entry.name, None)

    async def _keep_largest(self, name: str) -> None:
        for entry in self.entries.smaller_twins(name):
            await self._discard(entry)

    async def _discard_replaced(self, name: str, opened_at: float) -> None:
        self._completed[name] = opened_at
        while len(self._completed) > COMPLETED_KEPT:
            del self._completed[next(iter(self._completed))]
        for entry in self.entries.replaced_by(opened_at, name):
            await self._discard(entry)

    def _was_replaced(self, entry: Entry) -> bool:
        return entry.last_write_at < self._completed.get(entry.name, NEVER)

    async def _discard(self, entry: Entry) -> None:
        self.entries.drop(entry)
        await self._threads.quick.run(self._inbox.discard, entry.incoming)

    def _tell(
        self,
        outcome: str,
        entry: Entry,
        visit: Visit | None,
        *,
        drop: Drop | None = None,
        reason: str | None = None,
    ) -> None:
        origin = visit.origin if visit else entry.incoming.meta.origin
        event = UploadEvent(
            outcome=outcome,
            org_id=self.org_id,
            uid=entry.uid,
            name=drop.meta.name if drop else entry.name,
            size_bytes=drop.meta.size_bytes if drop else entry.size_bytes,
            account=origin.account,
            address=origin.address,
            reason=reason,
        )
        log.info(
            f"upload.{outcome}", **{name: value for name, value in asdict(event).items() if name != "outcome"}
        )
        self._on_upload(event)


def _lost(exc: Exception) -> UploadLostError:
    said = (
        exc.public_message
        if isinstance(exc, UploadLostError)
        else "The file could not be stored: send it again later"
    )
    return UploadLostError(f"{said.rstrip('.')} (U2)")
