"""Opens the port and closes it again: the door that the composition root uses (rules A4, O2, U3)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncssh
import structlog

from core.accounts import comes_from
from core.audit import AuditEntry
from core.clock import Clock
from core.database import Database
from core.inbox import Inbox, QueueBrokenError
from core.recent_drops import RecentDrop
from core.settings import Settings
from server.algorithms import ALGORITHMS, Policy
from server.grounds import IDLE_HANDLE_S, Grounds
from server.guard_keeper import GuardKeeper, load_guard
from server.housekeeping import keep_house
from server.local_view import Unfinished, Withdraw
from server.recent import RecentlyTaken, load_recent
from server.session_keeper import SessionKeeper
from server.sftp import Sftp
from server.statuses import STOPPING
from server.support_sftp import SupportSftp
from server.transport import CAN_OPEN, Buffers, Connection, Doorway, FastConnection, Room, offer_host_keys
from server.visitor import Visitor
from server.visits import UploadEvent, Visit

log = structlog.get_logger()

SERVER_VERSION = "rosterdrop"
KEEPALIVES = 3
BACKLOG = 100
STOP_STEP_S = 0.05
QUIET_S = 0.5  # after its last upload a client may still set times or rename
LAST_WORDS_S = 5.0


class Listener:
    """An open port and everybody who came through it."""

    def __init__(
        self,
        *,
        server: asyncio.Server,
        grounds: Grounds,
        visitors: set[Visitor],
        keeper: GuardKeeper,
    ) -> None:
        self._server = server
        self._port = int(server.sockets[0].getsockname()[1])
        self._grounds = grounds
        self._visitors = visitors
        self._keeper = keeper
        self._stopped = False

    @property
    def port(self) -> int:
        """The TCP port that was taken."""
        return self._port

    @property
    def connections(self) -> int:
        """How many there are, logged in or not."""
        return len(self._visitors)

    @property
    def sessions(self) -> int:
        """How many connections are logged in."""
        return self._grounds.sessions.total

    @property
    def uploads(self) -> int:
        """How many uploads are running."""
        return self._grounds.running

    async def housekeeping(self) -> None:
        """Rules U3, U5: remove what was left behind, accept what nobody renamed; runs until it is cancelled."""
        await keep_house(self._grounds)

    async def guarding(self) -> None:
        """Rules A2, A6: keep bans, sessions and the database alike; runs until it is cancelled."""
        sessions = SessionKeeper(database=self._grounds.database, visitors=self._visitors)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keeper.run())
            group.create_task(sessions.run())

    async def stop(self, grace_s: float) -> None:
        """Rule O2: take nobody in, let running uploads end within `grace_s`, send everybody away; twice is once.

        A session is sent away when it has nothing open and was quiet for a moment. What is not complete at the end
        of the grace period stays as a partial.
        """
        if self._stopped:
            return
        self._grounds.stopping = True
        self._server.close()
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_s
        while self._visitors and loop.time() < end:
            for visitor in list(self._visitors):
                if not visitor.is_uploading and visitor.quiet_s >= QUIET_S:
                    visitor.send_away(STOPPING)
            await asyncio.sleep(STOP_STEP_S)
        for visitor in list(self._visitors):
            visitor.send_away(STOPPING)
        end = loop.time() + LAST_WORDS_S
        while not self._is_empty and loop.time() < end:  # noqa: ASYNC110  # once in a process's life
            await asyncio.sleep(STOP_STEP_S)
        if not self._is_empty:
            log.warning(
                "sftp.left",
                connections=len(self._visitors),
                channels=self._grounds.channels,
                uploads=self._grounds.running,
            )
        self._stopped = True

    @property
    def _is_empty(self) -> bool:
        return not (self._visitors or self._grounds.channels or self._grounds.running)


@asynccontextmanager
async def listen(  # noqa: PLR0913  # each is a door to another room
    *,
    settings: Settings,
    inbox: Inbox,
    database: Database,
    clock: Clock,
    host_keys: Sequence[asyncssh.SSHKey],
    fatal: Callable[[QueueBrokenError], None],
    withdraw: Withdraw | None = None,
    unfinished: Unfinished | None = None,
    on_upload: Callable[[UploadEvent], None] | None = None,
    audit: Callable[[AuditEntry], None] | None = None,
    recently_taken: RecentlyTaken | None = None,
    idle_handle_s: float = IDLE_HANDLE_S,
) -> AsyncIterator[Listener]:
    """Serve SFTP on `settings.host` and `settings.port` until the block ends; `Listener.stop` before it is graceful.

    `fatal` is called when the queue cannot be trusted any more: the process must end. `withdraw(org_id, uid)` discards
    a drop that waits or is held and says whether it did; `unfinished(org_id)` returns the ids of such drops.
    `on_upload` hears of each upload that was accepted, broke off or was refused, `audit` of everything that rule A5
    wants to be written down; they must return at once.
    `recently_taken(since)` returns the drops of clients that have an import already.
    """
    guard, keeper = await load_guard(database=database, settings=settings, clock=clock)
    grounds = Grounds(
        settings=settings,
        inbox=inbox,
        database=database,
        clock=clock,
        fatal=fatal,
        withdraw=withdraw or _withdraw_nothing,
        unfinished=unfinished or _nothing_unfinished,
        on_upload=on_upload or _tell_nobody,
        guard=guard,
        audit=audit or _write_nothing,
        recent=await load_recent(
            inbox=inbox, settings=settings, now=clock.now(), recently_taken=recently_taken or _nothing_taken
        ),
        idle_handle_s=idle_handle_s,
    )
    visitors: set[Visitor] = set()
    try:
        loop = asyncio.get_running_loop()

        def open_room(channel: asyncssh.SSHServerChannel[bytes], visit: Visit, visitor: Visitor) -> Room:
            room = Sftp if visit.org_id else SupportSftp
            return room(channel=channel, grounds=grounds, visit=visit, visitor=visitor)

        def visitor() -> Visitor:
            return Visitor(grounds=grounds, visitors=visitors, open_room=open_room)

        usual = await _options(settings, host_keys, settings.algorithms, visitor)
        compatible = await _options(settings, host_keys, "compatible", visitor)

        buffers = Buffers() if settings.fast_transport and CAN_OPEN else None

        def connect(address: str) -> Connection:
            options = usual if policy_for(settings, address) == settings.algorithms else compatible
            return FastConnection(loop, options, buffers) if buffers else Connection(loop, options)

        server = await loop.create_server(
            lambda: Doorway(connect), settings.host, settings.port, backlog=BACKLOG
        )
        listener = Listener(server=server, grounds=grounds, visitors=visitors, keeper=keeper)
        log.info("sftp.opened", host=settings.host, port=listener.port)
        try:
            yield listener
        finally:
            await listener.stop(0)
            await _write_last(keeper)
    finally:
        grounds.threads.close()


def policy_for(settings: Settings, address: str) -> Policy:
    """Rule A4: say which algorithms an address is offered."""
    networks = settings.compatible_networks
    return "compatible" if networks and comes_from(networks, address) else settings.algorithms


async def _write_last(keeper: GuardKeeper) -> None:
    try:
        await keeper.write()
    except Exception:  # the process ends, and with it what it counted since the last look
        log.exception("bans.troubled")


async def _options(
    settings: Settings,
    host_keys: Sequence[asyncssh.SSHKey],
    policy: Policy,
    visitor: Callable[[], Visitor],
) -> asyncssh.SSHServerConnectionOptions:
    algorithms = ALGORITHMS[policy]
    options: asyncssh.SSHServerConnectionOptions = await asyncssh.SSHServerConnectionOptions.construct(
        config=None,
        server_factory=visitor,
        server_version=SERVER_VERSION,
        server_host_keys=host_keys[:1],
        **algorithms,
        compression_algs=None,
        login_timeout=settings.login_timeout_s,
        keepalive_interval=settings.keepalive_interval_s,
        keepalive_count_max=KEEPALIVES,
        public_key_auth=True,
        host_based_auth=False,
        gss_host=None,
        gss_kex=False,
        gss_auth=False,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
        line_editor=False,
        allow_scp=False,
    )
    offer_host_keys(options, host_keys, algorithms["signature_algs"])
    return options


async def _withdraw_nothing(_org_id: str, _uid: str) -> bool:
    return False


async def _nothing_taken(_since: datetime) -> Collection[RecentDrop]:
    return ()


async def _nothing_unfinished(_org_id: str) -> Collection[str]:
    return ()


def _write_nothing(_entry: AuditEntry) -> None:
    return None


def _tell_nobody(_event: UploadEvent) -> None:
    return None
