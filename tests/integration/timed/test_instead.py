"""Who gets a mail whose last recipient is no active user any more when it is to be sent (N2)."""

from functools import partial

from core.organizations_store import organization_by_id
from processor.digesting import Digests
from processor.mail.acceptance import ActiveRecipients
from processor.mail.mails import MailState, OutboxMail
from processor.mail.notices import compose_daily_export_mail
from processor.mail.sender import OutboxSender
from processor.mail.transport import Sent, Verdict
from processor.telling import Audience, tell, tell_instead
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.timed.conftest import OPERATOR, mails

BOTH = b"User Email\nann@x.example\nbob@x.example\n"


class Taken:
    """A mail server that takes everything."""

    async def send(self, mail: OutboxMail) -> Verdict:
        return Sent()


async def send_all(house: House) -> list[tuple[str, MailState]]:
    """Send what waits until nothing does; each recipient with what became of his mail."""
    sender = OutboxSender(
        database=house.database,
        transport=Taken(),
        clock=house.clock,
        acceptable=ActiveRecipients(database=house.database, operator=OPERATOR),
        instead=partial(tell_instead, settings=house.settings),
    )
    while waiting := [mail for mail in await mails(house) if mail.state is MailState.WAITING]:
        for mail in waiting:
            await sender.send_one(mail.id)
    return [(mail.recipient, mail.state) for mail in await mails(house)]


async def leave(org: Org, *addresses: str) -> None:
    for address in addresses:
        await org.sql("UPDATE users SET deactivated_at = '2026-11-23' WHERE email_key = :key", key=address)


async def test_n02_the_owner_gets_what_the_last_recipient_may_not_and_nobody_else_where_one_can(
    house: House,
) -> None:
    org = await house.org(recipients="ann@x.example,bob@x.example")
    await org.drop("users.csv", BOTH)
    await leave(org, "ann@x.example")
    ann, bob = ("ann@x.example", MailState.SKIPPED), ("bob@x.example", MailState.SENT)
    assert await send_all(house) == [ann, bob]
    await org.drop("more.csv", BOTH)
    await leave(org, "bob@x.example")
    assert await send_all(house) == [ann, bob, ("bob@x.example", MailState.SKIPPED), (OWNER, MailState.SENT)]
    *_, skipped, instead = await mails(house)
    assert (instead.content, instead.import_number) == (skipped.content, skipped.import_number)


async def test_n02_the_operator_gets_it_where_the_owner_may_not_either(house: House) -> None:
    org = await house.org(recipients="ann@x.example")
    await org.drop("users.csv", BOTH)
    await leave(org, "ann@x.example", OWNER)
    expected = [("ann@x.example", MailState.SKIPPED), (OPERATOR, MailState.SENT)]
    assert await send_all(house) == expected
    await org.sql("UPDATE outbox SET state = 'waiting', attempts = 0 WHERE recipient = 'ann@x.example'")
    assert await send_all(house) == expected, "and once, however often it is tried again"


async def test_n02_n04_a_digest_too_and_the_mail_of_an_export_not(house: House) -> None:
    org = await house.org(recipients="ann@x.example", mail="digest")
    await org.drop("users.csv", BOTH)
    house.clock.move(days=1)
    await Digests(database=house.database, clock=house.clock, settings=house.settings).look()
    async with house.database.writing() as connection:
        organization = await organization_by_id(connection, org.id)
        content = compose_daily_export_mail(organization=organization, users=3, teams=0)
        await tell(
            connection,
            organization,
            Audience(("ann@x.example",)),
            content,
            settings=house.settings,
            now=house.clock.now(),
        )
    await leave(org, "ann@x.example")
    assert await send_all(house) == [
        ("ann@x.example", MailState.SKIPPED),
        ("ann@x.example", MailState.SKIPPED),
        (OWNER, MailState.SENT),
    ]
    assert (await mails(house))[-1].content.subject == "Mavericks: 1 file, nothing to do"
