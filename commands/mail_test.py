"""`rosterdrop mail test`: one mail on the way that all mails go (rules N3, N5), and what the server said."""

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import say, shown
from commands.session import Session, open_session, run
from core.errors import ServiceError

if TYPE_CHECKING:
    from core.database import Database
    from processor.mail.mails import OutboxMail

ANSWER_S = 900.0  # RFC 5321 gives a server ten minutes for its last answer
LOOK_EVERY_S = 0.1
TRY_LOCK_EVERY_S = 2.0

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="Who gets the mail.", show_default=False)]


class MailNotSentError(ServiceError):
    """The test mail did not go out."""

    code = "mail_not_sent"


def test(ctx: typer.Context, address: Address) -> None:
    """Send a test mail through the outbox and the configured server, and print the server's answer.

    Example: `rosterdrop mail test ann@mavericks.example`
    """
    from core.addresses import AddressError, parse_address
    from core.errors import UsageError
    from core.logs import configure_logs

    configure_logs(level="error")
    try:
        recipient = parse_address(address).text
    except AddressError as exc:
        raise UsageError(f"{shown(address)} is no e-mail address: {exc}") from exc
    mail = run(_sent(open_session(ctx), recipient))
    if mail.state != "sent":
        retried = " It is tried again" if mail.state == "waiting" else " It is not tried again"
        raise MailNotSentError(
            f"Mail {mail.id} was not sent: {shown(mail.last_error)}.{retried}; `rosterdrop mail list` shows it."
        )
    say(f"Mail {mail.id} was sent: {shown(mail.answer)}")


async def _sent(session: Session, recipient: str) -> "OutboxMail":
    """Write the mail and return it after the first try, by the daemon or, where none runs, by this process."""
    from core.nudges import MAIL

    async with session.database() as database:
        number = await _written(session, database, recipient)
        session.nudge(MAIL)
        began = tried = time.monotonic()
        await _send_here(session, database, number)
        while True:
            mail = await _mail(database, number)
            now = time.monotonic()
            if mail.state != "waiting" or mail.attempts:
                return mail
            if now - began > ANSWER_S:
                raise MailNotSentError(
                    f"Mail {number} waits still, without an answer: `rosterdrop mail list` shows what comes of it."
                )
            if now - tried > TRY_LOCK_EVERY_S:
                tried = now
                await _send_here(session, database, number)
            await asyncio.sleep(LOOK_EVERY_S)


async def _written(session: Session, database: "Database", recipient: str) -> int:
    from uuid import uuid4

    from processor.mail import outbox_store
    from processor.mail.mails import NewMail
    from processor.mail.notices import compose_test_mail
    from processor.mail.smtp_url import parse_smtp_url

    settings = session.settings
    host = None if settings.smtp_url is None else parse_smtp_url(settings.smtp_url).host
    mail = NewMail(
        org_no=None,
        import_number=None,
        recipient=recipient,
        content=compose_test_mail(host=host),
        uuid=uuid4(),
    )
    async with database.writing() as connection:
        (number,) = await outbox_store.enqueue(
            connection, [mail], now=session.clock.now(), mail_from=settings.mail_from
        )
    return number


async def _send_here(session: Session, database: "Database", number: int) -> None:
    """Send the mail in this process if nobody else works on the data folder.

    The lock is held for a moment only: a daemon that starts while the mail server thinks leaves this mail alone.
    """
    from processor.mail.acceptance import ActiveRecipients
    from processor.mail.sender import OutboxSender
    from processor.mail.transports import transport_for

    if not await _reserved(session, database, number):
        return
    settings = session.settings
    sender = OutboxSender(
        database=database,
        transport=transport_for(
            smtp_url=settings.smtp_url, mail_from=settings.mail_from, data_dir=session.data_dir
        ),
        clock=session.clock,
        acceptable=ActiveRecipients(database=database, operator=settings.operator_email),
    )
    await sender.send_one(number)


async def _reserved(session: Session, database: "Database", number: int) -> bool:
    """Keep the mail for this process for as long as an answer may take; False where a daemon has it."""
    from core.locks import FolderBusyError, data_folder_lock
    from processor.mail import outbox_store

    until = session.clock.now() + timedelta(seconds=ANSWER_S)
    try:
        with data_folder_lock(session.data_dir):
            async with database.writing() as connection:
                return await outbox_store.reserve(connection, number, until=until)
    except FolderBusyError:
        return False


async def _mail(database: "Database", number: int) -> "OutboxMail":
    from processor.mail.outbox_store import mail_of

    async with database.reading() as connection:
        return await mail_of(connection, number)
