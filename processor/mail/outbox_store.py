"""SQL of the outbox table (rules N1, N3); nothing else names that table."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.errors import ServiceError
from core.mail_schema import outbox
from core.schema import organizations
from processor.mail import flood
from processor.mail.mails import MailContent, MailState, NewMail, OutboxMail, SummaryLine, message_id
from processor.mail.summary import SUMMARY_ID, compose_summary, lines_of, summary_id


@dataclass(slots=True, kw_only=True)
class _Recipient:
    """What somebody got within the hour, as it grows by the mails of one call."""

    recent: list[datetime]  # when his import mails were written
    summary: flood.OpenSummary | None
    summary_of: str
    joining: list[SummaryLine] = field(default_factory=list)  # lines for the summary, written at the end


Connection = AsyncConnection  # so that the sender, which speaks no SQL, can name what it hands through

LONGEST_WAIT = timedelta(
    days=2
)  # a summary's hour, a retry's quarter of an hour; a day for what a time zone moves
BODIES = frozenset({"text", "html"})


class OutboxTroubleError(ServiceError):
    """The database did not answer now: the disk is full, or somebody holds it for long."""

    code = "outbox_trouble"
    retryable = True


@asynccontextmanager
async def trouble_named() -> AsyncIterator[None]:
    """Turn what a database or its disk may raise into one error.

    Raises:
        OutboxTroubleError: reading or writing failed; it may succeed later.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as exc:
        raise OutboxTroubleError("The outbox could not be read or written now; it is tried again.") from exc


async def enqueue(
    connection: AsyncConnection, mails: Iterable[NewMail], *, now: datetime, mail_from: str
) -> list[int]:
    """Rule N3: write the mails in the caller's transaction, each with its fixed Message-ID; return the rows' ids.

    Rule N1: from the seventh import mail to a recipient within an hour on, it becomes a line of one summary, whose id
    is returned instead.
    """
    recipients: dict[tuple[int | None, str], _Recipient] = {}
    ids = [await _enqueue_one(connection, mail, now, mail_from, recipients) for mail in mails]
    for recipient in recipients.values():
        await _join(connection, recipient)
    return ids


async def due(
    connection: AsyncConnection, *, now: datetime, limit: int = 50, without: Iterable[int] = ()
) -> list[OutboxMail]:
    """Return the waiting mails whose time has come, oldest first, but for those in `without`.

    What would wait for longer than any mail does was written before the clock was set back: it is due, too.
    """
    too_far = to_text(now + LONGEST_WAIT)
    query = (
        select(outbox)
        .where(
            outbox.c.state == MailState.WAITING,
            (outbox.c.next_at <= to_text(now)) | (outbox.c.next_at > too_far),
        )
        .where(outbox.c.id.not_in(list(without)))
        .order_by(outbox.c.next_at, outbox.c.id)
        .limit(limit)
    )
    return [_from_row(row, text=row.text, html=row.html) for row in await connection.execute(query)]


async def next_due(connection: AsyncConnection, *, without: Iterable[int] = ()) -> datetime | None:
    """Return when the next waiting mail is due, None if none waits."""
    query = select(func.min(outbox.c.next_at)).where(
        outbox.c.state == MailState.WAITING, outbox.c.id.not_in(list(without))
    )
    first = (await connection.execute(query)).scalar()
    return None if first is None else from_text(first)


async def mark_sent(
    connection: AsyncConnection, mail_id: int, *, now: datetime, answer: str | None = None
) -> None:
    """The server, or the Maildir, has it for good; `answer` is what it said."""
    await _mark(
        connection,
        mail_id,
        state=MailState.SENT,
        attempts=outbox.c.attempts + 1,
        sent_at=to_text(now),
        last_error=None,
        answer=answer,
    )


async def mark_deferred(connection: AsyncConnection, mail_id: int, *, next_at: datetime, error: str) -> None:
    """Rule N3: it could not be sent now and is tried again at `next_at`."""
    await _mark(
        connection,
        mail_id,
        attempts=outbox.c.attempts + 1,
        next_at=to_text(next_at),
        last_error=error,
    )


async def reserve(connection: AsyncConnection, mail_id: int, *, until: datetime) -> bool:
    """Keep a mail that nobody tried for the process that asks: no daemon sends it before `until`. False: tried."""
    waits = (outbox.c.id == mail_id) & (outbox.c.state == MailState.WAITING) & (outbox.c.attempts == 0)
    result = await connection.execute(update(outbox).where(waits).values(next_at=to_text(until)))
    return result.rowcount == 1


async def mark_failed(connection: AsyncConnection, mail_id: int, *, error: str) -> None:
    """Rule N3: the server refused it for good, or 3 days were not enough."""
    await _mark(connection, mail_id, state=MailState.FAILED, attempts=outbox.c.attempts + 1, last_error=error)


async def mark_skipped(connection: AsyncConnection, mail_id: int, *, reason: str) -> None:
    """Rule N2: the recipient is not an active user any more."""
    await _mark(connection, mail_id, state=MailState.SKIPPED, last_error=reason)


async def list_mails(
    connection: AsyncConnection,
    *,
    org_id: str | None = None,
    import_number: int | None = None,
    state: MailState | None = None,
    limit: int = 0,
) -> list[OutboxMail]:
    """Return mails without their bodies, newest first; `limit` 0 returns all."""
    query = select(*(column for column in outbox.c if column.name not in BODIES)).order_by(outbox.c.id.desc())
    if org_id is not None:
        query = query.where(
            outbox.c.org_no.in_(select(organizations.c.no).where(organizations.c.id == org_id))
        )
    if import_number is not None:
        query = query.where(outbox.c.import_number == import_number)
    if state is not None:
        query = query.where(outbox.c.state == state)
    if limit:
        query = query.limit(limit)
    return [_from_row(row, text="", html="") for row in await connection.execute(query)]


async def retry(connection: AsyncConnection, *, now: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Let mails go out again at once: all failed ones, or those in `ids` that are not sent; return which.

    Their 3 days begin anew (rule N3).
    """
    wanted = select(outbox.c.id)
    if ids is None:
        wanted = wanted.where(outbox.c.state == MailState.FAILED)
    else:
        wanted = wanted.where(outbox.c.id.in_(ids), outbox.c.state != MailState.SENT)
    found = list((await connection.execute(wanted.order_by(outbox.c.id))).scalars())
    text = to_text(now)
    for mail_id in found:
        await _mark(
            connection,
            mail_id,
            state=MailState.WAITING,
            attempts=0,
            created_at=text,
            next_at=text,
            failure_told=0,
        )
    return found


async def mail_of(connection: AsyncConnection, mail_id: int) -> OutboxMail:
    """Return one mail, which must be there."""
    row = (await connection.execute(select(outbox).where(outbox.c.id == mail_id))).one()
    return _from_row(row, text=row.text, html=row.html)


async def has(connection: AsyncConnection, uuid: UUID, *, mail_from: str, prefix: str = "") -> bool:
    """Say whether a mail with this id was written before."""
    query = select(outbox.c.id).where(outbox.c.message_id == message_id(uuid, mail_from, prefix=prefix))
    return (await connection.execute(query)).first() is not None


async def has_other_reader(connection: AsyncConnection, mail: OutboxMail) -> bool:
    """Rule N2: whether the same mail went, or may still go, to somebody else."""
    query = select(outbox.c.id).where(
        outbox.c.id != mail.id,
        outbox.c.org_no == mail.org_no,
        outbox.c.import_number.is_not_distinct_from(mail.import_number),
        outbox.c.created_at == mail.created_at,
        outbox.c.subject == mail.content.subject,
        outbox.c.state != MailState.SKIPPED,
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def untold_failures(
    connection: AsyncConnection, *, without_prefix: str, limit: int
) -> tuple[int, list[tuple[int, str]]]:
    """Return how many mails failed that the operator was not told of, and the newest with their reasons.

    Those whose Message-ID begins with `without_prefix` don't count.
    """
    untold = _untold(without_prefix)
    count = (await connection.execute(select(func.count()).select_from(outbox).where(untold))).scalar_one()
    query = select(outbox.c.id, outbox.c.last_error).where(untold).order_by(outbox.c.id.desc()).limit(limit)
    return int(count), [(row.id, row.last_error or "") for row in await connection.execute(query)]


async def note_failures_told(connection: AsyncConnection, *, without_prefix: str) -> None:
    """The operator is told of all of them by a mail of this transaction."""
    await connection.execute(update(outbox).where(_untold(without_prefix)).values(failure_told=1))


def _untold(without_prefix: str) -> Any:
    return (
        (outbox.c.state == MailState.FAILED)
        & (outbox.c.failure_told == 0)
        & outbox.c.message_id.not_like(f"<{without_prefix}%")
    )


async def count_by_state(connection: AsyncConnection) -> dict[MailState, int]:
    """Return how many mails stand where, for metrics and `doctor`."""
    query = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    return {MailState(state): count for state, count in await connection.execute(query)}


async def _enqueue_one(
    connection: AsyncConnection,
    mail: NewMail,
    now: datetime,
    mail_from: str,
    recipients: dict[tuple[int | None, str], _Recipient],
) -> int:
    if mail.import_number is None or mail.summary_line is None:
        identity = message_id(mail.uuid, mail_from, prefix=mail.id_prefix)
        return await _insert(connection, mail, now, now, identity)
    whose = (mail.org_no, mail.recipient)
    recipient = recipients.get(whose) or await _recipient(connection, mail, now)
    recipients[whose] = recipient
    match flood.decide(recent=recipient.recent, summary=recipient.summary, now=now):
        case flood.Alone():
            recipient.recent.append(now)
            return await _insert(connection, mail, now, now, message_id(mail.uuid, mail_from))
        case flood.Join(summary=summary):
            recipient.joining.append(mail.summary_line)
            return summary
        case flood.Begin(due_at=due_at):
            await _join(connection, recipient)
            content = compose_summary(mail.summary_of, [mail.summary_line])
            made = await _insert(
                connection, mail, now, due_at, summary_id(mail.uuid, mail_from), content=content
            )
            recipient.summary = flood.OpenSummary(made, due_at)
            return made


async def _recipient(connection: AsyncConnection, mail: NewMail, now: datetime) -> _Recipient:
    """Return what counts for the next mail; a summary only where it may take it in."""
    recent = await _recent(connection, mail, now)
    summary = await _open_summary(connection, mail) if len(recent) >= flood.LIMIT else None
    return _Recipient(recent=recent, summary=summary, summary_of=mail.summary_of)


async def _insert(
    connection: AsyncConnection,
    mail: NewMail,
    now: datetime,
    next_at: datetime,
    identity: str,
    *,
    content: MailContent | None = None,
) -> int:
    """Write a row; with `content` it is a summary, which belongs to no import."""
    said = content or mail.composed()
    row = insert(outbox).values(
        org_no=mail.org_no,
        import_number=mail.import_number if content is None else None,
        recipient=mail.recipient,
        subject=said.subject,
        text=said.text,
        html=said.html,
        message_id=identity,
        state=MailState.WAITING,
        created_at=to_text(now),
        next_at=to_text(next_at),
        would_be=int(mail.would_be),
    )
    return int((await connection.execute(row.returning(outbox.c.id))).scalar_one())


async def _join(connection: AsyncConnection, recipient: _Recipient) -> None:
    """Write what joins his open summary into it, in one."""
    if recipient.summary is None or not recipient.joining:
        return
    summary = recipient.summary.id
    text = (await connection.execute(select(outbox.c.text).where(outbox.c.id == summary))).scalar_one()
    content = compose_summary(recipient.summary_of, [*lines_of(text), *recipient.joining])
    await _mark(connection, summary, subject=content.subject, text=content.text, html=content.html)
    recipient.joining.clear()


async def _recent(connection: AsyncConnection, mail: NewMail, now: datetime) -> list[datetime]:
    """Return when this recipient's import mails of the last hour were written."""
    query = select(outbox.c.created_at).where(
        _same_recipient(mail),
        outbox.c.import_number.is_not(None),
        outbox.c.created_at > to_text(now - flood.WINDOW),
    )
    return [from_text(at) for at in (await connection.execute(query)).scalars()]


async def _open_summary(connection: AsyncConnection, mail: NewMail) -> flood.OpenSummary | None:
    query = (
        select(outbox.c.id, outbox.c.next_at)
        .where(_same_recipient(mail), outbox.c.state == MailState.WAITING, outbox.c.attempts == 0)
        .where(outbox.c.import_number.is_(None), outbox.c.message_id.startswith(SUMMARY_ID))
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else flood.OpenSummary(row.id, from_text(row.next_at))


def _same_recipient(mail: NewMail) -> Any:
    return (outbox.c.org_no == mail.org_no) & (outbox.c.recipient == mail.recipient)


async def _mark(connection: AsyncConnection, mail_id: int, **values: Any) -> None:
    await connection.execute(update(outbox).where(outbox.c.id == mail_id).values(**values))


def _from_row(row: Row[Any], *, text: str, html: str) -> OutboxMail:
    return OutboxMail(
        id=row.id,
        org_no=row.org_no,
        import_number=row.import_number,
        recipient=row.recipient,
        content=MailContent(row.subject, text, html),
        message_id=row.message_id,
        state=MailState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=row.next_at,
        sent_at=row.sent_at,
        last_error=row.last_error,
        answer=row.answer,
        would_be=bool(row.would_be),
    )
