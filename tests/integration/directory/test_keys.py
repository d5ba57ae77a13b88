"""People known by a key that the organization chose (P1), managers by id and name (H6): single rules in small files."""

import sqlite3
from contextlib import closing

import pytest

from core.inbox import Origin
from processor.imports import Outcome
from tests.integration.directory.house import House, Org

ID = "Employee ID"
HEADER = b"User Email,Employee ID,User Name\n"
MANAGERS = b"User Email,Employee ID,Manager Email\n"


@pytest.fixture
async def keyed(house: House) -> Org:
    return await house.org(match_by=ID)


async def test_p01_a_changed_address_updates_the_user_with_the_key(keyed: Org) -> None:
    await keyed.drop("f.csv", HEADER + b"ann@x.example,K1,Ann\n")
    record = await keyed.drop("f.csv", HEADER + b"ann2@x.example, k1 ,\n")
    assert (record.counts.users_updated, record.counts.users_created) == (1, 0)
    assert (await keyed.user("ann2@x.example")).name == "Ann"
    record = await keyed.drop("f.csv", HEADER + b"ann@x.example,K2,Next\n")
    assert record.counts.users_created == 1  # the old address is free


async def test_p01_a_new_key_goes_to_the_user_without_one(keyed: Org) -> None:
    await keyed.drop("f.csv", MANAGERS + b"ann@x.example,1,zoe@x.example\n")
    record = await keyed.drop("f.csv", HEADER + b"Zoe@x.example,9,Zoe Z\n")
    assert record.counts.users_updated == 1
    assert (await keyed.user("zoe@x.example")).custom == {ID: "9"}


async def test_p01_a_row_of_two_users_or_without_a_key_is_refused(keyed: Org) -> None:
    await keyed.drop("f.csv", HEADER + b"ann@x.example,1,Ann\nbob@x.example,2,Bob\n")
    before = await keyed.directory()
    record = await keyed.drop("f.csv", HEADER + b"ann@x.example,2,X\nbob@x.example,,Y\n")
    assert await keyed.codes(record) == [(2, ID, "key-of-two-users"), (3, ID, "key-missing")]
    assert record.outcome is Outcome.REFUSED
    assert await keyed.directory() == before
    record = await keyed.drop("f.csv", b"User Email\nann@x.example\n")
    assert await keyed.codes(record) == [(None, None, "match-column-missing")]


async def test_p10_a_repeat_shows_the_column_that_repeats(keyed: Org) -> None:
    data = HEADER + b"ann@x.example,1,A\nann@x.example,2,A\nbob@x.example,1,B\n"
    for _ in range(2):
        record = await keyed.drop("f.csv", data)
        assert await keyed.codes(record) == [(3, "User Email", "repeated-address"), (4, ID, "repeated-key")]


async def test_p10_repeats_are_the_same_with_known_lines(keyed: Org) -> None:
    await keyed.drop("f.csv", HEADER + b"ann@x.example,1,A\nbob@x.example,2,B\n")
    data = HEADER + b"ann@x.example,1,A\nann@x.example,7,A\nbob@x.example,1,B\n"
    fast = await keyed.codes(await keyed.drop("f.csv", data))
    keyed.without_fingerprints = True
    assert await keyed.codes(await keyed.drop("f.csv", data)) == fast


async def test_g2_a_manager_named_by_a_former_address_stays_the_same_person(keyed: Org) -> None:
    await keyed.drop("f.csv", MANAGERS + b"ann@x.example,1,\nbob@x.example,2,ann@x.example\n")
    data = MANAGERS + b"ann2@x.example,1,\nbob@x.example,2,ann@x.example\n"
    await keyed.drop("f.csv", data)
    before = await keyed.directory()
    record = await keyed.drop("f.csv", data)
    assert record.counts.users_unchanged == 2
    assert await keyed.directory() == before


async def test_p01_the_chosen_key_may_have_any_label(house: House) -> None:
    org = await house.org(match_by='No. "x" [1]')
    header = b'User Email,"No. ""x"" [1]"\n'
    await org.drop("f.csv", header + b"ann@x.example,1\n")
    record = await org.drop("f.csv", header + b"ann2@x.example,1\n")
    assert record.counts.users_updated == 1


@pytest.mark.parametrize("key", [b"Yes", b"31/12/2026", b"2026-1-5"])
async def test_p01_a_key_is_compared_as_it_is_written(keyed: Org, key: bytes) -> None:
    await keyed.drop("f.csv", HEADER + b"ann@x.example,%s,Ann\n" % key)
    record = await keyed.drop("f.csv", HEADER + b"ann2@x.example,%s,Ann\n" % key)
    assert record.counts.users_updated == 1
    keyed.without_fingerprints = True
    record = await keyed.drop("f.csv", HEADER + b"ann2@x.example,%s,Ann\n" % key)
    assert record.counts.users_unchanged == 1


async def test_h6_an_id_that_became_ambiguous_is_a_problem_of_known_lines_too(org: Org) -> None:
    header = b"User Email,Employee ID,Manager Employee ID\n"
    await org.drop("f.csv", header + b"ann@x.example,1,\nbob@x.example,2,1\n")
    record = await org.drop("f.csv", header + b"ann@x.example,1,\nbob@x.example,2,1\ncy@x.example,1,\n")
    assert await org.codes(record) == [(3, "Manager Employee ID", "manager-ambiguous")]
    assert (await org.user("bob@x.example")).manager == "ann@x.example"


async def test_h6_a_name_that_changed_is_unknown_to_known_lines_too(house: House) -> None:
    org = await house.org(header_map={"Boss": "Manager Name"})
    header = b"User Email,User Name,Boss\n"
    line = b'bob@x.example,Bob,"Lee,  ann"\n'
    await org.drop("f.csv", header + b"ann@x.example,Ann Lee,\n" + line)
    assert (await org.user("bob@x.example")).manager == "ann@x.example"
    record = await org.drop("f.csv", header + b"ann@x.example,Ann Ray,\n" + line)
    assert await org.codes(record) == [(3, "Boss", "manager-unknown-name")]


async def test_h6_a_manager_created_under_a_name_is_found_by_it_at_once(house: House) -> None:
    org = await house.org(header_map={"Boss": "Manager Name"})
    data = (
        b"User Email,Manager Email,Manager,Boss\nann@x.example,zoe@x.example,Zoe Z,\nbob@x.example,,,Zoe Z\n"
    )
    first, second = await org.drop("f.csv", data), await org.drop("f.csv", data)
    assert await org.codes(first) == await org.codes(second)
    assert second.counts.users_unchanged == 2


async def test_h5_a_leaver_who_left_is_no_news(house: House) -> None:
    org = await house.org(header_map={"Status": "Leaver Status"})
    for notes in ([(2, "Status", "created-deactivated")], []):
        record = await org.drop("f.csv", b"User Email,Status\nbob@x.example,terminated\n")
        assert await org.codes(record, notes=True) == notes
        await org.sql("UPDATE users SET last_name = 'x' WHERE org_no = :org")
    assert not (await org.user("bob@x.example")).is_active


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Pacific/Kiritimati"])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
async def test_p08_the_first_and_the_last_day_of_the_calendar_are_dates(
    house: House, zone: str, day: str
) -> None:
    org = await house.org(time_zone=zone)
    await org.drop("f.csv", b"User Email\nann@x.example\n")
    data = b"User Email,Deactivation Date\nann@x.example,%s\nbob@x.example,%s\n"
    record = await org.drop("f.csv", data % (day.encode(), day.encode()))
    assert record.outcome is Outcome.IMPORTED
    assert (await org.user("ann@x.example")).deactivation_date == day


async def test_g2_a_user_touched_while_a_file_is_planned_is_read_anew(org: Org) -> None:
    data = b"User Email,User Name\nann@x.example,A\n"
    await org.drop("f.csv", data)

    def touch(done: int, size: int) -> None:
        """Write while the file is read, as an undo or a due deactivation would."""
        with closing(sqlite3.connect(org.database.path)) as other, other:
            other.execute(
                "UPDATE users SET name = 'Touched' WHERE email_key = 'ann@x.example' AND name = 'A'"
            )

    incoming = org.inbox.begin(org_id=org.id, name="f.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(data)
    await org.importer.process(org.inbox.accept(incoming), progress=touch)
    await org.drop("f.csv", data)
    assert (await org.user("ann@x.example")).name == "A"
