"""What the daemon's parts ask the database about organizations: who may work, what is held."""

import asyncio
from datetime import datetime

from core.clock import Clock
from core.database import Database
from core.errors import NotFoundError
from core.inbox import Drop, Inbox
from core.organization_settings import AT_ONCE
from core.organizations import Organization
from core.organizations_store import organization_by_id, organization_ids
from core.recent_drops import RecentDrop
from core.settings import Settings
from processor import imports_store
from processor.holding import discard_unfinished
from processor.waiting import let_wait, seconds_to_wait


class House:
    """Questions, each answered by one short transaction."""

    def __init__(self, *, database: Database, inbox: Inbox, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._inbox = inbox
        self._settings = settings
        self._clock = clock

    async def organizations(self) -> list[str]:
        """Return the ids of all organizations."""
        async with self._database.reading() as connection:
            return await organization_ids(connection)

    async def highest_seqs(self) -> dict[str, int]:
        """Return the highest queue number of each organization's imports."""
        async with self._database.reading() as connection:
            return await imports_store.highest_seqs(connection)

    async def recently_taken(self, since: datetime) -> list[RecentDrop]:
        """Return the drops that clients sent since then (U4, U9)."""
        async with self._database.reading() as connection:
            return await imports_store.recently_accepted(connection, since=since)

    async def wait_s(self, drop: Drop) -> float | None:
        """Rules S1, K: how long a drop has to wait; None while its organization is disabled."""
        organization = await self._organization(drop.org_id)
        if organization is None or not organization.enabled:
            return None
        return await seconds_to_wait(
            self._database,
            organization=organization,
            drop=drop,
            clock=self._clock,
            settings=self._settings,
        )

    async def let_wait(self, org_id: str, drops: list[Drop]) -> None:
        """Rule S1: register drops that are not due as waiting."""
        organization = await self._organization(org_id)
        if organization is not None and organization.enabled:
            await let_wait(
                self._database,
                organization=organization,
                drops=drops,
                clock=self._clock,
                settings=self._settings,
            )

    async def _organization(self, org_id: str) -> Organization | None:
        async with self._database.reading() as connection:
            try:
                return await organization_by_id(connection, org_id)
            except NotFoundError:
                return None

    async def blame(self, drop: Drop) -> None:
        """Count that importing a drop ended its worker."""
        async with self._database.writing() as connection:
            await imports_store.blame(connection, drop.meta.uid)

    async def unfinished(self, org_id: str) -> set[str]:
        """Rule U4: return the uids of drops that wait or are held, those included that nobody has looked at yet."""
        found = await self._unfinished(org_id)
        organization = await self._organization(org_id)
        if organization is not None and organization.settings.schedule != AT_ONCE:
            new = await asyncio.to_thread(self._inbox.queue, org_id, without=found)
            if new:
                await self.let_wait(org_id, new)
                found = await self._unfinished(org_id)
        return found

    async def _unfinished(self, org_id: str) -> set[str]:
        async with self._database.reading() as connection:
            return await imports_store.unfinished_uids(connection, org_id)

    async def withdraw(self, org_id: str, uid: str, drop: Drop | None) -> bool:
        """Rule U4: discard a drop that waits or is held; False where it does not any more."""
        if drop is not None:
            await self.wait_s(drop)  # one that nobody has looked at yet waits from now on (S1)
        async with self._database.reading() as connection:
            record = await imports_store.record_of(connection, uid=uid)
        if record is None or record.org_id != org_id:
            return False
        return await discard_unfinished(
            self._database, record, code="withdrawn", settings=self._settings, now=self._clock.now()
        )
