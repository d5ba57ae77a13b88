"""Sends each organization its digest when it is due (rule N4): one, however long nobody was there to send it."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog

from core.clock import Clock
from core.database import Connection, Database
from core.errors import NotFoundError
from core.organizations import Organization
from core.organizations_store import organization_by_id
from core.settings import Settings
from processor import imports_store
from processor.imports import ImportRecord, Outcome
from processor.mail import news_store
from processor.mail.delivery import EXPIRED, needs_somebody
from processor.mail.digest import (
    PROBLEMS_SHOWN,
    BrokenUpload,
    Digest,
    DigestImport,
    compose_digest,
    is_due,
    is_next,
)
from processor.mail.mails import DIGEST
from processor.mail.news_store import WOULD_BE, NewsItem, NewsKind
from processor.telling import audience_of, tell

WITH_PROBLEMS = (Outcome.PARTIAL, Outcome.REFUSED, Outcome.CHECKED, Outcome.DISCARDED)
MOST_DETAILED = 200  # imports whose problems are looked up: the transaction that does it is a short one
MOST_NEWS = 10_000  # in one mail; the rest stands in the next

log = structlog.get_logger()


class Digests:
    """Looks for digests that are due."""

    def __init__(
        self, *, database: Database, clock: Clock, settings: Settings, most_detailed: int = MOST_DETAILED
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._most_detailed = most_detailed
        self._kept: dict[
            str, datetime
        ] = {}  # when there was nobody to tell what an organization's digest says

    async def look(self) -> None:
        """Write the digests that are due into the outbox."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            waiting = await news_store.organizations_with_news(connection)
            found = {org_id: await organization_by_id(connection, org_id) for org_id in waiting}
        for org_id, oldest in waiting.items():
            settings = found[org_id].settings
            kept = self._kept.get(org_id)
            if is_due(settings, oldest=oldest, now=now) and (
                kept is None or is_next(settings, kept, now=now)
            ):
                with suppress(NotFoundError):  # removed meanwhile, and its news with it
                    await self._send(org_id, now)

    async def _send(self, org_id: str, now: datetime) -> None:
        """Rules N3, N4: the mail is written in the transaction that takes its news away: none is lost or told twice.

        Where nobody can get it (N2: no recipient, no owner, no operator's address) the news are kept for the next day.
        """
        async with self._database.writing() as connection:
            organization = await organization_by_id(connection, org_id)
            items = await news_store.news_of(connection, organization.no, limit=MOST_NEWS)
            if not items:
                return
            would_be = {key for item in items for key in item.detail.get(WOULD_BE, ())}
            audience = await audience_of(
                connection, organization, settings=self._settings, would_be_active=would_be
            )
            if audience.addresses:
                digest = await _digest(connection, organization, items, most_detailed=self._most_detailed)
                content = compose_digest(replace(digest, partial_keep_s=self._settings.partial_keep_s))
                await tell(
                    connection,
                    organization,
                    audience,
                    content,
                    settings=self._settings,
                    now=now,
                    id_prefix=DIGEST,
                )
                await news_store.remove(connection, organization.no, up_to=items[-1].id)
        if audience.addresses:
            self._kept.pop(org_id, None)
        else:
            self._kept[org_id] = now
            log.warning("digest.kept", org=org_id, news=len(items))


async def _digest(
    connection: Connection, organization: Organization, items: list[NewsItem], *, most_detailed: int
) -> Digest:
    numbers = sorted({item.import_number for item in items if item.import_number is not None})
    records = await imports_store.records_of(connection, numbers)
    needing = await _needing_somebody(connection, records)
    detailed = {record.number for record in records if record.outcome in WITH_PROBLEMS}
    shown = set(sorted(detailed)[:most_detailed])
    return Digest(
        organization=organization,
        imports=[
            await _import(
                connection,
                record,
                needs_somebody=record.number in needing,
                detailed=record.number in shown,
            )
            for record in records
        ],
        uploads=[BrokenUpload(**item.detail) for item in items if item.kind is NewsKind.UPLOAD],
        deactivated=sum(item.people for item in items if item.kind is NewsKind.DEACTIVATED),
    )


async def _needing_somebody(connection: Connection, records: list[ImportRecord]) -> set[int]:
    """Return the numbers of the imports that need somebody, however many there are."""
    by_outcome: dict[Outcome | None, list[int]] = {}
    for record in records:
        by_outcome.setdefault(record.outcome, []).append(record.number)
    checked, discarded = by_outcome.get(Outcome.CHECKED, ()), by_outcome.get(Outcome.DISCARDED, ())
    # Of a checked import any problem counts, of a discarded one that nobody decided in time.
    bad = await imports_store.with_problems(connection, checked)
    expired = await imports_store.with_problems(connection, discarded, code=EXPIRED)
    return {
        record.number
        for record in records
        if needs_somebody(record, codes={EXPIRED} if record.number in bad | expired else ())
    }


async def _import(
    connection: Connection, record: ImportRecord, *, needs_somebody: bool, detailed: bool
) -> DigestImport:
    if not detailed:
        return DigestImport(record=record, needs_somebody=needs_somebody)
    number = record.number
    return DigestImport(
        record=record,
        needs_somebody=needs_somebody,
        problems=await imports_store.findings_of(connection, number, notes=False, limit=PROBLEMS_SHOWN),
        problem_total=(await imports_store.count_findings(connection, number))[0],
    )
