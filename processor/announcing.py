"""Writes the mails of an import into the outbox, in the transaction that sets its outcome (rules N1 to N3)."""

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from core.database import Connection
from core.organizations import Organization
from core.settings import Settings
from processor import imports_store
from processor.directory.listing_store import active_keys
from processor.imports import ImportRecord, Outcome
from processor.mail import outbox_store
from processor.mail.compose import ImportNews, compose_import_mail
from processor.mail.mails import NewMail
from processor.mail.recipients import choose_recipients, wanted_keys
from processor.mail.summary import summary_line

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
    """Rules N1, N2, G1: one mail for each recipient; of a held import the operator hears too.

    `due_at` is when a waiting drop is imported (S1);
    `would_be_active` are the address keys of users whom a checked file would have made (H8).
    """
    active = await active_keys(connection, organization.no, wanted_keys(organization.settings))
    chosen = choose_recipients(
        organization.settings, active={*active, *would_be_active}, operator=settings.operator_email
    ).chosen
    if record.outcome is Outcome.HELD and settings.operator_email and settings.operator_email not in chosen:
        chosen = (*chosen, settings.operator_email)
    number = record.number
    news = ImportNews(
        due_at=due_at,
        record=record,
        organization=organization,
        problems=await imports_store.findings_of(connection, number, notes=False, limit=FINDINGS_SHOWN),
        problem_total=await imports_store.count_findings(connection, number, notes=False),
        note_total=await imports_store.count_findings(connection, number, notes=True),
        notes=await imports_store.findings_of(connection, number, notes=True, limit=FINDINGS_SHOWN),
    )
    content = compose_import_mail(news)
    mails = [
        NewMail(
            org_no=organization.no,
            import_number=number,
            recipient=address,
            content=content,
            uuid=uuid4(),
            summary_line=summary_line(record),
            summary_of=organization.name,
        )
        for address in chosen
    ]
    await outbox_store.enqueue(connection, mails, now=now, mail_from=settings.mail_from)
