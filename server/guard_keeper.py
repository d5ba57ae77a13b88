"""Keeps the login guard and the database alike (rule A2): what failed is written, what was lifted is obeyed."""

import asyncio
from datetime import timedelta

import structlog

from core import bans_store
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from server.guard import LoginGuard

log = structlog.get_logger()

LOOK_S = 0.5  # a lifted ban ends within two seconds
SWEEP_EVERY = 120  # looks: once a minute
FORGET_EVERY = 7200  # looks: once an hour


class GuardKeeper:
    """Writes and reads for one guard; a database that does not answer keeps nobody from logging in."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        guard: LoginGuard,
        last_lift: int,
        known_for: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._guard = guard
        self._last_lift = last_lift
        self._known_for = known_for

    async def run(self) -> None:
        """Look twice a second until cancelled."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            looks += 1
            if looks % SWEEP_EVERY == 0:
                self._guard.sweep(self._clock.now())
            try:
                await self.look()
                if looks % FORGET_EVERY == 0:
                    await self.forget()
            except Exception:  # trouble with the database passes; until then memory decides
                log.exception("bans.troubled")

    async def look(self) -> None:
        """Obey new lifts, then write what changed."""
        async with self._database.reading() as connection:
            lifts = await bans_store.lifts_after(connection, self._last_lift)
        for number, value in lifts:
            self._guard.lift(value)
            self._last_lift = number
        await self.write()

    async def forget(self) -> None:
        """Remove addresses that have not logged in for so long that they protect no more."""
        async with self._database.writing() as connection:
            await bans_store.forget_known(connection, self._clock.now() - self._known_for)

    async def write(self) -> None:
        """Write what changed; what could not be written is tried again at the next look."""
        changes = self._guard.take_changes()
        if not changes:
            return
        try:
            async with self._database.writing() as connection:
                await bans_store.save_guards(connection, changes.saved)
                await bans_store.remove_guards(connection, changes.removed)
                await bans_store.save_known(connection, changes.known)
        except BaseException:
            self._guard.put_back(changes)
            raise


async def load_guard(
    *, database: Database, settings: Settings, clock: Clock
) -> tuple[LoginGuard, GuardKeeper]:
    """Read what earlier processes counted."""
    known_for = timedelta(days=settings.known_address_days)
    async with database.reading() as connection:
        guard = LoginGuard(
            settings=settings,
            records=await bans_store.all_guards(connection),
            known=await bans_store.known_since(connection, clock.now() - known_for),
        )
        last_lift = await bans_store.last_lift(connection)
    keeper = GuardKeeper(
        database=database, clock=clock, guard=guard, last_lift=last_lift, known_for=known_for
    )
    return guard, keeper
