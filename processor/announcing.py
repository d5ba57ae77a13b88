"""Writes the mails of an import into the outbox, in the transaction that sets its outcome (rules N1 to N4)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from core.addresses import address_key
from core.database import Connection
from core.organizations import Organization
from core.settings import Settings
from processor import imports_store
from processor.imports import ImportRecord, Outcome
from processor.mail import news_store
from processor.mail.compose import ImportNews, compose_import_mail
from processor.mail.delivery import Delivery, delivery_of, needs_somebody
from processor.mail.mails import SummaryLine
from processor.mail.summary import summary_line
from processor.telling import Audience, audience_of, tell, tell_operator

FINDINGS_SHOWN = 1_000


async def announce(
    connection: Connection,
    *,
    organization: Organization,
    record: ImportRecord,
    settings: Settings,
    now: datetime,
    would_be_active: Collection[str] = (),
    due_at: datetime | None = None,
) -> None:
    """Rules N1, N2, N4, G1: tell the recipients as the setting `mail` says; of a held import the operator hears too.

    `due_at` is when a waiting drop is imported (S1);
    `would_be_active` are the address keys of users whom a checked file would have made (H8).
    """
    audience = await audience_of(connection, organization, settings=settings, would_be_active=would_be_active)
    news = await _news(connection, organization, record, due_at)
    news = replace(news, hold_days=settings.hold_days)
    codes = {problem.code for problem in news.problems}
    match delivery_of(record, mode=organization.settings.mail, codes=codes):
        case Delivery.AT_ONCE:
            await _write(connection, audience, news, settings, now)
        case Delivery.IN_DIGEST:
            wanted = {address_key(address) for address in audience.addresses} & audience.would_be
            await news_store.add_import(
                connection, org_no=organization.no, number=record.number, would_be=wanted, now=now
            )
        case Delivery.NOT:
            pass


async def _news(
    connection: Connection, organization: Organization, record: ImportRecord, due_at: datetime | None
) -> ImportNews:
    number = record.number
    return ImportNews(
        due_at=due_at,
        record=record,
        organization=organization,
        problems=await imports_store.findings_of(connection, number, notes=False, limit=FINDINGS_SHOWN),
        problem_total=await imports_store.count_findings(connection, number, notes=False),
        note_total=await imports_store.count_findings(connection, number, notes=True),
        notes=await imports_store.findings_of(connection, number, notes=True, limit=FINDINGS_SHOWN),
    )


async def _write(
    connection: Connection, audience: Audience, news: ImportNews, settings: Settings, now: datetime
) -> None:
    record, organization = news.record, news.organization
    is_held = record.outcome is Outcome.HELD  # its mail is never held back itself
    if audience.addresses and record.outcome is not None and record.outcome.is_final:
        deactivated = await news_store.take_deactivated(connection, organization.no)
        news = replace(news, deactivated=deactivated)
    await tell(
        connection,
        organization,
        audience,
        compose_import_mail(news),
        settings=settings,
        now=now,
        import_number=record.number,
        summary_line=None if is_held else _line(news),
    )
    if is_held and not audience.has(settings.operator_email):
        content = compose_import_mail(replace(news, for_operator=True))
        await tell_operator(connection, content, settings=settings, now=now, import_number=record.number)


def _line(news: ImportNews) -> SummaryLine:
    """Return the line that this import is in a summary."""
    codes = {problem.code for problem in news.problems}
    needs = needs_somebody(news.record, codes=codes)
    return summary_line(news.record, needs_somebody=needs, deactivated=news.deactivated)
