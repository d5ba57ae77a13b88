"""A running SFTP server with a real database and folder, for tests that look at it from both sides."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh

from core.clock import to_text
from core.database import Database, open_database
from core.inbox import Drop, Inbox, Incoming, QueueBrokenError, UploadLostError
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations import username_of
from core.organizations_store import add_organization, change_organization, organization_by_id
from core.passwords import hash_password
from core.recent_drops import RecentDrop
from core.settings import Settings, load_settings
from server.listener import Listener, listen
from server.visits import UploadEvent

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)


async def eventually(condition: Callable[[], object], *, within_s: float = 10) -> None:
    """Wait until the condition holds; fail after a while."""
    end = asyncio.get_running_loop().time() + within_s
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it did not come true"
        await asyncio.sleep(0.01)


class MovableClock:
    """The machine's clock, and what a test adds to it."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def move(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)


class FailingInbox(Inbox):
    """An inbox whose disk can fail: failures are data."""

    lost = False
    broken = False
    slow: threading.Event | None = None  # what is put aside waits for it

    def note(self, incoming: Incoming, *, durable: bool = False, **changes: Any) -> Incoming:
        if self.slow is not None and "size_bytes" in changes:
            assert self.slow.wait(30)
        return super().note(incoming, durable=durable, **changes)

    def accept(self, incoming: Incoming, **changes: Any) -> Drop:
        if self.lost:
            raise UploadLostError("The file could not be stored (Input/output error): send it again later.")
        if self.broken:
            raise QueueBrokenError("The queue's directory could not be written to stable storage.")
        return super().accept(incoming, **changes)


class World:
    """What a test may touch."""

    def __init__(
        self, *, settings: Settings, inbox: FailingInbox, database: Database, clock: MovableClock
    ) -> None:
        self.settings = settings
        self.inbox = inbox
        self.database = database
        self.clock = clock
        self.listener: Listener
        self.fatal: list[QueueBrokenError] = []
        self.withdrawn: list[tuple[str, str]] = []
        self.waiting: set[str] = set()
        self.slow_withdrawal: asyncio.Event | None = None
        self.uploads: list[UploadEvent] = []

    async def add(self, org_id: str, name: str, *, now: str | None = None) -> str:
        """Make an organization; return its user name."""
        username = username_of(name, org_id)
        async with self.database.writing() as connection:
            await add_organization(
                connection,
                org_id=org_id,
                name=name,
                username=username,
                password_hash=HASH,
                settings=OrganizationSettings(owner="owner@example.com"),
                now=now or to_text(self.clock.now()),
            )
        return username

    async def set(self, org_id: str = "007", **values: Any) -> None:
        """Do as `org set` does."""
        async with self.database.writing() as connection:
            settings = (await organization_by_id(connection, org_id)).settings.changed(values)
            await change_organization(connection, org_id, settings=settings)

    async def withdraw(self, org_id: str, uid: str) -> bool:
        self.withdrawn.append((org_id, uid))
        if self.slow_withdrawal is not None:
            await self.slow_withdrawal.wait()
        known = uid in self.waiting
        self.waiting.discard(uid)
        return known

    async def unfinished(self, org_id: str) -> Collection[str]:
        return set(self.waiting)

    def names(self, org_id: str = "007") -> list[str]:
        """The names of the accepted drops, in order."""
        return [drop.meta.name for drop in self.inbox.queue(org_id)]

    def bytes_of(self, number: int = 0, org_id: str = "007") -> bytes:
        return self.inbox.queue(org_id)[number].data.read_bytes()

    def folder(self, org_id: str = "007") -> Path:
        return self.inbox.folders(org_id).root

    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.uploads]

    async def connect(
        self, username: str = "Mavericks_007", password: str = PASSWORD, **options: Any
    ) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1",
            self.listener.port,
            username=username,
            password=password,
            known_hosts=None,
            config=None,
            client_keys=None,
            agent_path=None,
            **options,
        )

    @asynccontextmanager
    async def sftp(self, username: str = "Mavericks_007") -> AsyncIterator[asyncssh.SFTPClient]:
        async with await self.connect(username) as connection, connection.start_sftp_client() as sftp:
            yield sftp


@asynccontextmanager
async def running(
    folder: Path,
    *,
    host_keys: list[asyncssh.SSHKey],
    idle_handle_s: float = 30,
    taken: Collection[RecentDrop] = (),
    **settings: Any,
) -> AsyncIterator[World]:
    """Open a server on a free port with the organization Mavericks (007); the folder may be used again.

    `taken` are drops that have an import.
    """
    values: dict[str, Any] = {"min_free_disk_bytes": 0, **settings}
    chosen = load_settings(data_dir=folder, keys_dir=folder / "keys", port=0, **values)
    folder.mkdir(exist_ok=True)
    prepare_database(chosen.database_path)
    clock = MovableClock()

    async def recently_taken(since: datetime) -> list[RecentDrop]:
        return [drop for drop in taken if drop.accepted_at >= since]

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(chosen.database_path))
        world = World(
            settings=chosen,
            inbox=FailingInbox(data_dir=folder, clock=clock),
            database=database,
            clock=clock,
        )
        if not (folder / "orgs").exists():
            await world.add("007", "Mavericks")
        world.listener = await stack.enter_async_context(
            listen(
                settings=chosen,
                inbox=world.inbox,
                database=database,
                clock=clock,
                host_keys=host_keys,
                fatal=world.fatal.append,
                withdraw=world.withdraw,
                unfinished=world.unfinished,
                on_upload=world.uploads.append,
                recently_taken=recently_taken,
                idle_handle_s=idle_handle_s,
            )
        )
        yield world
