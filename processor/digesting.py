"""Sends each organization its digest when it is due (rule N4): one, however long nobody was there to send it."""

from contextlib import suppress
from datetime import datetime

from core.clock import Clock
from core.database import Connection, Database
from core.errors import NotFoundError
from core.organizations import Organization
from core.organizations_store import organization_by_id
from core.settings import Settings
from processor import imports_store
from processor.imports import ImportRecord, Outcome
from processor.mail import news_store
from processor.mail.digest import (
    PROBLEMS_SHOWN,
    BrokenUpload,
    Digest,
    DigestImport,
    compose_digest,
    is_due,
)
from processor.mail.news_store import WOULD_BE, NewsItem, NewsKind
from processor.telling import audience_of, tell

WITH_PROBLEMS = (Outcome.PARTIAL, Outcome.REFUSED, Outcome.CHECKED, Outcome.DISCARDED)
MOST_DETAILED = 200  # imports whose problems are looked up: the transaction that does it is a short one


class Digests:
    """Looks for digests that are due."""

    def __init__(self, *, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    async def look(self) -> None:
        """Write the digests that are due into the outbox."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            waiting = await news_store.organizations_with_news(connection)
            found = {org_id: await organization_by_id(connection, org_id) for org_id in waiting}
        for org_id, oldest in waiting.items():
            if is_due(found[org_id].settings, oldest=oldest, now=now):
                with suppress(NotFoundError):  # removed meanwhile, and its news with it
                    await self._send(org_id, now)

    async def _send(self, org_id: str, now: datetime) -> None:
        """Rules N3, N4: the mail is written in the transaction that takes its news away: none is lost or told twice."""
        async with self._database.writing() as connection:
            organization = await organization_by_id(connection, org_id)
            items = await news_store.take_all(connection, organization.no)
            if not items:
                return
            would_be = {key for item in items for key in item.detail.get(WOULD_BE, ())}
            audience = await audience_of(
                connection, organization, settings=self._settings, would_be_active=would_be
            )
            content = compose_digest(await _digest(connection, organization, items))
            await tell(connection, organization, audience, content, settings=self._settings, now=now)


async def _digest(connection: Connection, organization: Organization, items: list[NewsItem]) -> Digest:
    numbers = sorted({item.import_number for item in items if item.import_number is not None})
    records = await imports_store.records_of(connection, numbers)
    detailed = {record.number for record in records if record.outcome in WITH_PROBLEMS}
    shown = set(sorted(detailed)[:MOST_DETAILED])
    return Digest(
        organization=organization,
        imports=[await _import(connection, record, detailed=record.number in shown) for record in records],
        uploads=[BrokenUpload(**item.detail) for item in items if item.kind is NewsKind.UPLOAD],
        deactivated=sum(item.people for item in items if item.kind is NewsKind.DEACTIVATED),
    )


async def _import(connection: Connection, record: ImportRecord, *, detailed: bool) -> DigestImport:
    if not detailed:
        return DigestImport(record=record)
    number = record.number
    return DigestImport(
        record=record,
        problems=await imports_store.findings_of(connection, number, notes=False, limit=PROBLEMS_SHOWN),
        problem_total=await imports_store.count_findings(connection, number, notes=False),
    )
