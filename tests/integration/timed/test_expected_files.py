"""Expected files that do not come, with a real database and a real queue (N4)."""

from datetime import UTC, datetime
from pathlib import Path

from core.database import open_database
from core.inbox import Origin
from processor.expecting import ExpectedFiles
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.intake.pull_world import new_world
from tests.integration.intake.remote_server import Server, running
from tests.integration.timed.conftest import OPERATOR, mails, told

GOOD = b"User Email\nann@x.example\n"
MISSED, CAME = "Mavericks: no file came by 09:30", "Mavericks: the expected file came"


def looker(house: House, *, uploading: bool = False) -> ExpectedFiles:
    return ExpectedFiles(
        database=house.database,
        inbox=house.inbox,
        clock=house.clock,
        settings=house.settings,
        is_uploading=lambda _org_id: uploading,
    )


async def expecting(house: House, expected: str = "daily by 09:30", **values: object) -> Org:
    """An organization that expects files since Monday noon, and whose setting was noticed."""
    org = await house.org(expected=expected, mail="digest", **values)
    await looker(house).look()
    return org


def to_tuesday(house: House, at: str) -> None:
    house.clock.at = datetime.fromisoformat(f"2026-11-24T{at}").replace(tzinfo=UTC)


async def test_n04_recipients_and_operator_are_told_once_and_once_when_it_came_after_all(
    house: House,
) -> None:
    org = await expecting(house, recipients="ann@x.example")
    await org.drop("users.csv", GOOD)
    to_tuesday(house, "09:31")
    await looker(house).look()
    assert await told(house) == [], "yesterday's file came after yesterday's time: it is today's"
    house.clock.move(days=1)
    for _ in range(3):
        await looker(house).look()
    assert await told(house) == [("ann@x.example", MISSED), (OPERATOR, MISSED)]
    recipient, operator = await mails(house)
    assert "The last file, users.csv, came at 23 Nov 2026, 12:00 UTC" in " ".join(
        recipient.content.text.split()
    )
    assert f"rosterdrop audit --org {org.id}" in " ".join(operator.content.text.split())
    assert "rosterdrop" not in recipient.content.text
    await org.drop("users.csv", GOOD)
    for _ in range(3):
        await looker(house).look()
    assert await told(house) == [
        ("ann@x.example", MISSED),
        (OPERATOR, MISSED),
        ("ann@x.example", CAME),
        (OPERATOR, CAME),
    ]


async def test_n04_a_restart_tells_nothing_twice(house: House) -> None:
    await expecting(house)
    to_tuesday(house, "12:00")
    await looker(house).look()
    assert len(await told(house)) == 2
    async with open_database(house.database.path) as again:
        restarted = ExpectedFiles(
            database=again,
            inbox=house.inbox,
            clock=house.clock,
            settings=house.settings,
            is_uploading=lambda _org_id: False,
        )
        await restarted.look()
    assert len(await told(house)) == 2


async def test_n04_a_file_in_the_queue_that_nobody_has_looked_at_has_come(house: House) -> None:
    org = await expecting(house)
    incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(GOOD)
    org.inbox.accept(incoming)
    to_tuesday(house, "12:00")
    await looker(house).look()
    assert await told(house) == []


async def test_s02_n04_a_fetched_file_without_news_has_come(house: House, tmp_path: Path) -> None:
    async with running(Server()) as server:
        world = await new_world(house, server, tmp_path, expected="daily by 09:30")
        await world.add()
        await looker(house).look()
        for day in (24, 25):
            house.clock.at = datetime(2026, 11, day, 8, 0, tzinfo=UTC)
            server.put("users.csv", GOOD, mtime=day * 86_400)
            await world.run()
            house.clock.move(hours=2)
            await looker(house).look()
            assert await told(house) == []
        assert len(world.queued) == 1
        house.clock.move(days=1)
        await looker(house).look()
        assert len(await told(house)) == 2


async def test_n04_an_upload_under_way_is_waited_for(house: House) -> None:
    await expecting(house)
    to_tuesday(house, "09:45")
    await looker(house, uploading=True).look()
    assert await told(house) == []
    to_tuesday(house, "10:01")
    await looker(house, uploading=True).look()
    assert len(await told(house)) == 2


async def test_n04_a_changed_setting_counts_from_its_change_on(house: House) -> None:
    org = await expecting(house, "daily by 18:00")
    to_tuesday(house, "09:31")
    await org.change_settings(expected="daily by 09:30")
    for _ in range(2):
        await looker(house).look()
    assert await told(house) == []
    await org.change_settings()
    await looker(house).look()
    house.clock.move(days=3)
    await looker(house).look()
    assert await told(house) == [], "nothing is expected any more"


async def test_k_n04_a_disabled_organization_is_not_expected_to_send_anything(house: House) -> None:
    org = await expecting(house)
    await org.sql("UPDATE organizations SET disabled_at = '2026-11-23' WHERE no = :org")
    await looker(house).look()
    house.clock.move(days=3)
    await looker(house).look()
    await org.sql("UPDATE organizations SET disabled_at = NULL WHERE no = :org")
    for _ in range(2):
        await looker(house).look()
    assert await told(house) == []
    house.clock.move(days=1)
    await looker(house).look()
    assert await told(house) == [(OWNER, MISSED), (OPERATOR, MISSED)]


async def test_n04_a_late_file_is_not_the_next_days_also_after_a_restart(house: House) -> None:
    org = await expecting(house)
    to_tuesday(house, "09:31")
    await looker(house).look()
    to_tuesday(house, "11:00")
    await org.drop("users.csv", GOOD)
    await org.drop("teams.csv", GOOD)  # an HR system that was down sends all that waited
    for minute in (1, 2):
        to_tuesday(house, f"11:0{minute}")
        await looker(house).look()
    assert await told(house) == [(OWNER, MISSED), (OPERATOR, MISSED), (OWNER, CAME), (OPERATOR, CAME)]
    house.clock.at = datetime(2026, 11, 25, 9, 31, tzinfo=UTC)
    for _ in range(3):
        await looker(house).look()
    assert (await told(house))[4:] == [(OWNER, MISSED), (OPERATOR, MISSED)]
    said = " ".join((await mails(house))[5].content.text.split())
    assert "came at 24 Nov 2026, 11:00 UTC, late for the time before." in said
    assert f"rosterdrop audit --org {org.id} --since 2026-11-24T09:30 shows" in said, (
        "in UTC, since the time before"
    )


async def test_n04_a_file_of_the_evening_before_is_the_next_days(house: House) -> None:
    org = await expecting(house)
    to_tuesday(house, "09:31")
    await looker(house).look()
    to_tuesday(house, "23:50")
    await org.drop("users.csv", GOOD)
    await looker(house).look()
    house.clock.at = datetime(2026, 11, 25, 9, 31, tzinfo=UTC)
    await looker(house).look()
    assert await told(house) == [(OWNER, MISSED), (OPERATOR, MISSED), (OWNER, CAME), (OPERATOR, CAME)]


async def test_n04_a_file_within_the_grace_is_told_nobody_and_is_not_the_next_days(house: House) -> None:
    org = await expecting(house)
    to_tuesday(house, "09:30")
    house.clock.move(seconds=20)
    await org.drop("users.csv", GOOD)
    house.clock.move(minutes=1)
    for _ in range(2):
        await looker(house).look()
    assert await told(house) == []
    house.clock.move(days=1)
    await looker(house).look()
    assert await told(house) == [(OWNER, MISSED), (OPERATOR, MISSED)]


async def test_n04_a_file_from_before_the_setting_counts_for_the_present_time_even_if_it_was_late(
    house: House,
) -> None:
    org = await expecting(house)
    to_tuesday(house, "09:31")
    await looker(house).look()
    to_tuesday(house, "11:00")
    await org.drop("users.csv", GOOD)
    await looker(house).look()
    to_tuesday(house, "12:00")
    await org.change_settings(expected="daily by 23:30", mail="digest")
    for clock in ("12:01", "23:31"):
        to_tuesday(house, clock)
        await looker(house).look()
    assert len(await told(house)) == 4
