"""What the setting `mail` does to the mails of a real organization (N4)."""

from datetime import UTC, datetime

from commands.broken_uploads import BrokenUploads
from core.inbox import Origin
from processor.digesting import Digests
from processor.directory.deactivations import Deactivations
from processor.imports import Outcome
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.directory.test_guards import people
from tests.integration.timed.conftest import OPERATOR, mails, told

GOOD = b"User Email\nann@x.example\n"
BAD = b"User Email,Deactivation Date\nann@x.example,soon\n"


def digests(house: House) -> Digests:
    return Digests(database=house.database, clock=house.clock, settings=house.settings)


async def deactivate_ann(house: House, org: Org) -> None:
    await org.drop("users.csv", b"User Email,Deactivation Date\nann@x.example,2026-11-24\n")
    house.clock.at = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    work = Deactivations(database=house.database, clock=house.clock, operator=None, mail_from="r@v.example")
    assert await work.apply_due() == 1


async def test_n04_problems_only_mails_what_needs_somebody(house: House) -> None:
    org = await house.org(mail="problems")
    await org.drop("users.csv", GOOD)
    assert await told(house) == []
    await org.drop("users.csv", BAD)
    assert [recipient for recipient, _ in await told(house)] == [OWNER]
    await org.drop("users.csv", b"nothing")
    assert len(await told(house)) == 2


async def test_n04_a_digest_tells_everything_once_a_day_and_nothing_when_nothing_happened(
    house: House,
) -> None:
    org = await house.org(mail="digest", time_zone="Europe/Berlin")
    work = digests(house)
    await org.drop("a.csv", GOOD)
    await org.drop("b.csv", BAD)
    house.clock.at = datetime(2026, 11, 24, 6, 59, tzinfo=UTC)
    await work.look()
    assert await told(house) == []
    house.clock.at = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    for _ in range(2):
        await work.look()
    (mail,) = await mails(house)
    assert (mail.recipient, mail.content.subject) == (OWNER, "Mavericks: 1 of 2 files needs somebody")
    assert "b.csv" in mail.content.text
    house.clock.move(days=3)
    await work.look()
    assert len(await told(house)) == 1
    await org.drop("c.csv", GOOD)
    house.clock.move(days=5)  # the daemon was stopped all the time
    for _ in range(3):
        await work.look()
    assert len(await told(house)) == 2


async def test_n04_p08_a_digest_counts_the_deactivations_of_the_day(house: House) -> None:
    org = await house.org(mail="digest")
    await org.drop("users.csv", GOOD)
    await deactivate_ann(house, org)
    await digests(house).look()
    (mail,) = await mails(house)
    assert "1 user deactivated as planned" in mail.content.text
    assert "ann@" not in mail.content.text + mail.content.html


async def test_n04_p08_the_next_import_mail_counts_them_and_only_that_one(house: House) -> None:
    org = await house.org()
    await org.drop("users.csv", GOOD)
    await deactivate_ann(house, org)
    await digests(house).look()
    for _ in range(2):
        await org.drop("users.csv", b"User Email\nbob@x.example\n")
    said = ["deactivated as planned" in mail.content.text for mail in await mails(house)]
    assert said == [False, False, True, False]


async def test_n04_what_waits_for_a_digest_goes_at_once_when_the_setting_changes(house: House) -> None:
    org = await house.org(mail="digest")
    await org.drop("users.csv", GOOD)
    await org.change_settings(mail="every")
    await digests(house).look()
    assert await told(house) == [(OWNER, "Mavericks: 1 file, nothing to do")]
    await org.drop("users.csv", GOOD)
    await digests(house).look()
    assert len(await told(house)) == 2


async def test_n04_g01_a_held_file_is_told_at_once_to_recipients_and_operator(house: House) -> None:
    org = await house.org(mail="digest")
    await org.drop("f.csv", people(199, label="Deactivation Date"))
    held = await org.drop("f.csv", people(199, label="Deactivation Date", first=30, value="2026-11-01"))
    assert held.outcome is Outcome.HELD
    assert await told(house) == [
        (OWNER, "Mavericks: f.csv held for approval"),
        (OPERATOR, "Mavericks: f.csv held for approval"),
    ]
    assert "rosterdrop imports approve" in (await mails(house))[1].content.text


async def test_u03_n04_a_broken_upload_stands_in_the_digest(house: House) -> None:
    org = await house.org(mail="digest")
    incoming = org.inbox.begin(org_id=org.id, name="big.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(b"User Email\nann@")
    org.inbox.note(incoming, extents=((0, 15),))
    house.clock.move(hours=2)
    broken = BrokenUploads(
        database=house.database, inbox=org.inbox, clock=house.clock, settings=house.settings
    )
    await broken.look()
    assert await told(house) == []
    house.clock.move(days=1)
    await digests(house).look()
    (mail,) = await mails(house)
    assert "big.csv: Upload broke off" in mail.content.text


async def test_h08_n02_n04_a_digest_goes_to_users_whom_checked_files_would_make(house: House) -> None:
    org = await house.org(mail="digest", mode="test", recipients="new@x.example,stranger@x.example")
    await org.drop("users.csv", b"User Email\nnew@x.example\n")
    house.clock.move(days=1)
    await digests(house).look()
    (mail,) = await mails(house)
    assert (mail.recipient, mail.would_be) == ("new@x.example", True)


async def test_f02_n01_a_label_that_may_be_data_is_called_by_its_place_in_each_mail(house: House) -> None:
    org = await house.org(header_map={"nora@x.example": "Deactivation Date"})
    data = b"User Email,User Name,nora@x.example\nann@x.example,Ann,soon\n"
    assert (await org.drop("users.csv", data)).outcome is Outcome.PARTIAL
    await org.change_settings(header_map={"nora@x.example": "Deactivation Date"}, mail="digest")
    await org.drop("users.csv", data)
    house.clock.move(days=1)
    await digests(house).look()
    for mail in await mails(house):
        assert "Line 2, column 3" in mail.content.text
        assert "nora@" not in mail.content.text + mail.content.html


async def test_n02_a_digest_that_nobody_can_get_is_kept_until_somebody_can(house: House) -> None:
    org = await house.org(mail="digest")
    work = Digests(
        database=house.database,
        clock=house.clock,
        settings=house.settings.model_copy(update={"operator_email": None}),
    )
    await org.drop("users.csv", GOOD)
    await org.sql("UPDATE users SET deactivated_at = '2026-11-23' WHERE org_no = :org")
    for _ in range(3):
        house.clock.move(days=1)
        await work.look()
    assert await told(house) == []
    await org.sql("UPDATE users SET deactivated_at = NULL WHERE org_no = :org")
    await work.look()
    assert await told(house) == [], "not before the next day"
    house.clock.move(days=1)
    for _ in range(2):
        await work.look()
    assert await told(house) == [(OWNER, "Mavericks: 1 file, nothing to do")]


async def test_n04_h08_of_very_many_imports_all_that_need_somebody_stand_first(house: House) -> None:
    org = await house.org(mail="digest", mode="test")
    for number in range(6):
        await org.drop(f"bad{number}.csv", BAD)
        await org.drop(f"good{number}.csv", GOOD)
    house.clock.move(days=1)
    work = Digests(database=house.database, clock=house.clock, settings=house.settings, most_detailed=4)
    await work.look()
    (mail,) = await mails(house)
    assert mail.content.subject == "Mavericks: 6 of 12 files need somebody"
    bad, _, well = mail.content.text.partition("WHAT WENT WELL")
    assert bad.count("* bad") == 6
    assert well.count("* good") == 6
