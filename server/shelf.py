"""The uploads of one organization that are not accepted, and each step they take on disk (rules U2 to U5).

What may be done when is decided in `local_folder.py`; one step is one hop into a thread (`intake.py`).
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta

import structlog

from core.clock import Clock, from_text
from core.inbox import Drop, Inbox, Incoming, QueueBrokenError, UploadLostError
from core.recent_drops import RecentDrop
from core.settings import Settings
from server import intake, limits
from server.entries import NEVER, Entries, Entry
from server.space import Space
from server.taken import TakenName, TakenNames
from server.threads import Threads
from server.upload import OpenFlags, Upload
from server.visits import UploadEvent, Visit
from server.writeback import begin_writeback

log = structlog.get_logger()

COMPLETED_KEPT = 1000
EVENTS = {"accepted": "upload.accepted", "partial": "upload.partial", "refused": "upload.refused"}


class Shelf:
    """Where uploads lie from OPEN to acceptance; the loop's side of `incoming/`."""

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
    ) -> None:
        self.org_id = org_id
        self.entries = Entries()
        self.taken = TakenNames()
        self.space = Space(root=inbox.folders(org_id).root, settings=settings, pool=threads.quick)
        self.settings = settings
        self.monotonic = monotonic
        self._inbox = inbox
        self._clock = clock
        self._threads = threads
        self._fatal = fatal
        self._on_upload = on_upload
        self._known: set[str] = set()
        self._accepted = limits.HourCount()
        self._failed = limits.HourCount()
        self._completed: dict[str, float] = {}  # when the last complete file of a name was begun

    def obey(self, settings: Settings) -> None:
        """Rule U9: what is opened from now on obeys these limits."""
        self.settings = self.space.settings = settings

    async def refresh(self) -> None:
        """Look for uploads that earlier sessions or processes left on disk (U3)."""
        before = [entry for entry in self.entries if entry.is_idle]
        found, lying = await self._threads.quick.run(
            intake.find, self._inbox, self.org_id, frozenset(self._known)
        )
        for entry in before:
            if entry.uid not in lying:
                self.entries.drop(entry)  # somebody removed it from the disk
        for item in found:
            if item.incoming.meta.uid not in self._known:
                self._known.add(item.incoming.meta.uid)
                self.entries.add(
                    Entry(
                        incoming=item.incoming,
                        changed_at=item.changed_at,
                        kept_bytes=item.size_bytes,
                    )
                )
        found_names = {item.incoming.meta.name for item in found}
        for name in found_names.intersection(self.entries.twins()):
            await self.keep_largest(name)

    @property
    def uploads_of_the_hour(self) -> int:
        """How many were accepted within the hour."""
        return self._accepted.at(self._clock.now())

    @property
    def failed_of_the_hour(self) -> int:
        """How many broke off or were refused within the hour."""
        return self._failed.at(self._clock.now())

    def was_taken(self, name: str, visit: Visit) -> bool:
        """Rule U4: whether the name still answers for this session."""
        return self.taken.get(name, session=visit.number, now=self._clock.now()) is not None

    async def begin(self, name: str, flags: OpenFlags, visit: Visit) -> Upload:
        """Open a new, empty upload."""
        incoming, fd = await self._threads.quick.run(
            intake.begin, self._inbox, org_id=self.org_id, name=name, origin=visit.origin
        )
        self._known.add(incoming.meta.uid)
        entry = Entry(incoming=incoming, changed_at=self._clock.now())
        self.entries.add(entry)
        return self._opened(entry, incoming, fd, flags, visit)

    async def resume(self, entry: Entry, flags: OpenFlags, visit: Visit) -> Upload:
        """Rule U3: open a partial upload behind its unbroken bytes."""
        with entry.at_work():
            incoming, fd = await self._threads.quick.run(
                intake.resume, self._inbox, entry.incoming, size_bytes=entry.kept_bytes
            )
        return self._opened(entry, incoming, fd, flags, visit)

    def _opened(self, entry: Entry, incoming: Incoming, fd: int, flags: OpenFlags, visit: Visit) -> Upload:
        upload = Upload(
            incoming=incoming,
            fd=fd,
            size_bytes=entry.kept_bytes,
            append=flags.append,
            visit=visit,
            settings=self.settings,
            space=self.space,
            monotonic=self.monotonic,
            begin_writeback=self._begin_writeback,
        )
        entry.incoming = incoming
        entry.upload = upload
        entry.visit_number = visit.number
        entry.opened_at = upload.opened_at
        entry.changed_at = self._clock.now()
        return upload

    def _begin_writeback(self, fd: int, offset: int, length: int) -> None:
        self._threads.sync.start(begin_writeback, fd, offset, length)

    def entry_of(self, upload: Upload) -> Entry | None:
        """Return what the handle writes to; None when it yielded."""
        entry = self.entries.get(upload.incoming.meta.uid)
        return entry if entry is not None and entry.upload is upload else None

    async def note_disorder(self, entry: Entry, upload: Upload) -> None:
        """Write down that the file's size says nothing after a crash."""
        with entry.at_work():
            entry.incoming = upload.incoming = await self._threads.quick.run(
                self._inbox.note, upload.incoming, in_order=False
            )

    async def put_aside(self, entry: Entry, upload: Upload, *, closed: bool = False) -> None:
        """Make durable what arrived unbroken and give the handle back.

        Raises:
            UploadLostError: the disk failed; the file is gone.
        """
        size_bytes = upload.size_bytes
        with entry.at_work():
            try:
                entry.incoming = await self._threads.sync.run(
                    intake.keep, self._inbox, entry.incoming, upload.fd, size_bytes=size_bytes, closed=closed
                )
            except UploadLostError as exc:
                await self.lose(entry, upload.visit, reason=exc.public_message)
                raise _lost(exc) from exc
            finally:
                upload.release()
                entry.upload = None
            entry.kept_bytes = size_bytes
            entry.last_write_at = upload.last_write_at
            entry.changed_at = self._clock.now()

    async def rename(self, entry: Entry, name: str) -> None:
        """Give it another name; it is not accepted by that."""
        with entry.at_work():
            entry.incoming = await self._threads.sync.run(
                self._inbox.note, entry.incoming, durable=True, name=name
            )
            self.entries.add(entry)
        entry.changed_at = self._clock.now()

    async def accept(self, entry: Entry, name: str, visit: Visit | None) -> Drop:
        """Rule U2: put the file into the queue under `name`; when this returns, the client may be told OK.

        Raises:
            UploadLostError: the disk failed; the file is gone.
            QueueBrokenError: `fatal` was called, the process must stop.
        """
        with entry.at_work():
            drop = await self._queued(entry, name, visit)
        self._accepted.add(self._clock.now())
        self._let_answer(drop, entry, visit)
        self.tell("accepted", entry, visit, drop=drop)
        await self.discard_replaced(name, entry.opened_at)
        return drop

    async def _queued(self, entry: Entry, name: str, visit: Visit | None) -> Drop:
        """Move it into the queue; in any case it is an upload no more."""
        try:
            return await self._threads.sync.run(intake.accept, self._inbox, entry.incoming, name=name)
        except QueueBrokenError as exc:
            # On disk it stays where it is, for whoever looks into it.
            log.critical("queue.broke", org=self.org_id)
            self._fatal(exc)
            raise
        except (UploadLostError, OSError) as exc:
            await self.lose(entry, visit, reason=str(exc))
            raise _lost(exc) from exc
        finally:
            if entry.upload is not None:
                entry.upload.release()
            self.entries.drop(entry)

    def _let_answer(self, drop: Drop, entry: Entry, visit: Visit | None) -> None:
        numbers = {entry.visit_number, visit.number if visit else None}
        self.taken.add(
            self.name_of(
                drop,
                drop.meta.name,
                *(number for number in numbers if number is not None),
                mtime=entry.upload.times if entry.upload else None,
            )
        )

    def name_of(self, drop: Drop, name: str, *sessions: int, mtime: float | None = None) -> TakenName:
        """Rule U4: return what lets `name` answer for a drop, for these sessions until they end."""
        accepted_at = from_text(drop.meta.accepted_at or drop.meta.started_at)
        return TakenName(
            name=name,
            uid=drop.meta.uid,
            size_bytes=drop.meta.size_bytes,
            mtime=accepted_at.timestamp() if mtime is None else mtime,
            until=self._clock.now() + timedelta(seconds=self.settings.taken_names_s),
            sessions=frozenset(sessions),
        )

    def remember(self, recent: Iterable[RecentDrop]) -> None:
        """Rules U4, U9: go on counting and answering for what clients sent before this process started."""
        now = self._clock.now()
        for drop in recent:
            self._accepted.add(drop.accepted_at)
            until = drop.accepted_at + timedelta(seconds=self.settings.taken_names_s)
            if now < until and not drop.withdrawn:
                self.taken.add(
                    TakenName(
                        name=drop.name,
                        uid=drop.uid,
                        size_bytes=drop.size_bytes,
                        mtime=drop.accepted_at.timestamp(),
                        until=until,
                    )
                )

    # --- what goes

    async def lose(self, entry: Entry, visit: Visit | None, *, reason: str) -> None:
        """Remove an upload that was refused, and say so."""
        await self.discard(entry)
        self.tell("refused", entry, visit, reason=reason)

    async def keep_largest(self, name: str) -> None:
        """Rule U3: of several partials of one name the largest stays."""
        for entry in self.entries.smaller_twins(name):
            if entry.is_idle:  # still: somebody may have gone on with it while another was removed
                await self.discard(entry)

    async def discard_replaced(self, name: str, opened_at: float) -> None:
        """A file of that name, begun at `opened_at`, is complete: what it replaced goes."""
        self._completed[name] = opened_at
        while len(self._completed) > COMPLETED_KEPT:
            del self._completed[next(iter(self._completed))]
        for entry in self.entries.replaced_by(opened_at, name):
            if entry.is_idle:
                await self.discard(entry)

    def was_replaced(self, entry: Entry) -> bool:
        """Whether a newer file of that name is complete and nobody wrote to this one since it was begun."""
        return entry.last_write_at < self._completed.get(entry.name, NEVER)

    async def discard(self, entry: Entry) -> None:
        """Remove an upload."""
        self.entries.drop(entry)
        await self._threads.quick.run(self._inbox.discard, entry.incoming)

    def tell(
        self,
        outcome: str,
        entry: Entry,
        visit: Visit | None,
        *,
        drop: Drop | None = None,
        reason: str | None = None,
    ) -> None:
        """Write the upload's one line, and tell whoever wants to know."""
        if outcome != "accepted":
            self._failed.add(self._clock.now())
        origin = visit.origin if visit else entry.incoming.meta.origin
        event = UploadEvent(
            outcome=outcome,
            org_id=self.org_id,
            uid=entry.uid,
            name=drop.meta.name if drop else entry.name,
            size_bytes=drop.meta.size_bytes if drop else entry.size_bytes,
            account=origin.account,
            address=origin.address,
            client=origin.client,
            reason=reason,
        )
        fields = {name: value for name, value in asdict(event).items() if name not in ("outcome", "org_id")}
        log.info(EVENTS[outcome], org=self.org_id, **fields)
        try:
            self._on_upload(event)
        except Exception:  # whoever listens must not turn an accepted file into a refused one
            log.exception("upload.hook_failed", org=self.org_id)


def _lost(exc: Exception) -> UploadLostError:
    said = "The file could not be stored: send it again later"
    if isinstance(exc, UploadLostError):
        said = exc.public_message
    return UploadLostError(f"{said.rstrip('.')} (U2)")
