"""What an organization keeps no longer is removed, whole, with an audit row, whatever it is interrupted by (R3)."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.audit import Event
from core.audit_store import search
from core.inbox import Origin
from processor.filing import retention
from processor.filing.retention import Retention
from processor.filing.retention_store import KeptFile
from processor.imports import ImportRecord
from processor.imports_store import record_of
from processor.undoing import NotUndoableError, undo_import
from tests.integration.directory.house import House, Org, open_house

GOOD = b"User Email,User Name\nann@x.example,Ann\nbob@x.example,Bob\n"
BETTER = b"User Email,User Name\nann@x.example,Anna\nbob@x.example,Bobby\n"
PARTIAL = b"User Email,User Name\ncy@x.example,Cy\nnobody,No\n"
REFUSED = b"No,Key\na,b\n"
LOG_TABLES = ("changes", "problems", "undo_leftovers")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def org(house: House) -> Org:
    return await house.org(file_retention_days=90, log_retention_days=400)


def retention_of(house: House) -> Retention:
    return Retention(database=house.database, inbox=house.inbox, clock=house.clock)


def names(org: Org) -> set[str]:
    root = org.inbox.folders(org.id).root
    return {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and path.name != "seq"
    }


async def row(org: Org, record: ImportRecord) -> ImportRecord:
    async with org.database.reading() as connection:
        found = await record_of(connection, number=record.number)
    assert found is not None
    return found


async def audited(org: Org, event: Event) -> list[str]:
    async with org.database.reading() as connection:
        lines = await search(connection, org_id=org.id, event=str(event))
    assert all(line.who == "daemon" for line in lines)
    return [str(line.detail) for line in lines][::-1]


async def log_rows(org: Org) -> int:
    counts = [await org.rows(f"SELECT count(*) FROM {table}") for table in LOG_TABLES]
    return sum(count[0][0] for count in counts)


async def test_r03_filed_files_go_with_what_stands_beside_them_when_their_time_is_over(
    house: House, org: Org
) -> None:
    records = [
        await org.drop(f"{name}.csv", data) for name, data in (("a", GOOD), ("b", PARTIAL), ("c", REFUSED))
    ]
    assert len(names(org)) == 9  # three files, three reports, two tables of problems, one of refused rows
    house.clock.move(days=89, hours=23)
    await retention_of(house).purge()
    assert len(names(org)) == 9
    assert await audited(org, Event.FILES_PURGED) == []
    house.clock.move(hours=2)
    young = await org.drop("young.csv", GOOD)
    await retention_of(house).purge()
    assert names(org) == {young.filed_as, f"{young.filed_as}.report.html"}
    assert [(await row(org, record)).file_purged_at for record in records] == [
        "2027-02-21T13:00:00.000+00:00"
    ] * 3
    assert (await row(org, young)).file_purged_at is None
    assert await audited(org, Event.FILES_PURGED) == ["files of imports 1, 2, 3"]
    await retention_of(house).purge()
    assert len(await audited(org, Event.FILES_PURGED)) == 1, "twice is once"


async def test_r03_each_organization_has_its_own_time_and_0_is_for_ever(house: House) -> None:
    short = await house.org(file_retention_days=1, log_retention_days=2)
    for_ever = await house.org(file_retention_days=0, log_retention_days=0)
    for one in (short, for_ever):
        await one.drop("users.csv", PARTIAL)
    house.clock.move(days=10_000)
    await retention_of(house).purge()
    assert names(short) == set()
    assert len(names(for_ever)) == 4
    assert len(await for_ever.rows("SELECT 1 FROM changes WHERE import_number = 2")) > 0
    assert await short.rows("SELECT 1 FROM changes WHERE import_number = 1") == []


async def test_r03_who_is_interrupted_after_removing_files_marks_and_audits_them_later(
    house: House, org: Org
) -> None:
    record = await org.drop("users.csv", PARTIAL)
    house.clock.move(days=91)
    kept = [KeptFile(record.number, str(record.filed_as))]
    retention.remove_files(org.inbox.folders(org.id), kept)
    assert (await row(org, record)).file_purged_at is None
    await retention_of(house).purge()
    assert (await row(org, record)).file_purged_at is not None
    assert await audited(org, Event.FILES_PURGED) == ["files of import 1"]


async def test_r03_a_file_that_cannot_be_removed_stays_unmarked_and_holds_up_no_other(
    house: House, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await org.drop("users.csv", GOOD)
    other = await house.org()
    beside = await other.drop("users.csv", GOOD)
    behind = [await org.drop(f"{number}.csv", GOOD) for number in range(3)]
    house.clock.move(days=91)
    monkeypatch.setattr(retention, "FILES_AT_ONCE", 2)
    archive = org.inbox.folders(org.id).archive
    (archive / Path(str(record.filed_as)).name).unlink()
    (archive / Path(str(record.filed_as)).name).mkdir()  # what cannot be unlinked
    await retention_of(house).purge()
    assert (await row(org, record)).file_purged_at is None
    assert (await row(other, beside)).file_purged_at is not None, (
        "another organization's files go all the same"
    )
    assert all([(await row(org, one)).file_purged_at is not None for one in behind]), "and all others"
    (archive / Path(str(record.filed_as)).name).rmdir()
    await retention_of(house).purge()
    assert (await row(org, record)).file_purged_at is not None


async def test_r03_exports_go_by_their_age_and_are_named_in_the_audit(house: House, org: Org) -> None:
    folder = org.inbox.folders(org.id).export
    for name, age_days in (("users.csv", 91), ("teams.csv", 1), (".exporting-x", 200)):
        (folder / name).write_bytes(b"x")
        moment = house.clock.now().timestamp() - age_days * 86_400
        os.utime(folder / name, (moment, moment))
    await retention_of(house).purge()
    assert names(org) == {"export/teams.csv", "export/.exporting-x"}
    assert await audited(org, Event.FILES_PURGED) == ["exports: users.csv"]


async def test_r03_problems_changes_and_undo_data_go_with_the_log(house: House, org: Org) -> None:
    first, second = await org.drop("a.csv", GOOD), await org.drop("b.csv", BETTER)
    await org.drop("c.csv", PARTIAL)
    await org.drop("d.csv", b"User Email,User Name\nann@x.example,Annabel\n")
    undone = await undo_import(database=org.database, clock=org.clock, number=second.number, who="a test")
    assert undone.left
    assert await org.rows("SELECT 1 FROM direct_changes")
    house.clock.move(days=399)
    await retention_of(house).purge()
    assert await audited(org, Event.HISTORY_PURGED) == []
    house.clock.move(days=2)
    await retention_of(house).purge()
    assert await log_rows(org) == 0
    assert await org.rows("SELECT 1 FROM direct_changes") == []
    assert (await row(org, first)).log_purged_at == "2027-12-29T12:00:00.000+00:00"
    assert (await row(org, first)).counts == first.counts, "the import itself stays"
    assert await org.rows("SELECT import_number FROM undos") == [(second.number,)]
    lines = await audited(org, Event.HISTORY_PURGED)
    assert lines[0] == "log of imports 1, 2, 3, 4"
    assert len(lines) == 2
    assert lines[1].endswith("changes made without a file")
    assert len(await org.users()) == 4, "the directory stays as it is"


async def test_r03_g03_an_import_whose_log_is_gone_is_not_undone(house: House, org: Org) -> None:
    await org.drop("a.csv", GOOD)
    record = await org.drop("b.csv", BETTER)
    house.clock.move(days=401)
    await retention_of(house).purge()
    with pytest.raises(NotUndoableError, match="is not kept any more since 2027-12-29T12:00:00"):
        await undo_import(database=org.database, clock=org.clock, number=record.number, who="a test")
    assert (await org.user("ann@x.example")).name == "Anna"


async def test_r03_g03_half_a_purged_log_is_never_undone_and_goes_with_the_next_round(
    house: House, org: Org
) -> None:
    await org.drop("a.csv", GOOD)
    record = await org.drop("b.csv", BETTER)
    house.clock.move(days=401)
    # The mark comes first, then rows go in steps; here a kill came between them.
    await org.sql("UPDATE imports SET log_purged_at = '2027-12-29T12:00:00.000+00:00'")
    await org.sql("DELETE FROM changes WHERE import_number = 2 AND place = 0")
    with pytest.raises(NotUndoableError):
        await undo_import(database=org.database, clock=org.clock, number=record.number, who="a test")
    await retention_of(house).purge()
    assert await log_rows(org) == 0


async def test_r03_a_long_log_goes_in_steps(house: House, org: Org) -> None:
    rows = "".join(f"p{number}@x.example,P {number}\n" for number in range(50))
    await org.drop("a.csv", f"User Email,User Name\n{rows}".encode())
    assert await log_rows(org) >= 50
    house.clock.move(days=401)
    keeper = Retention(database=house.database, inbox=house.inbox, clock=house.clock, step_rows=7)
    await keeper.purge()
    assert await log_rows(org) == 0


async def test_r03_it_is_done_once_a_day_by_the_clock(house: House, org: Org) -> None:
    keeper = retention_of(house)
    await keeper.look()
    await org.drop("a.csv", GOOD)
    house.clock.move(days=90, minutes=1)
    await keeper.look()
    assert await audited(org, Event.FILES_PURGED) == ["files of import 1"]
    await org.drop("b.csv", GOOD)
    await org.sql("UPDATE imports SET finished_at = '2020-01-01T00:00:00.000+00:00'")
    house.clock.move(hours=23)
    await keeper.look()
    assert len(await audited(org, Event.FILES_PURGED)) == 1
    house.clock.move(hours=1, minutes=1)
    await keeper.look()
    assert len(await audited(org, Event.FILES_PURGED)) == 2
    await org.drop("c.csv", GOOD)
    await org.sql("UPDATE imports SET finished_at = '2020-01-01T00:00:00.000+00:00'")
    house.clock.move(days=-400)
    await keeper.look()
    assert len(await audited(org, Event.FILES_PURGED)) == 3, "a clock that was set back stops it for no year"


async def test_r03_held_and_waiting_drops_and_foreign_files_stay(house: House, org: Org) -> None:
    record = await org.drop("a.csv", GOOD)
    await org.sql("UPDATE imports SET outcome = 'held', finished_at = NULL, filed_as = NULL")
    folder = org.inbox.folders(org.id).archive
    (folder / "a note.txt").write_bytes(b"mine")
    os.utime(folder / "a note.txt", (0, 0))
    house.clock.move(days=1_000)
    await retention_of(house).purge()
    assert f"archive/{Path(str(record.filed_as)).name}" in names(org)
    assert "archive/a note.txt" in names(org)
    assert (await row(org, record)).log_purged_at is None


async def test_r03_a_drop_whose_filing_was_noted_only_leaves_the_queue(house: House, org: Org) -> None:
    incoming = org.inbox.begin(org_id=org.id, name="a.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(GOOD)
    drop = org.inbox.accept(incoming)
    record = await org.importer.process(drop)
    drop.folder.mkdir()
    (drop.folder / "meta.json").write_bytes(b"{}")
    house.clock.move(days=91)
    await retention_of(house).purge()
    again = await org.importer.process(drop)
    assert again.number == record.number
    assert not drop.folder.exists()
    assert names(org) == set()
