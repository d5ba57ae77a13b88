"""What is noted about a file as a whole, in its smallest files, and how many findings are kept (R2)."""

import csv

import pytest

from processor.imports import Outcome
from tests.integration.directory.house import House, Org


async def notes(org: Org, data: bytes) -> list[tuple[str | None, str, str]]:
    """Column, code and text of the notes of a file."""
    record = await org.drop("f.csv", data)
    return [(one.column, one.code, one.text) for one in await org.problems(record, notes=True)]


async def test_h05_an_unknown_status_is_noted_in_every_file_while_it_stands(house: House) -> None:
    org = await house.org(header_map={"State": "Leaver Status"})
    data = b"User Email,State\nann@x.example,Resigned\nbob@x.example,Active\ncy@x.example,Terminated\n"
    for _ in range(2):
        ((column, code, text),) = [
            one
            for one in await notes(org, data)
            if one[1] not in ("created-deactivated", "deactivated-updated")
        ]
        assert (column, code) == ("State", "status-unknown")
        assert "`Resigned` in 1 row (line 2)" in text


async def test_h05_a_status_beside_a_known_last_day_is_not_noted(house: House) -> None:
    org = await house.org(header_map={"State": "Leaver Status"})
    await org.drop("f.csv", b"User Email,Deactivation Date\nann@x.example,2026-12-31\n")
    found = await notes(org, b"User Email,State\nann@x.example,Resigned\n")
    assert [code for _, code, _ in found] == []


async def test_p06_users_made_by_a_managers_address_are_noted_with_the_lines(org: Org) -> None:
    rows = b"ann@x.example,boss@x.example\nbob@x.example,ann@x.example\ncy@x.example,Boss@x.example\n"
    data = b"User Email,Manager Email\n" + rows
    ((column, code, text),) = await notes(org, data)
    assert (column, code) == ("Manager Email", "users-named-only")
    assert "as manager whom" in text
    assert "1 user, lines 2 and 4" in text
    assert await notes(org, data) == []


async def test_t2_users_made_by_an_owners_address_are_noted_with_the_lines(org: Org) -> None:
    ((column, code, text),) = await notes(
        org, b"Team Name,Team Owner\nOps,zoe@x.example\nDev,yan@x.example\n"
    )
    assert (column, code) == ("Team Owner", "users-named-only")
    assert "2 users, lines 2 to 3" in text


async def test_p01_an_id_that_lost_its_zeros_is_noted(org: Org) -> None:
    await org.drop("f.csv", b"User Email,Employee ID\nann@x.example,000123\nbob@x.example,000124\n")
    found = await notes(org, b"User Email,Employee ID\nann@x.example,123\nbob@x.example,000124\n")
    assert [(column, code) for column, code, _ in found] == [("Employee ID", "id-without-zeros")]
    assert "1 cell, line 2" in found[0][2]


async def test_p01_a_key_that_lost_its_zeros_is_noted_beside_the_problem(house: House) -> None:
    org = await house.org(match_by="Badge")
    await org.drop("f.csv", b"User Email,Badge\nann@x.example,007\n")
    record = await org.drop("f.csv", b"User Email,Badge\nann@x.example,7\nbob@x.example,8\n")
    assert await org.codes(record) == [(2, "Badge", "key-of-two-users")]
    assert await org.codes(record, notes=True) == [(None, "Badge", "id-without-zeros")]


async def test_h06_a_managers_id_that_lost_its_zeros_is_noted_beside_the_problem(org: Org) -> None:
    header = b"User Email,Employee ID,Manager Employee ID\n"
    await org.drop("f.csv", header + b"ann@x.example,0007,\n")
    record = await org.drop("f.csv", header + b"bob@x.example,0008,7\ncy@x.example,0009,99\n")
    assert [code for _, _, code in await org.codes(record)] == ["manager-unknown-id"] * 2
    (note,) = await org.problems(record, notes=True)
    assert (note.column, note.code) == ("Manager Employee ID", "id-without-zeros")
    assert "1 cell, line 2" in note.text


async def test_p01_an_id_that_a_spreadsheet_shortened_is_noted_in_every_file(org: Org) -> None:
    for _ in range(2):
        found = await notes(org, b"User Email,Employee ID\nann@x.example,1.02E+05\nbob@x.example,7\n")
        assert [(column, code) for column, code, _ in found] == [("Employee ID", "id-shortened")]


@pytest.mark.parametrize("name", ["users", "teams"])
async def test_f01_text_behind_a_closing_quote_is_noted_and_taken(org: Org, name: str) -> None:
    data = {
        "users": b'User Email,User Name\nann@x.example,"Ann" Lee\nbob@x.example,"Bob, ""B"""\n',
        "teams": b'Team Name,Team Type\n"Ops" West,x\n"Dev",y\n',
    }[name]
    for _ in range(2):
        record = await org.drop("f.csv", data)
        assert record.outcome is Outcome.IMPORTED
        assert await org.codes(record, notes=True) == [(2, None, "text-after-quote")]
    if name == "users":
        assert (await org.user("ann@x.example")).name == "Ann Lee"


async def test_f02_a_title_above_the_labels_refuses_the_file_and_says_so(org: Org) -> None:
    record = await org.drop("f.csv", b"Employee report 2026\n\nUser Email;User Name\nann@x.example;Ann\n")
    assert record.outcome is Outcome.REFUSED
    (found,) = await org.problems(record)
    assert (found.line, found.code) == (1, "title-above")
    assert "in line 3" in found.text


async def test_f03_a_total_below_costs_its_row_only_with_or_without_a_line_end(org: Org) -> None:
    for end in (b"", b"\n"):
        record = await org.drop("f.csv", b"User Email,User Name\nann@x.example,Ann\nTotal: 1" + end)
        assert record.outcome is Outcome.PARTIAL
        assert await org.codes(record) == [(3, None, "total-row")]


async def test_f03_labels_in_the_middle_of_a_teams_file_make_no_team(org: Org) -> None:
    record = await org.drop("f.csv", b"Team Name,Team Type\nOps,x\nTeam Name,Team Type\nDev,y\n")
    assert await org.codes(record) == [(4 - 1, None, "labels-again")]
    assert set(await org.teams()) == {"Ops", "Dev"}


async def test_f03_rows_with_another_delimiter_are_called_so(org: Org) -> None:
    record = await org.drop("f.csv", b"User Email,User Name\nann@x.example;Ann\nbob@x.example;Bob\n")
    assert record.outcome is Outcome.REFUSED
    assert {code for _, _, code in await org.codes(record)} == {"row-other-delimiter"}


async def test_r02_half_a_million_bad_cells_are_counted_exactly_and_kept_small(org: Org) -> None:
    labels = ",".join(f"D{number}" for number in range(499))
    good = ",".join(["2026-01-05"] * 499)
    await org.drop("f.csv", f"User Email,{labels}\na@x.example,{good}\n".encode())
    bad = "".join(f"u{number}@x.example,2026-01-05{',x' * 498}\n" for number in range(250))
    # One date in each column keeps the fields dates (C2), so that each x is a bad cell.
    record = await org.drop("g.csv", f"User Email,{labels}\na@x.example,{good}\n{bad}".encode())
    assert record.counts.cells_refused == 250 * 498
    found = await org.problems(record)
    assert sum(one.times for one in found) == 250 * 498
    assert 100_000 <= len(found) < 102_000
    (path,) = (org.inbox.folders(org.id).root / "error").glob("*-g.csv.problems.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found)
    assert path.stat().st_size < 20_000_000


async def test_r01_all_refused_rows_come_back_however_many_there_are(org: Org) -> None:
    lines = [f"nobody{number},x\n" for number in range(22_000)]
    record = await org.drop("g.csv", ("User Email,User Name\nann@x.example,Ann\n" + "".join(lines)).encode())
    assert record.counts.rows_refused == 22_000
    (path,) = (org.inbox.folders(org.id).root / "error").glob("*-g.csv.rejected.csv")
    assert path.read_text() == "User Email,User Name\n" + "".join(lines)
    found = await org.problems(record)
    assert (len(found), sum(one.times for one in found)) == (20_001, 22_000)
    assert found[-1].text == "2,000 more like this: lines 20003 to 22002 (P1)"


async def test_f03_rows_with_blank_surplus_cells_are_noted_where_others_have_none(org: Org) -> None:
    header = b"User Email,User Name,Boss\n"
    for _ in range(2):
        found = await notes(org, header + b"ann@x.example,Lee, Ann,\nbob@x.example,Bob,\n")
        assert [(column, code) for column, code, _ in found] == [(None, "surplus-cells")]
        assert "1 row (line 2)" in found[0][2]
    assert await notes(org, header + b"cy@x.example,Cy,,\ndee@x.example,Dee,,\n") == []
