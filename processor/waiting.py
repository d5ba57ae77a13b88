"""Drops that wait for their organization's time (rule S1): registered, announced once, due later."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock, from_text, to_text
from core.database import Database
from core.inbox import Drop
from core.organization_settings import AT_ONCE
from core.organizations import Organization
from core.settings import Settings
from processor import holds_store, imports_store
from processor.announcing import announce
from processor.imports import Outcome
from processor.intake.schedule import due_at

log = structlog.get_logger()


async def seconds_to_wait(
    database: Database, *, organization: Organization, drop: Drop, clock: Clock, settings: Settings
) -> float:
    """Rule S1: return how long a drop has to wait, 0 when it is due; the first time it becomes `waiting`, with a mail.

    A drop that has its outcome, is held, or was told to run now never waits.
    """
    schedule = organization.settings.schedule
    if schedule == AT_ONCE:
        return 0.0
    async with database.reading() as connection:
        record = await imports_store.record_of(connection, uid=drop.meta.uid)
    if record is not None and (record.run_now or record.outcome not in (None, Outcome.WAITING)):
        return 0.0
    now = clock.now()
    accepted = from_text(drop.meta.accepted_at or drop.meta.started_at)
    due = due_at(schedule, accepted=accepted, zone=ZoneInfo(organization.settings.time_zone))
    if due <= now:
        return 0.0
    if record is None or record.outcome is None:
        await _let_wait(database, organization, drop, due, settings, now)
    return (due - now).total_seconds()


async def _let_wait(
    database: Database,
    organization: Organization,
    drop: Drop,
    due: datetime,
    settings: Settings,
    now: datetime,
) -> None:
    async with database.writing() as connection:
        record = await imports_store.register(connection, drop=drop, org_no=organization.no)
        await holds_store.let_wait(connection, record.number)
        waiting = await imports_store.record_of(connection, number=record.number)
        assert waiting is not None
        await announce(
            connection, organization=organization, record=waiting, settings=settings, now=now, due_at=due
        )
    log.info("import.waiting", org=organization.id, number=record.number, due=to_text(due))
