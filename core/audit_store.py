"""SQL of the audit table (rule A5), which is only appended to; a trigger refuses anything else.

A row of refused logins is the one exception: further refusals of its address, name and minute are counted in it.
"""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import REFUSED, AuditEntry, AuditLine, Event
from core.clock import to_text
from core.schema import audit, organizations

PAGE = 1000
COUNTED = re.compile(r"^(?P<what>.*) \((?P<times>\d+) times\)$", re.DOTALL)


async def append(connection: AsyncConnection, entries: Iterable[AuditEntry]) -> None:
    """Write lines in their order; refusals of one address, name and minute become one."""
    numbers = await _numbers(connection)
    for entry in merged(entries):
        org_no = None if entry.org_id is None else numbers.get(entry.org_id)
        if entry.event is Event.LOGIN_REFUSED and await _counted(connection, entry, org_no):
            continue
        await connection.execute(
            insert(audit).values(
                at=to_text(entry.at),
                org_no=org_no,
                who=entry.who,
                address=entry.address,
                event=str(entry.event),
                outcome=entry.outcome,
                detail=once_more("", entry.detail or "", entry.times - 1)
                if entry.times > 1
                else entry.detail,
            )
        )


def merged(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """Rule A2: make one of the refused logins of an address, name and minute; the last reason stands."""
    places: dict[object, int] = {}
    found: list[AuditEntry] = []
    for entry in entries:
        at = places.get(entry.minute) if entry.event is Event.LOGIN_REFUSED else None
        if at is not None:
            before = found[at]
            found[at] = replace(
                before, times=before.times + entry.times, detail=entry.detail or before.detail
            )
            continue
        if entry.event is Event.LOGIN_REFUSED:
            places[entry.minute] = len(found)
        found.append(entry)
    return found


async def search(
    connection: AsyncConnection,
    *,
    org_id: str | None = None,
    who: str | None = None,
    event: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 0,
) -> list[AuditLine]:
    """Return lines, newest first; `event` is a whole one or the part before its dot, `limit` 0 returns all."""
    query = _query(org_id=org_id, who=who, event=event, since=since, until=until)
    query = query.order_by(audit.c.at.desc(), audit.c.id.desc())
    rows = await connection.execute(query.limit(limit) if limit else query)
    return [_line(row) for row in rows]


async def count_since(connection: AsyncConnection, org_no: int, event: Event, since: datetime) -> int:
    """Return how often something happened to an organization since then."""
    query = select(func.count()).where(
        audit.c.at >= to_text(since), audit.c.org_no == org_no, audit.c.event == str(event)
    )
    return int((await connection.execute(query)).scalar_one())


async def last_times(connection: AsyncConnection, event: Event) -> dict[int, str]:
    """Return when something happened last to each organization, by its number."""
    query = select(audit.c.org_no, func.max(audit.c.at)).where(audit.c.event == str(event))
    rows = await connection.execute(query.group_by(audit.c.org_no))
    return {org_no: str(at) for org_no, at in rows if org_no is not None}


async def stream(
    connection: AsyncConnection,
    *,
    org_id: str | None = None,
    who: str | None = None,
    event: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AsyncIterator[AuditLine]:
    """Return lines in the order in which they were written, a page at a time: a trail of years needs no memory."""
    query = _query(org_id=org_id, who=who, event=event, since=since, until=until).order_by(audit.c.id)
    last = 0
    while rows := (await connection.execute(query.where(audit.c.id > last).limit(PAGE))).all():
        last = rows[-1].id
        for row in rows:
            yield _line(row)


async def _numbers(connection: AsyncConnection) -> dict[str, int]:
    rows = await connection.execute(select(organizations.c.id, organizations.c.no))
    return {row.id: row.no for row in rows}


async def _counted(connection: AsyncConnection, entry: AuditEntry, org_no: int | None) -> bool:
    minute = to_text(entry.at.replace(second=0, microsecond=0))
    query = (
        select(audit)
        .where(
            audit.c.event == str(Event.LOGIN_REFUSED),
            audit.c.at >= minute,
            audit.c.who == entry.who,
            audit.c.address.is_not_distinct_from(entry.address),
            audit.c.org_no.is_not_distinct_from(org_no),
        )
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    if row is None or row.outcome != REFUSED or row.at[:16] != minute[:16]:
        return False
    counted = once_more(row.detail or "", entry.detail or "", entry.times)
    await connection.execute(update(audit).where(audit.c.id == row.id).values(detail=counted))
    return True


def once_more(before: str, reason: str, more: int = 1) -> str:
    """Return the detail of a row that counts more refusals: `wrong password (3 times)`; the last reason stands."""
    found = COUNTED.match(before)
    times = int(found["times"]) if found else 1
    return f"{reason or (found['what'] if found else before)} ({times + more} times)"


def _query(
    *, org_id: str | None, who: str | None, event: str | None, since: datetime | None, until: datetime | None
) -> Select[Any]:
    query = select(audit, organizations.c.id.label("org_id")).outerjoin(
        organizations, organizations.c.no == audit.c.org_no
    )
    if org_id is not None:
        query = query.where(organizations.c.id == org_id)
    if who is not None:
        query = query.where(audit.c.who == who)
    if event is not None:
        query = query.where(
            or_(audit.c.event == event, audit.c.event.startswith(f"{event}.", autoescape=True))
        )
    if since is not None:
        query = query.where(audit.c.at >= to_text(since))
    if until is not None:
        query = query.where(audit.c.at < to_text(until))
    return query


def _line(row: Row[Any]) -> AuditLine:
    return AuditLine(
        at=row.at,
        org=row.org_id,
        who=row.who,
        address=row.address,
        event=row.event,
        outcome=row.outcome,
        detail=row.detail,
    )
