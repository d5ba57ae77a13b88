"""Puts mails into an outbox, and waits for what becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

from core.database import Database
from processor.mail import outbox_store
from processor.mail.mails import MailContent, NewMail, OutboxMail, SummaryLine
from tests.integration.mail.conftest import MovedClock

MAIL_FROM = "rosterdrop@vendor.example"


def new_mail(
    number: int | None = 17, recipient: str = "nora@x.example", *, line: str | None = "users.csv imported"
) -> NewMail:
    return NewMail(
        org_no=1,
        import_number=number,
        recipient=recipient,
        content=MailContent(f"Mavericks: import {number}", "Text", "<p>HTML</p>"),
        uuid=uuid4(),
        summary_line=None if line is None else SummaryLine(f"{line} {number}"),
        summary_of="Mavericks",
    )


async def write_mails(database: Database, clock: MovedClock, *mails: NewMail) -> list[int]:
    async with database.writing() as connection:
        return await outbox_store.enqueue(connection, mails, now=clock.now(), mail_from=MAIL_FROM)


async def all_mails(database: Database) -> list[OutboxMail]:
    """The outbox, oldest first."""
    async with database.reading() as connection:
        return (await outbox_store.list_mails(connection))[::-1]


async def whole_mails(database: Database, clock: MovedClock) -> list[OutboxMail]:
    """All that is still to be sent, with bodies, oldest first."""
    async with database.reading() as connection:
        mails = await outbox_store.due(connection, now=clock.now() + timedelta(days=1))
        return sorted(mails, key=lambda mail: mail.id)


async def states(database: Database) -> list[str]:
    return [str(mail.state) for mail in await all_mails(database)]


async def eventually(condition: Callable[[], Awaitable[bool]], *, within_s: float = 20) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - what is waited for is in a database or behind a socket
            await asyncio.sleep(0.005)
