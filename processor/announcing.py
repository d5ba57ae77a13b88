"""Writes the mails of an import into the outbox, in the transaction that sets its outcome (rules N1 to N4)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial

from core.addresses import address_key
from core.database import Connection
from core.organizations import Organization
from core.settings import Settings
from processor import imports_store
from processor.imports import ImportRecord, Outcome
from processor.mail import news_store
from processor.mail.compose import ImportNews, compose_import_mail
from processor.mail.delivery import Delivery, delivery_of, needs_somebody
from processor.mail.summary import summary_line
from processor.telling import Audience, ToldImport, audience_of, tell_of_imports, tell_operator

FINDINGS_SHOWN = 1_000


async def announce(
    connection: Connection,
    *,
    organization: Organization,
    record: ImportRecord,
    settings: Settings,
    now: datetime,
    would_be_active: Collection[str] = (),
) -> None:
    """Rules N1, N2, N4, G1: tell the recipients as the setting `mail` says; of a held import the operator hears too.

    `would_be_active` are the address keys of users whom a checked file would have made (H8).
    """
    audience = await audience_of(connection, organization, settings=settings, would_be_active=would_be_active)
    news = await _news(connection, organization, record)
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


async def announce_waiting(
    connection: Connection,
    *,
    organization: Organization,
    waiting: Sequence[tuple[ImportRecord, datetime]],
    settings: Settings,
    now: datetime,
) -> None:
    """Rules S1, N1, N4: tell of drops that begin to wait, each with the time of its import."""
    mode = organization.settings.mail
    told = []
    for record, due_at in waiting:
        match delivery_of(record, mode=mode, codes=()):
            case Delivery.AT_ONCE:
                told.append(_told(ImportNews(record=record, organization=organization, due_at=due_at)))
            case Delivery.IN_DIGEST:
                await news_store.add_import(
                    connection, org_no=organization.no, number=record.number, would_be=(), now=now
                )
            case Delivery.NOT:
                pass
    if told:
        audience = await audience_of(connection, organization, settings=settings)
        await tell_of_imports(connection, organization, audience, told, settings=settings, now=now)


async def _news(connection: Connection, organization: Organization, record: ImportRecord) -> ImportNews:
    findings = await imports_store.first_findings(connection, record.number, limit=FINDINGS_SHOWN)
    return ImportNews(
        record=record,
        organization=organization,
        problems=findings.problems,
        problem_total=findings.problem_total,
        note_total=findings.note_total,
        notes=findings.notes,
    )


async def _write(
    connection: Connection, audience: Audience, news: ImportNews, settings: Settings, now: datetime
) -> None:
    record, organization = news.record, news.organization
    if audience.addresses and record.outcome is not None and record.outcome.is_final:
        deactivated = await news_store.take_deactivated(connection, organization.no)
        news = replace(news, deactivated=deactivated)
    await tell_of_imports(connection, organization, audience, [_told(news)], settings=settings, now=now)
    if record.outcome is Outcome.HELD and not audience.has(settings.operator_email):
        content = compose_import_mail(replace(news, for_operator=True))
        await tell_operator(connection, content, settings=settings, now=now, import_number=record.number)


def _told(news: ImportNews) -> ToldImport:
    """Return the mail of an import and its line in a summary; that of a held one is never held back itself."""
    record = news.record
    needs = needs_somebody(record, codes={problem.code for problem in news.problems})
    line = summary_line(record, needs_somebody=needs, deactivated=news.deactivated)
    return ToldImport(
        number=record.number,
        content=cache(partial(compose_import_mail, news)),
        summary_line=None if record.outcome is Outcome.HELD else line,
    )
