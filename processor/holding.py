"""Held imports (rule G1): superseded by newer drops, withdrawn, discarded, reminded of, expired."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from core.audit import AuditEntry
from core.audit_store import append
from core.clock import Clock, from_text, to_text
from core.database import TROUBLES, Database
from core.organizations_store import is_enabled, organization_by_id
from core.settings import Settings
from processor import holds_store, imports_store
from processor.announcing import announce
from processor.imports import ImportRecord
from processor.mail.delivery import EXPIRED
from processor.reading.catalogue import problem

log = structlog.get_logger()

LOOK_S = 10.0  # timed actions happen within 10 s of their time (S1)
REMIND_AFTER = timedelta(days=1)
# What takes a held import's place or ends its time; an approval that came first stands.
OF_THE_HELD = frozenset({EXPIRED, "superseded"})


async def discard_unfinished(
    database: Database,
    record: ImportRecord,
    *,
    code: str,
    settings: Settings,
    now: datetime,
    audit: AuditEntry | None = None,
) -> bool:
    """Discard a drop that waits or is held, with its mail; it is filed in `error/` when its queue is worked next.

    `code`: why, `withdrawn` (U4), `rejected`, `superseded` or `hold-expired` (G1). False where it is neither any more.
    `audit` is written with it where a person did it (A5).
    """
    async with database.writing() as connection:
        done = await holds_store.discard(
            connection,
            record.number,
            why=problem(code),
            now=to_text(now),
            unless_approved=code in OF_THE_HELD,
        )
        if not done:
            return False
        discarded = await imports_store.record_of(connection, number=record.number)
        assert discarded is not None
        organization = await organization_by_id(connection, record.org_id)
        await announce(connection, organization=organization, record=discarded, settings=settings, now=now)
        if audit is not None:
            await append(connection, [audit])
    log.info("import.discarded", org=record.org_id, number=record.number, reason=code)
    return True


class HoldKeeper:
    """Reminds of held imports daily and discards them after seven days (setting `hold_days`)."""

    def __init__(
        self, *, database: Database, clock: Clock, settings: Settings, nudge: Callable[[str], None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._nudge = nudge

    async def run(self) -> None:
        """Look every ten seconds until cancelled."""
        while True:
            try:
                await self.look()
            except TROUBLES as exc:
                log.warning("holds.deferred", reason=type(exc).__name__)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Do what is due now."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            held = await holds_store.held_imports(connection)
        for record, held_at, reminded_at in held:
            async with self._database.reading() as connection:
                if not await is_enabled(connection, record.org_id):
                    continue  # what a disabled organization sent stands still
            if now - from_text(held_at) >= timedelta(days=self._settings.hold_days):
                await discard_unfinished(
                    self._database, record, code=EXPIRED, settings=self._settings, now=now
                )
                self._nudge(record.org_id)
            elif abs(now - from_text(reminded_at)) >= REMIND_AFTER:  # the clock may have been ahead
                await self._remind(record, now)

    async def _remind(self, record: ImportRecord, now: datetime) -> None:
        async with self._database.writing() as connection:
            if not await holds_store.note_reminder(connection, record.number, now=to_text(now)):
                return  # approved or discarded since it was read
            organization = await organization_by_id(connection, record.org_id)
            await announce(
                connection, organization=organization, record=record, settings=self._settings, now=now
            )
