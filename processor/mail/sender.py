"""Sends what the outbox holds (rule N3): no dead mail server, full disk or busy database ever ends it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from core.clock import Clock, from_text, to_text
from core.database import Database
from processor.mail import outbox_store
from processor.mail.mails import OutboxMail
from processor.mail.outbox_store import Connection, OutboxTroubleError, trouble_named
from processor.mail.schedule import GiveUp, RetryAt, after_attempt
from processor.mail.transport import Defer, Fail, Sent, Transport, Verdict

LOOK_AGAIN_S = 10.0  # a nudge may be lost, and commands write from other processes
AFTER_TROUBLE_S = 5.0
SERVER_PAUSE_S = 5.0
AT_ONCE = 8
STOP_GRACE_S = 3.0

NOT_ACCEPTABLE = "The recipient is not an active user of the organization any more."


@dataclass(frozen=True, slots=True)
class Skip:
    """The recipient may not get it any more (rule N2)."""


Acceptable = Callable[[OutboxMail], Awaitable[bool]]
Instead = Callable[[Connection, OutboxMail, datetime], Awaitable[None]]

log = structlog.get_logger()


class OutboxSender:
    """Sends due mails, several at a time so that one slow answer holds up no other.

    `acceptable` says at the time of sending whether the recipient may still get it (rule N2); `instead` sees to it that
    somebody else gets what the last recipient may not.
    """

    def __init__(
        self,
        *,
        database: Database,
        transport: Transport,
        clock: Clock,
        acceptable: Acceptable,
        instead: Instead | None = None,
        look_again_s: float = LOOK_AGAIN_S,
        after_trouble_s: float = AFTER_TROUBLE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._transport = transport
        self._clock = clock
        self._acceptable = acceptable
        self._instead = instead
        self._look_again_s = look_again_s
        self._after_trouble_s = after_trouble_s
        self._monotonic = monotonic
        self._woken = asyncio.Event()
        self._in_hand: set[int] = set()
        self._resting_until = 0.0  # on the monotonic clock: a clock that is set back must not prolong it

    def nudge(self) -> None:
        """Say that there may be something to send; from the loop's own thread."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as sending:
            while True:
                self._woken.clear()
                wait_s = await self._start_due(sending)
                # Not wait_for: in Python 3.11 it loses a cancellation that meets a nudge, and the stop hangs.
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()

    async def send_one(self, mail_id: int) -> None:
        """Try one mail once, in a process without a daemon, and keep what came of it.

        Raises:
            OutboxTroubleError: the outbox could not be read.
        """
        async with trouble_named(), self._database.reading() as connection:
            mail = await outbox_store.mail_of(connection, mail_id)
        await self._handle(mail)

    async def _start_due(self, sending: asyncio.TaskGroup) -> float:
        """Start sending what is due and return for how long nothing else is."""
        rest_s = self._resting_until - self._monotonic()
        if rest_s > 0:
            return min(self._look_again_s, rest_s)
        now = self._clock.now()
        try:
            async with trouble_named(), self._database.reading() as connection:
                free = AT_ONCE - len(self._in_hand)
                mails = await outbox_store.due(connection, now=now, limit=free, without=self._in_hand)
                busy = self._in_hand | {mail.id for mail in mails}
                following = await outbox_store.next_due(connection, without=busy)
        except OutboxTroubleError as exc:
            _log_trouble(exc)
            return self._after_trouble_s
        for mail in mails:
            self._in_hand.add(mail.id)
            sending.create_task(self._handle(mail))
        if following is None or len(self._in_hand) >= AT_ONCE:
            return self._look_again_s
        return min(self._look_again_s, max(0.0, (following - now).total_seconds()))

    async def _handle(self, mail: OutboxMail) -> None:
        """Bring one mail to its next state; what became of it is written down however long that takes (N3)."""
        try:
            verdict = await self._judge(mail)
            if verdict is None:
                await asyncio.sleep(self._after_trouble_s)
                return
            recorded = await self._record_whole(mail, verdict)
            while not recorded:
                await asyncio.sleep(self._after_trouble_s)
                recorded = await self._record_whole(mail, verdict)
        finally:
            self._in_hand.discard(mail.id)
            self._woken.set()

    async def _judge(self, mail: OutboxMail) -> Verdict | Skip | None:
        """Rule N2: send the mail if its recipient may still get it; None if nobody could say."""
        try:
            async with trouble_named():
                wanted = await self._acceptable(mail)
        except OutboxTroubleError as exc:
            _log_trouble(exc)
            return None
        if not wanted:
            return Skip()
        verdict = await self._transport.send(mail)
        if isinstance(verdict, Defer) and verdict.unreachable:
            self._resting_until = self._monotonic() + SERVER_PAUSE_S
        return verdict

    async def _record_whole(self, mail: OutboxMail, verdict: Verdict | Skip) -> bool:
        """Record, also when the daemon stops just now: a mail that is out and not recorded would go out again."""
        recording = asyncio.ensure_future(self._record(mail, verdict))
        try:
            return await asyncio.shield(recording)
        except asyncio.CancelledError:
            await asyncio.wait({recording}, timeout=STOP_GRACE_S)
            recording.cancel()
            raise

    async def _record(self, mail: OutboxMail, verdict: Verdict | Skip) -> bool:
        """Write what became of the mail and say so in the log; False if the database could not take it."""
        now = self._clock.now()
        try:
            async with trouble_named(), self._database.writing() as connection:
                event, fields = await _write(connection, mail, verdict, now)
                if self._instead is not None and isinstance(verdict, Skip):
                    await self._instead(connection, mail, now)
        except OutboxTroubleError as exc:
            _log_trouble(exc)
            return False
        log.info(event, mail=mail.id, import_number=mail.import_number, attempt=mail.attempts + 1, **fields)
        return True


async def _write(
    connection: Connection, mail: OutboxMail, verdict: Verdict | Skip, now: datetime
) -> tuple[str, dict[str, str]]:
    match verdict:
        case Sent(answer=answer):
            await outbox_store.mark_sent(connection, mail.id, now=now, answer=answer)
            return "mail.sent", {}
        case Skip():
            await outbox_store.mark_skipped(connection, mail.id, reason=NOT_ACCEPTABLE)
            return "mail.skipped", {"reason": NOT_ACCEPTABLE}
        case Fail(reason=reason):
            await outbox_store.mark_failed(connection, mail.id, error=reason)
            return "mail.failed", {"reason": reason}
        case Defer(reason=reason):
            return await _put_off(connection, mail, reason, now)


async def _put_off(
    connection: Connection, mail: OutboxMail, reason: str, now: datetime
) -> tuple[str, dict[str, str]]:
    match after_attempt(mail.attempts + 1, created_at=from_text(mail.created_at), now=now):
        case RetryAt(at=at):
            await outbox_store.mark_deferred(connection, mail.id, next_at=at, error=reason)
            return "mail.deferred", {"reason": reason, "next_at": to_text(at)}
        case GiveUp():
            error = f"Given up after 3 days. {reason}"
            await outbox_store.mark_failed(connection, mail.id, error=error)
            return "mail.failed", {"reason": reason}


def _log_trouble(exc: OutboxTroubleError) -> None:
    log.warning("outbox.troubled", reason=exc.public_message, cause=type(exc.__cause__).__name__)
