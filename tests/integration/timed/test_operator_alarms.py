"""What the operator is told of: a disk that is nearly full, mails that failed, a lost key (U9, N3, R3)."""

from datetime import UTC, datetime, timedelta

import pytest

from core.secrets_key_store import secrets_key_to_keep_with
from processor.mail import outbox_store
from processor.operator_alarms import OperatorAlarms, may_tell_again
from tests.integration.directory.house import House
from tests.integration.timed.conftest import OPERATOR, mails, told

RESERVE = 1 << 30
LOW = "rosterdrop: the disk is nearly full"


def alarms(house: House) -> OperatorAlarms:
    return OperatorAlarms(database=house.database, clock=house.clock, settings=house.settings)


async def fail_all(house: House, reason: str) -> None:
    """What the mail server does to everything that waits."""
    async with house.database.writing() as connection:
        for mail in await outbox_store.due(connection, now=house.clock.now()):
            await outbox_store.mark_failed(connection, mail.id, error=reason)


async def test_u09_a_disk_below_twice_the_reserve_is_told_once_until_it_is_well_again(house: House) -> None:
    for free in (2 * RESERVE, 2 * RESERVE - 1, RESERVE // 2, 2 * RESERVE, 2 * RESERVE - 1):
        await alarms(house).look_at_disk(free)
    assert await told(house) == [(OPERATOR, LOW)]
    assert "2,047 MiB are free" in (await mails(house))[0].content.text
    for free in (3 * RESERVE, RESERVE):
        await alarms(house).look_at_disk(free)
    assert await told(house) == [(OPERATOR, LOW)] * 2


async def test_n03_mails_that_failed_are_told_at_most_once_a_day(house: House) -> None:
    org = await house.org()
    await org.drop("users.csv", b"User Email\nann@x.example\n")
    await fail_all(house, "550 no such user")
    for _ in range(2):
        await alarms(house).look_at_mails()
    mail = (await mails(house))[-1]
    assert (mail.recipient, mail.content.subject) == (OPERATOR, "rosterdrop: 1 mail could not be delivered")
    assert "550 no such user" in mail.content.text
    await org.drop("users.csv", b"User Email\nbob@x.example\n")
    await fail_all(house, "550 no such user")
    await alarms(house).look_at_mails()
    assert len(await told(house)) == 3
    house.clock.move(hours=24)
    await alarms(house).look_at_mails()
    assert [subject for _, subject in await told(house)][3:] == ["rosterdrop: 1 mail could not be delivered"]


@pytest.mark.parametrize(
    ("told_at", "may"),
    [(None, True), (timedelta(hours=-23), False), (timedelta(days=-1), True), (timedelta(days=365), True)],
    ids=["never", "today", "yesterday", "by a clock that was ahead"],
)
def test_n03_an_operator_is_told_again_after_a_day(told_at: timedelta | None, may: bool) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert may_tell_again(None if told_at is None else now + told_at, now=now) is may


async def test_n03_a_mail_about_failed_mails_is_never_told_of_itself(house: House) -> None:
    org = await house.org()
    await org.drop("users.csv", b"User Email\nann@x.example\n")
    for _ in range(4):
        await fail_all(house, "550 no such user")
        await alarms(house).look_at_mails()
        house.clock.move(days=2)
    assert len(await told(house)) == 2


async def test_r03_a_secrets_key_that_is_not_at_hand_is_told_once_until_it_is_back(house: House) -> None:
    org, keys_dir = await house.org(), house.settings.keys_dir
    key = await secrets_key_to_keep_with(house.database, keys_dir, now=house.clock.now())
    (keys_dir / "secrets.key").unlink()
    await alarms(house).look_at_secrets_key()
    assert await told(house) == [], "nothing depends on it"
    await org.sql("INSERT INTO erased_people (org_no, address_hash, erased_at) VALUES (:org, x'00', 'now')")
    for content in (None, None, b"x" * 32, key, b"x" * 32):
        if content is not None:
            (keys_dir / "secrets.key").write_bytes(content)
        await alarms(house).look_at_secrets_key()
    assert await told(house) == [(OPERATOR, "rosterdrop: the secrets key is not at hand")] * 2
    first, second = (one.content.text for one in await mails(house))
    assert f"{keys_dir}/secrets.key is not there" in " ".join(first.split())
    assert "is another one" in second


async def test_r03_a_key_that_comes_back_after_an_upgrade_is_the_right_one_from_then_on(house: House) -> None:
    org, keys_dir = await house.org(), house.settings.keys_dir
    await secrets_key_to_keep_with(house.database, keys_dir, now=house.clock.now())
    await org.sql("DELETE FROM secrets_keys")
    await org.sql("INSERT INTO erased_people (org_no, address_hash, erased_at) VALUES (:org, x'00', 'now')")
    await alarms(house).look_at_secrets_key()
    (keys_dir / "secrets.key").write_bytes(b"x" * 32)
    await alarms(house).look_at_secrets_key()
    assert await told(house) == [(OPERATOR, "rosterdrop: the secrets key is not at hand")]
