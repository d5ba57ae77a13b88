"""What is exported imports as "nothing changed" (rules E1, E2, C3), after whatever files came before."""

import csv
import io
from pathlib import Path
from typing import get_args

import pytest

from core.organization_settings import Preset
from core.organizations_store import organization_by_id
from processor.exporting import Exporter, What
from processor.imports import ImportRecord, Outcome
from tests.integration.directory.house import House, Org, open_house
from tests.integration.directory.sequences import moved, sequence

BOM = b"\xef\xbb\xbf"
SEEDS = range(7_000, 7_030)


async def exported(org: Org, what: str = "users", *, workbook: bool = False) -> bytes:
    async with org.database.reading() as connection:
        organization = await organization_by_id(connection, org.id)
    exporter = Exporter(database=org.database, organization=organization, what=What(what), workbook=workbook)
    target = io.BytesIO()
    await exporter.into(target)
    return target.getvalue()


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


async def drop_back(org: Org, what: str = "users") -> ImportRecord:
    """Import what is exported."""
    return await org.drop(f"{what}.csv", await exported(org, what))


async def assert_nothing_changes(org: Org) -> None:
    for what in ("users", "teams") if await org.teams() else ("users",):
        before = await org.directory()
        record = await drop_back(org, what)
        counts = record.counts
        assert record.outcome is Outcome.IMPORTED, await org.problems(record)
        assert await org.directory() == before
        changed = await org.rows("SELECT * FROM changes WHERE import_number = :n", n=record.number)
        assert not changed
        assert counts.users_created + counts.users_updated + counts.teams_created + counts.teams_updated == 0
        assert counts.memberships_added + counts.fields_created + counts.deactivations_planned == 0
        assert counts.rows == (counts.users_unchanged if what == "users" else len(before.teams))


@pytest.mark.parametrize("seed", SEEDS)
async def test_e01_c03_what_is_exported_imports_as_nothing_changed(tmp_path: Path, seed: int) -> None:
    made = sequence(seed)
    async with open_house(tmp_path) as house:
        org = await house.org(**made.settings)
        for step in made.steps:
            house.clock.at += moved(step)
            await org.drop("file.csv", step.data)
        await assert_nothing_changes(org)
        house.clock.move(days=2)  # dates that were ahead lie behind now
        await assert_nothing_changes(org)


async def test_e01_c02_nothing_changes_after_a_boolean_field_became_text(org: Org) -> None:
    await org.drop("a.csv", b"User Email,Remote\na@x.example,yes\nb@x.example,FALSE\n")
    await org.drop("b.csv", b"User Email,Remote\nc@x.example,perhaps\n")
    rows = rows_of(await exported(org))
    assert [row["Remote"] for row in rows] == ["Yes", "No", "perhaps", ""]
    await assert_nothing_changes(org)


async def test_e01_the_rows_have_the_labels_and_the_form_of_an_import(org: Org) -> None:
    await org.drop(
        "users.csv",
        b"User Email,User Name,First Name,Last Name,Teams,Manager Email,User Account Type,Is Org Admin,"
        b"Deactivation Date,Hired,Remote\r\n"
        b'Bo@x.example,"Berg, Bo",Bo,Berg,"Ops,""Field, East""",owner@x.example,observer,Yes,31/12/2026,'
        b"2026-02-01,true\r\n",
    )
    assert (await exported(org)).decode() == (
        "User Email,User Name,First Name,Last Name,Teams,Manager Email,User Account Type,Is Org Admin,"
        "Deactivation Date,Hired,Remote\r\n"
        'Bo@x.example,"Berg, Bo",Bo,Berg,"""Field, East"",Ops",owner@x.example,Observer,Yes,2026-12-31,'
        "2026-02-01,Yes\r\n"
        "owner@x.example,owner,,,,,Regular,Yes,,,\r\n"
    )
    await org.drop(
        "teams.csv", b"Team Name,Team Owner,Parent Team,Team Type\nOps,bo@x.example,Company,Group\n"
    )
    assert (await exported(org, "teams")).decode() == (
        "Team Name,Team Owner,Parent Team,Team Type\r\nCompany,owner@x.example,,\r\n"
        '"Field, East",owner@x.example,,\r\nOps,Bo@x.example,Company,Group\r\n'
    )


async def test_e02_what_a_spreadsheet_would_run_is_guarded_and_comes_back_exactly(org: Org) -> None:
    await org.drop(
        "users.csv",
        b"User Email,User Name,Teams,=Note,Text\n"
        b'+a@x.example,=1+1,"\'@team,-x",\'\'=2,"\tindented"\n'
        b"b@x.example,'quoted,plain,-5,\"'-5\"\n",
    )
    before = await org.users()
    rows = rows_of(await exported(org))
    assert "'=Note" in rows[0]
    for row in rows:
        assert not [cell for cell in (*row, *row.values()) if cell.startswith(tuple("=+-@\t\r"))]
    await assert_nothing_changes(org)
    assert await org.users() == before


async def test_e01_a_byte_order_mark_stands_where_a_spreadsheet_needs_it_only(org: Org) -> None:
    assert not (await exported(org)).startswith(BOM)
    await org.drop("users.csv", "User Email,User Name\na@x.example,Müller\n".encode())
    data = await exported(org)
    assert data.startswith(BOM)
    assert "Müller" in data.decode("utf-8-sig")


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16"])
async def test_e01_an_organization_that_sends_another_encoding_can_import_its_export(
    house: House, encoding: str
) -> None:
    org = await house.org(encoding=encoding)
    await assert_nothing_changes(org)
    text = "User Email,User Name,Teams\na@x.example,Müller,Süd\n"
    await org.drop("users.csv", text.encode(encoding))
    assert (await org.user("a@x.example")).name == "Müller"
    await assert_nothing_changes(org)


async def test_e01_more_users_than_one_look_at_the_database_are_all_exported_once(org: Org) -> None:
    lines = "".join(f"user{n}@x.example,Team {n % 3}\n" for n in range(4_321))
    await org.drop("users.csv", f"User Email,Teams\n{lines}".encode())
    rows = rows_of(await exported(org))
    assert len({row["User Email"] for row in rows}) == len(rows) == 4_322
    assert {row["Teams"] for row in rows} == {"Team 0", "Team 1", "Team 2", ""}
    await assert_nothing_changes(org)


async def test_e01_users_of_one_organization_are_not_in_the_export_of_another(house: House) -> None:
    first, second = await house.org(), await house.org()
    await first.drop("users.csv", b"User Email,Teams,Badge\na@x.example,Ops,7\n")
    assert [row["User Email"] for row in rows_of(await exported(second))] == ["owner@x.example"]
    assert b"Badge" not in await exported(second)
    assert rows_of(await exported(second, "teams")) == []


async def test_e01_h04_a_login_column_beside_the_user_name_comes_back(org: Org) -> None:
    await org.drop("users.csv", b"User Email,First Name,Last Name,USERNAME\na@x.example,Ann,Lee,alee\n")
    assert await org.fields() == {"USERNAME": "text"}
    await assert_nothing_changes(org)
    assert (await org.user("a@x.example")).custom == {"USERNAME": "alee"}


@pytest.mark.parametrize("preset", get_args(Preset))
async def test_e01_h05_an_export_comes_back_under_the_presets_of_hr_systems(
    house: House, preset: str
) -> None:
    org = await house.org()
    await org.drop(
        "users.csv",
        b"User Email,User Name,First Name,Last Name,Teams,Manager Email,Deactivation Date,Employee ID\n"
        b"a@x.example,Annie,Ann,Lee,Ops,owner@x.example,2026-12-31,007\n",
    )
    await org.change_settings(preset=preset)
    before = await org.directory()
    record = await drop_back(org)
    assert record.outcome is Outcome.IMPORTED, await org.problems(record)
    assert await org.directory() == before


async def test_e01_h05_an_export_comes_back_whatever_the_map_says_of_our_labels(org: Org) -> None:
    await org.drop("users.csv", b"User Email,User Name,Teams,Site\na@x.example,Annie,Ops,Paris\n")
    header_map = {
        "User Name": "Login",
        "teams": "ignore",
        "Site": "Teams",
        "User Email": "Contact",
        "Mail": "User Email",
    }
    await org.change_settings(header_map=header_map)
    assert (await exported(org)).startswith(b"rosterdrop: User Email,rosterdrop: User Name,First Name,")
    await assert_nothing_changes(org)
