"""Planned deactivations are carried out when they are due (rule P8)."""

import asyncio

from structlog.testing import capture_logs

from core.clock import to_text
from processor.directory.deactivations import Deactivations
from processor.mail.outbox_store import list_mails
from tests.integration.directory.house import OWNER, House, Org

OPERATOR = "operator@vendor.example"


def deactivations(house: House, *, look_every_s: float = 3.0) -> Deactivations:
    return Deactivations(
        database=house.database,
        clock=house.clock,
        operator=OPERATOR,
        mail_from="rosterdrop@vendor.example",
        look_every_s=look_every_s,
    )


async def planned(org: Org, *rows: str) -> None:
    lines = "".join(f"{row}\n" for row in ("User Email,Is Org Admin,Deactivation Date", *rows))
    await org.drop("users.csv", lines.encode())


async def active(org: Org) -> set[str]:
    return {email for email, user in (await org.users()).items() if user.is_active}


async def test_p08_a_plan_is_carried_out_when_it_is_due_and_not_before(house: House, org: Org) -> None:
    await planned(org, "ann@x.example,,2026-11-24", "bob@x.example,,2026-11-25", "cy@x.example,,")
    work = deactivations(house)
    assert await work.apply_due() == 0
    house.clock.move(hours=35, minutes=58)
    assert await work.apply_due() == 0
    house.clock.move(minutes=1)
    assert await work.apply_due() == 1
    assert await active(org) == {OWNER, "bob@x.example", "cy@x.example"}
    user = await org.user("ann@x.example")
    assert (user.deactivation_date, user.deactivates_at) == ("2026-11-24", None)
    house.clock.move(days=30)  # after a long rest all that is due is done
    assert await work.apply_due() == 1
    assert await work.apply_due() == 0


async def test_p08_an_organization_can_name_another_time_of_the_day(house: House) -> None:
    org = await house.org(deactivate_at="18:00", time_zone="Europe/Berlin")
    await planned(org, "ann@x.example,,2026-11-24")
    work = deactivations(house)
    house.clock.move(hours=28, minutes=59)
    assert await work.apply_due() == 0
    house.clock.move(minutes=1)
    assert await work.apply_due() == 1


async def test_p08_the_same_date_in_the_next_file_plans_nothing_again(house: House, org: Org) -> None:
    await planned(org, "ann@x.example,,")
    await planned(org, "ann@x.example,,2026-11-01")
    house.clock.move(hours=24)
    assert await deactivations(house).apply_due() == 1
    await planned(org, "ann@x.example,,2026-11-01")
    user = await org.user("ann@x.example")
    assert (user.is_active, user.deactivates_at) == (False, None)


async def test_p08_the_last_administrator_is_put_off_and_the_operator_told(house: House, org: Org) -> None:
    await planned(org, "ann@x.example,Yes,2026-11-24", "bob@x.example,,2026-11-24")
    await planned(org, f"{OWNER},No,")
    house.clock.move(days=3)
    work = deactivations(house)
    assert await work.apply_due() == 1
    assert await active(org) == {OWNER, "ann@x.example"}
    assert (await org.user("ann@x.example")).deactivates_at is not None
    async with house.database.reading() as connection:
        mails = [mail for mail in await list_mails(connection) if mail.recipient == OPERATOR]
    assert len(mails) == 1
    assert mails[0].org_no is None
    assert await work.apply_due() == 0
    await planned(org, f"{OWNER},Yes,")
    house.clock.move(hours=24)
    assert await work.apply_due() == 1
    assert await active(org) == {OWNER}


async def test_p08_k_plans_of_a_disabled_organization_stand_still(house: House, org: Org) -> None:
    await planned(org, "ann@x.example,,2026-11-24")
    await org.sql("UPDATE organizations SET disabled_at = '2026-11-23' WHERE no = :org")
    house.clock.move(days=3)
    assert await deactivations(house).apply_due() == 0
    await org.sql("UPDATE organizations SET disabled_at = NULL WHERE no = :org")
    assert await deactivations(house).apply_due() == 1


async def test_p08_r02_what_was_carried_out_is_kept_and_logged_without_an_address(
    house: House, org: Org
) -> None:
    await planned(org, "ann@x.example,,2026-11-24")
    house.clock.move(days=3)
    version = "SELECT directory_version FROM organizations WHERE no = :org"
    before = (await org.rows(version))[0][0]
    with capture_logs() as logs:
        await deactivations(house).apply_due()
    assert logs == [{"event": "user.deactivated", "log_level": "info", "org": org.id, "number": 2}]
    assert (await org.rows(version))[0][0] > before
    kept = await org.rows("SELECT cause, at, key, field FROM direct_changes WHERE org_no = :org")
    assert kept == [("due", to_text(house.clock.at), "ann@x.example", "deactivated_at")]


async def test_p08_many_due_plans_are_all_carried_out(house: House, org: Org) -> None:
    await planned(org, *(f"user{n}@x.example,,2026-11-24" for n in range(1_100)))
    house.clock.move(days=3)
    assert await deactivations(house).apply_due() == 1_100
    assert await active(org) == {OWNER}


async def test_p08_the_periodic_work_goes_on_until_it_is_cancelled(house: House, org: Org) -> None:
    await planned(org, "ann@x.example,,2026-11-24")
    running = asyncio.create_task(deactivations(house, look_every_s=0.01).run())
    house.clock.move(days=3)
    async with asyncio.timeout(10):
        while await active(org) != {OWNER}:  # noqa: ASYNC110 - another task writes, and tells nobody
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
