"""One organization whose files lie on a server in memory: a real database, a real queue, real SSH (rule S2)."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.clock import to_text
from core.database import Database
from core.inbox import Inbox
from core.organizations import Organization
from core.secrets_key_store import secrets_key_to_keep_with
from core.settings import Settings
from processor.intake import pulls_store
from processor.intake.fetching import Room
from processor.intake.pull_keeper import Tools, pull_once
from processor.intake.pulling import Report
from processor.intake.pulls import After, Pull, PullState
from processor.intake.ssh_connection import Patience
from processor.mail.outbox_store import list_mails
from tests.integration.directory.house import House, Org
from tests.integration.intake.remote_server import Server

OPERATOR = "ops@vendor.example"
HASTY = Patience(connect_s=10, login_s=10, request_s=5, listing_s=30, slow_s=5)


@dataclass
class FreeRoom:
    """Limits that a test sets."""

    max_size: int = 1 << 30
    max_count: int = 1_000
    full: bool = False

    def size_refusal(self, size_bytes: int) -> str | None:
        return "The file is too large (U9)" if size_bytes > self.max_size else None

    def space_refusal(self, growth_bytes: int) -> str | None:
        return "The disk is nearly full (U9)" if self.full else None

    def count_refusal(self, accepted: int) -> str | None:
        return "Too many uploads (U9)" if accepted >= self.max_count else None


@dataclass(kw_only=True)
class World:
    """The organization, its server, and the tools of a run."""

    org: Org
    server: Server
    settings: Settings
    room: FreeRoom = field(default_factory=FreeRoom)
    patience: Patience = HASTY

    async def add(self, after: After = After.REMEMBER, **changes: Any) -> None:
        """Do what `pull add` does."""
        server = replace(self.server.pull_server(after), **changes)
        key = await secrets_key_to_keep_with(
            self.org.database, self.settings.keys_dir, now=self.org.clock.now()
        )
        async with self.org.database.writing() as connection:
            state = PullState(added_at=to_text(self.org.clock.now()))
            await pulls_store.save_server(connection, self.org.no, server, state, key=key)

    async def run(self, *, database: Database | None = None, inbox: Inbox | None = None) -> Report:
        """Fetch once, with other tools where they are given."""

        def room(_organization: Organization) -> Room:
            return self.room

        tools = Tools(
            database=database or self.org.database,
            inbox=inbox or self.org.inbox,
            clock=self.org.clock,
            settings=self.settings,
            room=room,
            who="test",
            patience=self.patience,
        )
        return await pull_once(tools, self.org.id, turn_s=5)

    async def pull(self) -> Pull:
        """How the pull stands."""
        async with self.org.database.reading() as connection:
            return await pulls_store.pull_of(connection, self.org.id)

    async def mails(self) -> list[str]:
        """Subjects of what the operator was written, the newest first."""
        async with self.org.database.reading() as connection:
            return [
                mail.content.subject for mail in await list_mails(connection) if mail.recipient == OPERATOR
            ]

    async def audited(self) -> list[str]:
        """Events of the audit trail, the oldest first."""
        return [row[0] for row in await self.org.rows("SELECT event FROM audit ORDER BY id")]

    @property
    def queued(self) -> list[tuple[str, bytes]]:
        """Name and bytes of each drop, in order."""
        return [(drop.meta.name, drop.data.read_bytes()) for drop in self.org.inbox.queue(self.org.id)]

    @property
    def arriving(self) -> list[int]:
        """Sizes of what lies in `incoming/`."""
        return [one.data.stat().st_size for one in self.org.inbox.incoming(self.org.id)]


async def new_world(house: House, server: Server, folder: Path, **settings: str) -> World:
    """Make an organization whose files lie on the server."""
    return World(
        org=await house.org(**settings),
        server=server,
        settings=Settings(
            data_dir=folder / "data",
            keys_dir=folder / "keys",
            operator_email=OPERATOR,
            pull_quiet_time_s=0,
            partial_keep_s=86_400,
        ),
    )
