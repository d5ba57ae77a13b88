"""What all connections of one listener share: the organizations' folders, threads, counters and settings."""

import itertools
import time
from collections.abc import Callable, Iterator

from core.audit import OK, REFUSED, AuditEntry, Event
from core.clock import Clock, from_text
from core.database import Database
from core.inbox import Inbox, QueueBrokenError
from core.organizations import Organization
from core.recent_drops import RecentDrop
from core.settings import Settings
from server.guard import LoginGuard
from server.limits import Tally, settings_of
from server.local_folder import LocalFolder
from server.local_view import LocalView, Unfinished, Withdraw
from server.shelf import Shelf
from server.threads import Threads
from server.visits import UploadEvent, Visit

IDLE_HANDLE_S = 30.0


class Grounds:
    """One for each listener."""

    def __init__(  # noqa: PLR0913  # each is a door to another room
        self,
        *,
        settings: Settings,
        inbox: Inbox,
        database: Database,
        clock: Clock,
        fatal: Callable[[QueueBrokenError], None],
        withdraw: Withdraw,
        unfinished: Unfinished,
        on_upload: Callable[[UploadEvent], None],
        guard: LoginGuard,
        audit: Callable[[AuditEntry], None],
        recent: dict[str, list[RecentDrop]],
        monotonic: Callable[[], float] = time.monotonic,
        idle_handle_s: float = IDLE_HANDLE_S,
    ) -> None:
        self.settings = settings
        self.inbox = inbox
        self.database = database
        self.clock = clock
        self.monotonic = monotonic
        self.guard = guard
        self.audit = audit
        self.threads = Threads()
        self.startups = Tally()  # connections before login, by address
        self.sessions = Tally()  # connections after login, by organization
        self.channels = 0  # that serve SFTP
        self.stopping = False
        self.visit_numbers = itertools.count(1)
        self._fatal = fatal
        self._withdraw = withdraw
        self._unfinished = unfinished
        self._on_upload = on_upload
        self._idle_handle_s = idle_handle_s
        self._views: dict[str, LocalView] = {}
        self._recent = recent
        self._settings: dict[str, Settings] = {}  # of organizations that logged in since the start
        self._numbers: dict[str, int] = {}  # the same; an id that was removed and is used again has another

    async def view(self, org_id: str) -> LocalView:
        """Return what clients of the organization see in `/local`, with what earlier sessions left."""
        view = self._views.get(org_id)
        if view is None:
            await self.threads.quick.run(self.inbox.prepare, org_id)
            view = self._new_view(org_id)
            view.folder.shelf.remember(self._recent.get(org_id, ()))
            view = self._views.setdefault(org_id, view)
            self._recent.pop(org_id, None)
        await view.folder.refresh()
        return view

    def _new_view(self, org_id: str) -> LocalView:
        shelf = Shelf(
            org_id=org_id,
            inbox=self.inbox,
            settings=self._settings.get(org_id, self.settings),
            clock=self.clock,
            threads=self.threads,
            fatal=self._fatal,
            on_upload=self._told,
            monotonic=self.monotonic,
        )
        return LocalView(
            folder=LocalFolder(shelf=shelf, idle_handle_s=self._idle_handle_s),
            inbox=self.inbox,
            clock=self.clock,
            threads=self.threads,
            withdraw=self._withdraw,
            unfinished=self._unfinished,
            audit=self.audit,
        )

    def _told(self, event: UploadEvent) -> None:
        """Rule A5: every upload is written down."""
        size = f"{event.name} ({event.size_bytes} bytes)"
        self.audit(
            AuditEntry(
                at=self.clock.now(),
                event=Event(f"upload.{event.outcome}"),
                who=event.account,
                org_id=event.org_id,
                address=event.address,
                outcome=REFUSED if event.outcome == "refused" else OK,
                detail=f"{size}: {event.reason}" if event.reason else size,
            )
        )
        self._on_upload(event)

    def settings_for(self, organization: Organization | None) -> Settings:
        """Rule U9: return what counts for who logs in; an organization's own limits count for all its sessions."""
        if organization is None:
            return self.settings
        self._meet(organization)
        settings = self._settings[organization.id] = settings_of(self.settings, organization.settings)
        view = self._views.get(organization.id)
        if view is not None:
            view.folder.shelf.obey(settings)
        return settings

    def _meet(self, organization: Organization) -> None:
        """Section K: forget what is known of a removed organization whose id is used again."""
        org_id = organization.id
        if self._numbers.get(org_id, organization.no) != organization.no:
            self._views.pop(org_id, None)
        self._numbers[org_id] = organization.no
        made_at = from_text(organization.created_at)
        if org_id in self._recent:
            self._recent[org_id] = [drop for drop in self._recent[org_id] if drop.accepted_at >= made_at]

    def end_visit(self, visit: Visit) -> None:
        """Rule U4: names that answer for this session only answer no more."""
        view = self._views.get(visit.org_id)
        if view is not None:
            view.folder.shelf.taken.end_session(visit.number, now=self.clock.now())

    def views(self) -> Iterator[LocalView]:
        """Return those of organizations that were here since the start."""
        return iter(list(self._views.values()))

    @property
    def running(self) -> int:
        """How many uploads are being written or stored."""
        return sum(view.folder.shelf.entries.running for view in self._views.values())
