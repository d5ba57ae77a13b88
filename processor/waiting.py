"""Drops that wait for their organization's time (rule S1): registered, announced once, due later."""

from collections.abc import Sequence
from dataclasses import replace
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
from processor.announcing import announce_waiting
from processor.imports import Outcome
from processor.intake.schedule import due_at

log = structlog.get_logger()

IN_ONE = 100  # drops in one transaction, so that no other writer waits long


async def seconds_to_wait(
    database: Database, *, organization: Organization, drop: Drop, clock: Clock, settings: Settings
) -> float:
    """Rule S1: return how long a drop has to wait, 0 when it is due; the first time it becomes `waiting`, with a mail.

    A drop that has its outcome, is held, or was told to run now never waits.
    """
    if organization.settings.schedule == AT_ONCE:
        return 0.0
    async with database.reading() as connection:
        record = await imports_store.record_of(connection, uid=drop.meta.uid)
    if record is not None and (record.run_now or record.outcome not in (None, Outcome.WAITING)):
        return 0.0
    now = clock.now()
    due = _due(organization, drop)
    if due <= now:
        return 0.0
    if record is None or record.outcome is None:
        await _let_wait(database, organization, [(drop, due)], settings, now)
    return (due - now).total_seconds()


async def let_wait(
    database: Database,
    *,
    organization: Organization,
    drops: Sequence[Drop],
    clock: Clock,
    settings: Settings,
) -> None:
    """Rules S1, N1: make those `waiting` that are not due and have no state yet, many in one transaction."""
    if organization.settings.schedule == AT_ONCE:
        return
    async with database.reading() as connection:
        known = await imports_store.unfinished_uids(connection, organization.id)
    now = clock.now()
    new = [(drop, _due(organization, drop)) for drop in drops if drop.meta.uid not in known]
    later = [(drop, due) for drop, due in new if due > now]
    for start in range(0, len(later), IN_ONE):
        await _let_wait(database, organization, later[start : start + IN_ONE], settings, now)


def _due(organization: Organization, drop: Drop) -> datetime:
    accepted = from_text(drop.meta.accepted_at or drop.meta.started_at)
    chosen = organization.settings
    return due_at(chosen.schedule, accepted=accepted, zone=ZoneInfo(chosen.time_zone))


async def _let_wait(
    database: Database,
    organization: Organization,
    drops: Sequence[tuple[Drop, datetime]],
    settings: Settings,
    now: datetime,
) -> None:
    waiting = []
    async with database.writing() as connection:
        for drop, due in drops:
            record = await imports_store.register(connection, drop=drop, org_no=organization.no)
            if record.outcome is None and not record.run_now:
                await holds_store.let_wait(connection, record.number)
                waiting.append((replace(record, outcome=Outcome.WAITING), due))
        await announce_waiting(
            connection, organization=organization, waiting=waiting, settings=settings, now=now
        )
    for record, due in waiting:
        log.info("import.waiting", org=organization.id, number=record.number, due=to_text(due))
