from datetime import timedelta

import pytest

from core.database import Database
from processor.mail import outbox_store
from processor.mail.mails import MailState, SummaryLine
from processor.mail.summary import lines_of
from tests.integration.mail.conftest import MovedClock
from tests.integration.mail.writing import MAIL_FROM, all_mails, new_mail, states, whole_mails, write_mails


async def test_n03_a_mail_is_written_with_its_transaction_or_not_at_all(
    database: Database, clock: MovedClock
) -> None:
    async def fail_after_writing() -> None:
        async with database.writing() as connection:
            await outbox_store.enqueue(connection, [new_mail()], now=clock.now(), mail_from=MAIL_FROM)
            raise RuntimeError("the import rolls back")

    with pytest.raises(RuntimeError):
        await fail_after_writing()
    assert await all_mails(database) == []
    await write_mails(database, clock, new_mail())
    (mail,) = await all_mails(database)
    assert (mail.state, mail.import_number, mail.attempts) == (MailState.WAITING, 17, 0)
    assert mail.message_id.endswith("@vendor.example>")


async def test_n03_each_recipient_has_a_mail_and_a_message_id_of_his_own(
    database: Database, clock: MovedClock
) -> None:
    await write_mails(database, clock, new_mail(recipient="a@x.example"), new_mail(recipient="b@x.example"))
    mails = await all_mails(database)
    assert [mail.recipient for mail in mails] == ["a@x.example", "b@x.example"]
    assert len({mail.message_id for mail in mails}) == 2


async def test_n03_due_mails_are_those_whose_time_has_come(database: Database, clock: MovedClock) -> None:
    first, second = await write_mails(database, clock, new_mail(1), new_mail(2))
    later = clock.now() + timedelta(seconds=5)
    async with database.writing() as connection:
        await outbox_store.mark_deferred(connection, first, next_at=later, error="451 busy")
    async with database.reading() as connection:
        assert [mail.id for mail in await outbox_store.due(connection, now=clock.now())] == [second]
        assert await outbox_store.due(connection, now=clock.now(), without=[second]) == []
        assert await outbox_store.next_due(connection, without=[second]) == later
        due = await outbox_store.due(connection, now=later)
        assert [(mail.id, mail.attempts, mail.last_error) for mail in due] == [
            (second, 0, None),
            (first, 1, "451 busy"),
        ]


async def test_n03_a_mail_that_was_written_before_the_clock_was_set_back_by_a_year_is_due(
    database: Database, clock: MovedClock
) -> None:
    (mail_id,) = await write_mails(database, clock, new_mail())
    for back_s, is_due in ((1, False), (365 * 86_400, True)):
        now = clock.now() - timedelta(seconds=back_s)
        async with database.reading() as connection:
            due = await outbox_store.due(connection, now=now)
        assert [mail.id for mail in due] == [mail_id] * is_due


async def test_n01_the_seventh_import_mail_of_an_hour_becomes_a_summary(
    database: Database, clock: MovedClock
) -> None:
    for number in range(1, 11):
        await write_mails(database, clock, new_mail(number))
        clock.move(seconds=10)
    mails = await whole_mails(database, clock)
    assert [mail.import_number for mail in mails] == [1, 2, 3, 4, 5, 6, None]
    summary = mails[-1]
    assert summary.content.subject == "Mavericks: 4 more imports in the last hour"
    assert lines_of(summary.content.text) == [
        SummaryLine(f"users.csv imported {number}") for number in (7, 8, 9, 10)
    ]
    assert "users.csv imported 10" in summary.content.html
    assert summary.next_at == "2026-11-23T10:05:00.000+00:00"


async def test_n01_other_recipients_and_other_mails_are_not_held_back(
    database: Database, clock: MovedClock
) -> None:
    await write_mails(database, clock, *(new_mail(number) for number in range(1, 8)))
    await write_mails(database, clock, new_mail(8, "otto@x.example"), new_mail(9, line=None), new_mail(None))
    assert [mail.import_number for mail in await all_mails(database)] == [1, 2, 3, 4, 5, 6, None, 8, 9, None]


async def test_n01_a_summary_that_was_tried_takes_nothing_more(database: Database, clock: MovedClock) -> None:
    ids = await write_mails(database, clock, *(new_mail(number) for number in range(1, 8)))
    async with database.writing() as connection:
        await outbox_store.mark_deferred(
            connection, ids[-1], next_at=clock.now() + timedelta(hours=2), error="451 busy"
        )
    await write_mails(database, clock, new_mail(8))
    first, second = [mail for mail in await whole_mails(database, clock) if mail.import_number is None]
    assert lines_of(first.content.text) == [SummaryLine("users.csv imported 7")]
    assert lines_of(second.content.text) == [SummaryLine("users.csv imported 8")]


async def test_n01_an_hour_later_mails_go_out_one_by_one_again(database: Database, clock: MovedClock) -> None:
    await write_mails(database, clock, *(new_mail(number) for number in range(1, 8)))
    clock.move(hours=1, seconds=1)
    await write_mails(database, clock, new_mail(8))
    assert (await all_mails(database))[-1].import_number == 8


async def test_n03_retry_lets_failed_mails_go_out_again_with_three_days_before_them(
    database: Database, clock: MovedClock
) -> None:
    one, two, three, four = await write_mails(database, clock, *(new_mail(number) for number in range(1, 5)))
    async with database.writing() as connection:
        await outbox_store.mark_failed(connection, one, error="550 no")
        await outbox_store.mark_failed(connection, two, error="550 no")
        await outbox_store.mark_sent(connection, three, now=clock.now())
        await outbox_store.mark_skipped(connection, four, reason="not active")
    assert await states(database) == ["failed", "failed", "sent", "skipped"]
    clock.move(days=5)
    async with database.writing() as connection:
        assert await outbox_store.retry(connection, now=clock.now(), ids=[three]) == []
        assert await outbox_store.retry(connection, now=clock.now(), ids=[four]) == [four]
        assert await outbox_store.retry(connection, now=clock.now()) == [one, two]
    again = (await all_mails(database))[0]
    assert (again.state, again.attempts, again.created_at) == (
        MailState.WAITING,
        0,
        "2026-11-28T09:05:00.000+00:00",
    )


async def test_mails_are_listed_newest_first_by_organization_import_and_state(
    database: Database, clock: MovedClock
) -> None:
    ids = await write_mails(database, clock, new_mail(1), new_mail(2))
    async with database.writing() as connection:
        await outbox_store.mark_sent(connection, ids[0], now=clock.now())
    async with database.reading() as connection:
        assert [mail.id for mail in await outbox_store.list_mails(connection, org_id="007")] == ids[::-1]
        assert await outbox_store.list_mails(connection, org_id="008") == []
        assert [mail.id for mail in await outbox_store.list_mails(connection, import_number=1)] == ids[:1]
        assert [mail.id for mail in await outbox_store.list_mails(connection, state=MailState.SENT)] == ids[
            :1
        ]
        assert [mail.id for mail in await outbox_store.list_mails(connection, limit=1)] == ids[1:]
        assert await outbox_store.count_by_state(connection) == {MailState.SENT: 1, MailState.WAITING: 1}
