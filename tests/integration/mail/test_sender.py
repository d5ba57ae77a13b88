import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.database import Database
from processor.mail import outbox_store
from processor.mail.mails import MailState, OutboxMail
from processor.mail.sender import OutboxSender
from processor.mail.smtp import SmtpTransport
from processor.mail.smtp_url import parse_smtp_url
from processor.mail.transport import Defer, Fail, Sent, Verdict
from processor.mail.transports import transport_for
from tests.integration.mail.conftest import MovedClock
from tests.integration.mail.servers import HOST, Postbox, refused_port, serving, silent_server
from tests.integration.mail.writing import MAIL_FROM, all_mails, eventually, new_mail, states, write_mails


@dataclass
class Fake:
    """A transport that answers as it is told, the last answer again and again."""

    answers: list[Verdict] = field(default_factory=lambda: [Sent()])
    sent: list[OutboxMail] = field(default_factory=list)

    async def send(self, mail: OutboxMail) -> Verdict:
        self.sent.append(mail)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def everybody(mail: OutboxMail) -> bool:
    return True


@asynccontextmanager
async def running(
    database: Database,
    clock: MovedClock,
    transport: Any,
    acceptable: Callable[[OutboxMail], Awaitable[bool]] = everybody,
    monotonic: Callable[[], float] | None = None,
) -> AsyncIterator[OutboxSender]:
    def moved() -> float:
        return clock.at.timestamp()

    sender = OutboxSender(
        database=database,
        transport=transport,
        clock=clock,
        acceptable=acceptable,
        look_again_s=0.01,
        after_trouble_s=0.01,
        monotonic=monotonic or moved,
    )
    task = asyncio.create_task(sender.run())
    try:
        yield sender
        assert not task.done(), "the sender ended"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def test_n03_a_mail_is_sent_once_and_logged_without_its_address(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    transport = Fake()
    (mail_id,) = await write_mails(database, clock, new_mail(17))
    async with running(database, clock, transport) as sender:
        sender.nudge()
        await eventually(lambda: is_state(database, "sent"))
    (mail,) = await all_mails(database)
    assert (mail.attempts, mail.sent_at, mail.last_error) == (1, "2026-11-23T09:05:00.000+00:00", None)
    assert len(transport.sent) == 1
    (line,) = [line for line in logged if line["event"] == "mail.sent"]
    assert (line["mail"], line["import_number"], line["attempt"]) == (mail_id, 17, 1)
    assert "nora" not in repr(logged)


async def is_state(database: Database, *expected: str) -> bool:
    return await states(database) == list(expected)


async def attempts(database: Database) -> list[int]:
    return [mail.attempts for mail in await all_mails(database)]


async def test_n03_a_deferred_mail_goes_out_when_its_time_has_come(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    transport = Fake([Defer("451 busy"), Defer("451 busy"), Sent()])
    await write_mails(database, clock, new_mail())

    async def tried(times: int) -> bool:
        return await attempts(database) == [times]

    async with running(database, clock, transport):
        await eventually(lambda: tried(1))
        assert (await all_mails(database))[0].next_at == "2026-11-23T09:05:05.000+00:00"
        clock.move(seconds=4)
        assert await attempts(database) == [1]
        clock.move(seconds=1)
        await eventually(lambda: tried(2))
        assert (await all_mails(database))[0].next_at == "2026-11-23T09:05:15.000+00:00"
        clock.move(seconds=10)
        await eventually(lambda: is_state(database, "sent"))
    assert [line["event"] for line in logged] == ["mail.deferred", "mail.deferred", "mail.sent"]
    assert len({mail.message_id for mail in transport.sent}) == 1


async def test_n03_a_refused_mail_fails_and_the_others_go_on(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    await write_mails(database, clock, new_mail(1))
    transport = Fake([Fail("550 no such user"), Sent()])
    async with running(database, clock, transport):
        await eventually(lambda: is_state(database, "failed"))
        await write_mails(database, clock, new_mail(2))
        await eventually(lambda: is_state(database, "failed", "sent"))
    assert (await all_mails(database))[0].last_error == "550 no such user"
    assert [line["event"] for line in logged] == ["mail.failed", "mail.sent"]


async def test_n03_after_three_days_a_mail_is_given_up(database: Database, clock: MovedClock) -> None:
    await write_mails(database, clock, new_mail())
    clock.move(days=3)
    async with running(database, clock, Fake([Defer("451 busy")])):
        await eventually(lambda: is_state(database, "failed"))
    assert (await all_mails(database))[0].last_error == "Given up after 3 days. 451 busy"


def impatient(port: int) -> SmtpTransport:
    """A transport that gives an answer the time of a test."""
    return SmtpTransport(
        server=parse_smtp_url(f"smtp://{HOST}:{port}"),
        mail_from=MAIL_FROM,
        connect_timeout_s=0.2,
        command_timeout_s=0.2,
        final_timeout_s=0.2,
    )


async def to_its_end(database: Database, clock: MovedClock, transport: SmtpTransport) -> OutboxMail:
    """Let one mail be tried each day until nobody tries it any more; every time it waits for no answer."""
    await write_mails(database, clock, new_mail())
    async with running(database, clock, transport):
        for day in range(1, 5):

            async def tried(times: int = day) -> bool:
                return await attempts(database) == [times]

            await eventually(tried)
            assert await is_state(database, "waiting" if day < 4 else "failed")
            clock.move(days=1)
    return (await all_mails(database))[0]


@pytest.mark.parametrize("where", ["before it says a word", "after the mail"])
async def test_n03_a_server_that_hangs_is_tried_again_until_the_mail_is_given_up_and_is_seen_as_failed(
    database: Database, clock: MovedClock, logged: list[Any], where: str
) -> None:
    postbox = Postbox(data="hang")
    async with silent_server() if where.startswith("before") else serving(postbox) as port:
        mail = await to_its_end(database, clock, impatient(port))
    assert mail.state is MailState.FAILED
    assert (mail.last_error or "").startswith("Given up after 3 days. ")
    assert [line["event"] for line in logged] == ["mail.deferred"] * 3 + ["mail.failed"]
    async with database.reading() as connection:
        shown = await outbox_store.list_mails(connection, state=MailState.FAILED)
        untold = await outbox_store.untold_failures(connection, without_prefix="none-", limit=5)
    assert [one.id for one in shown] == [mail.id]
    assert untold[0] == 1, "the operator hears of it"
    assert postbox.got == []


async def test_n02_a_recipient_who_was_deactivated_meanwhile_is_skipped(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    async def only_otto(mail: OutboxMail) -> bool:
        return mail.recipient == "otto@x.example"

    await write_mails(database, clock, new_mail(1), new_mail(2, "otto@x.example"))
    transport = Fake()
    async with running(database, clock, transport, only_otto):
        await eventually(lambda: is_state(database, "skipped", "sent"))
    assert [mail.recipient for mail in transport.sent] == ["otto@x.example"]
    assert {line["event"] for line in logged} == {"mail.skipped", "mail.sent"}


async def test_n03_a_dead_mail_server_delays_nothing_and_gets_the_mail_when_it_lives_again(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    port = await refused_port()
    transport = SmtpTransport(server=parse_smtp_url(f"smtp://{HOST}:{port}"), mail_from=MAIL_FROM)
    async with running(database, clock, transport):
        await write_mails(database, clock, new_mail(1))

        async def deferred() -> bool:
            return [line["event"] for line in logged] == ["mail.deferred"]

        await eventually(deferred)
        await write_mails(database, clock, new_mail(2))
        assert await states(database) == ["waiting", "waiting"]
        postbox = Postbox()
        async with serving(postbox, port=port):
            clock.move(seconds=5)
            await eventually(lambda: is_state(database, "sent", "sent"))
        assert {message["X-Rosterdrop-Import"] for message in postbox.messages} == {"1", "2"}


@dataclass
class Ticks:
    """A monotonic clock that stands still, and counts who looks at it."""

    now_s: float = 1000.0
    looks: int = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.now_s


async def test_n03_an_unreachable_server_is_left_alone_for_5_s_also_when_the_clock_is_set_back(
    database: Database, clock: MovedClock
) -> None:
    transport, ticks = Fake([Defer("no route", unreachable=True), Sent()]), Ticks()
    await write_mails(database, clock, new_mail(1))
    async with running(database, clock, transport, monotonic=ticks) as sender:

        async def deferred() -> bool:
            return await attempts(database) == [1]

        await eventually(deferred)
        clock.move(hours=-1)
        await write_mails(database, clock, new_mail(2))
        sender.nudge()
        ticks.now_s += 4.9
        looks = ticks.looks

        async def looked() -> bool:
            return ticks.looks >= looks + 3

        await eventually(looked)
        assert len(transport.sent) == 1, "the server rests"
        ticks.now_s += 0.1
        await eventually(lambda: is_state(database, "waiting", "sent"))


async def test_n03_one_slow_answer_holds_up_no_other_mail(database: Database, clock: MovedClock) -> None:
    answer = asyncio.Event()

    class Slow(Fake):
        async def send(self, mail: OutboxMail) -> Verdict:
            if mail.import_number == 1:
                await answer.wait()
            return await super().send(mail)

    await write_mails(database, clock, new_mail(1), new_mail(2), new_mail(3))
    async with running(database, clock, Slow()):
        await eventually(lambda: is_state(database, "waiting", "sent", "sent"))
        answer.set()
        await eventually(lambda: is_state(database, "sent", "sent", "sent"))


async def test_n03_a_sent_mail_is_not_sent_again_when_the_database_cannot_say_so(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    transport = Fake()
    await write_mails(database, clock, new_mail())
    async with database.writing() as connection:
        # Whatever an update of the outbox meets, a full disk or a damaged page, comes up as a database error.
        await connection.exec_driver_sql(
            "CREATE TRIGGER full_disk BEFORE UPDATE ON outbox BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )

    async def troubled() -> bool:
        return len([line for line in logged if line["event"] == "outbox.troubled"]) > 3

    async with running(database, clock, transport):
        await eventually(troubled)
        assert await states(database) == ["waiting"]
        async with database.writing() as connection:
            await connection.exec_driver_sql("DROP TRIGGER full_disk")
        await eventually(lambda: is_state(database, "sent"))
    assert len(transport.sent) == 1


async def test_n03_a_stop_does_not_forget_what_was_just_sent(database: Database, clock: MovedClock) -> None:
    transport = Fake()
    await write_mails(database, clock, new_mail())
    sender = OutboxSender(database=database, transport=transport, clock=clock, acceptable=everybody)

    async def handed_over() -> bool:
        return len(transport.sent) == 1

    async with database.writing():
        task = asyncio.create_task(sender.run())
        await eventually(handed_over)
        task.cancel()
        await asyncio.wait({task}, timeout=0.05)
        assert not task.done()
    with suppress(asyncio.CancelledError):
        await task
    assert await states(database) == ["sent"]


async def test_a_stop_that_meets_a_nudge_still_stops(database: Database, clock: MovedClock) -> None:
    await write_mails(database, clock, new_mail())
    sender = OutboxSender(database=database, transport=Fake(), clock=clock, acceptable=everybody)
    task = asyncio.create_task(sender.run())
    await eventually(lambda: is_state(database, "sent"))
    for _ in range(20):
        await asyncio.sleep(0.01)  # until it waits for the next nudge
    sender.nudge()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    task.cancel()
    assert done == {task}


async def test_n02_nothing_is_sent_while_nobody_can_say_who_is_active(
    database: Database, clock: MovedClock, logged: list[Any]
) -> None:
    asked = 0

    async def broken_at_first(mail: OutboxMail) -> bool:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OSError(28, "No space left on device")
        return True

    transport = Fake()
    await write_mails(database, clock, new_mail())
    async with running(database, clock, transport, broken_at_first):
        await eventually(lambda: is_state(database, "sent"))
    assert asked == 3
    assert len(transport.sent) == 1


async def test_n01_a_summary_goes_out_when_its_hour_is_over(database: Database, clock: MovedClock) -> None:
    await write_mails(database, clock, *(new_mail(number) for number in range(1, 9)))
    transport = Fake()
    async with running(database, clock, transport):
        await eventually(lambda: is_state(database, *["sent"] * 6, "waiting"))
        clock.move(hours=1)
        await eventually(lambda: is_state(database, *["sent"] * 7))
    assert transport.sent[-1].content.subject == "Mavericks: 2 more imports in the last hour"


async def test_n03_without_a_mail_server_mails_are_files_and_sent(
    database: Database, clock: MovedClock, tmp_path: Path
) -> None:
    await write_mails(database, clock, *(new_mail(number) for number in range(1, 4)))
    transport = transport_for(smtp_url=None, mail_from=MAIL_FROM, data_dir=tmp_path)
    async with running(database, clock, transport):
        await eventually(lambda: is_state(database, "sent", "sent", "sent"))
    assert len(list((tmp_path / "mail" / "new").glob("*.eml"))) == 3


async def test_n03_many_mails_all_arrive_and_a_nudge_wakes_at_once(
    database: Database, clock: MovedClock
) -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        transport = SmtpTransport(server=parse_smtp_url(f"smtp://{HOST}:{port}"), mail_from=MAIL_FROM)
        sender = OutboxSender(
            database=database, transport=transport, clock=clock, acceptable=everybody, look_again_s=600
        )
        task = asyncio.create_task(sender.run())
        try:
            mails = [new_mail(number, f"user{number}@x.example") for number in range(1, 41)]
            await write_mails(database, clock, *mails)
            sender.nudge()
            await eventually(lambda: is_state(database, *["sent"] * 40))
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert len({message["Message-ID"] for message in postbox.messages}) == 40
    assert {str(mail.state) for mail in await all_mails(database)} == {MailState.SENT}
