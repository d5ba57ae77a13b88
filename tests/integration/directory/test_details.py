"""What only reports say: who is no longer in the file, and what new users are given (P2, H7, H8)."""

from pathlib import Path

from processor.directory import details
from processor.filing.kept_details import Details, keep_details, kept_details
from processor.imports import Change, ImportRecord, Outcome
from tests.integration.directory.house import House, Org
from tests.integration.filing.drops import make_drop

HEADER = "User Email,First Name,Manager Email,Teams,Room,Is Org Admin\n"


def report(org: Org, record: ImportRecord) -> str:
    assert record.filed_as is not None
    return (org.inbox.folders(org.id).root / f"{record.filed_as}.report.html").read_text()


async def test_p02_the_report_names_those_who_are_no_longer_in_the_file(org: Org) -> None:
    await org.drop("f.csv", b"User Email\nann@x.example\nbob@x.example\ncy@x.example\n")
    record = await org.drop("f.csv", b"User Email\nann@x.example\n")
    page = report(org, record)
    assert "No longer in the file" in page
    assert "<li>bob@x.example</li>" in page
    assert "<li>cy@x.example</li>" in page
    assert "<li>ann@x.example</li>" not in page
    assert "No longer in the file" not in report(org, await org.drop("f.csv", b"User Email\nann@x.example\n"))


async def test_p02_of_very_many_the_first_are_named(org: Org) -> None:
    people = "".join(f"u{number:04}@x.example\n" for number in range(1_200))
    await org.drop("f.csv", f"User Email\n{people}".encode())
    record = await org.drop("f.csv", b"User Email\nann@x.example\n")
    page = report(org, record)
    assert record.counts.users_missing == 1_200
    assert page.count("<li>u") == details.FIRST
    assert "and 200 more" in page


async def test_h08_the_report_of_test_mode_shows_new_users_field_by_field(house: House) -> None:
    org = await house.org(mode="test")
    record = await org.drop(
        "f.csv",
        (HEADER + 'ann@x.example,Ann,bob@x.example,"Ops,Dev",12,Yes\nbob@x.example,Bob,,,,\n').encode(),
    )
    assert record.outcome is Outcome.CHECKED
    page = report(org, record)
    for label, value in (
        ("User Name", "Ann"),
        ("Manager Email", "bob@x.example"),
        ("joined", "Ops"),
        ("joined", "Dev"),
        ("Room", "12"),
        ("Is Org Admin", "Yes"),
    ):
        assert f'<td class="what">{label}</td><td>{value}</td>' in page
    assert "User Account Type" not in page, "the usual is not told"
    assert "How its columns are understood" in page
    assert "<td>new custom field Room (text)</td>" in page


async def test_h08_the_report_of_test_mode_shows_new_teams_field_by_field(house: House) -> None:
    org = await house.org(mode="test")
    record = await org.drop(
        "f.csv", b"Team Name,Team Owner,Parent Team,Team Type\nOps,zoe@x.example,Office,Unit\n"
    )
    page = report(org, record)
    assert '<td class="what">Team Owner</td><td>zoe@x.example</td>' in page
    assert '<td class="what">Parent Team</td><td>Office</td>' in page
    assert '<td class="what">Team Type</td><td>Unit</td>' in page


async def test_h07_a_real_import_names_its_new_users_only(org: Org) -> None:
    page = report(org, await org.drop("f.csv", (HEADER + "ann@x.example,Ann,,,12,\n").encode()))
    assert "<li>ann@x.example</li>" in page
    assert '<td class="what">Room</td>' not in page
    assert "How its columns are understood" not in page


def test_r01_details_are_kept_beside_the_drop_until_it_is_filed(tmp_path: Path) -> None:
    _, drop = make_drop(tmp_path)
    assert kept_details(drop) == Details()
    given = Change("user", "ann@x.example", "custom.Room", None, "12")
    told = Details(["bob@x.example"], [("Work Email", "User Email")], {("user", "ann@x.example"): (given,)})
    keep_details(drop, told)
    assert kept_details(drop) == told
    keep_details(drop, Details())
    assert kept_details(drop) == Details()


async def test_r02_a_history_is_the_same_applied_or_only_checked(house: House) -> None:
    """Users made together and one by one, in the order of the file; a known one and a manager made on the way."""
    names = ("Ann", "Bo", "O'Neil", "Cy", "Dee", "'=Eve", "Flo", "Zoë", "Gil")
    rows = "".join(f"{number}ü@x.example,{name},boss@x.example,Ops\n" for number, name in enumerate(names))
    data = f"User Email,First Name,Manager Email,Teams\n{rows}owner@x.example,New,,Dev\n".encode()
    told = []
    for mode in ("live", "test"):
        org = await house.org(mode=mode)
        record = await org.drop("f.csv", data)
        changes = await org.rows(
            "SELECT kind, key, field, old, json_extract(new, '$'), place FROM changes WHERE import_number = :number"
            " ORDER BY place",
            number=record.number,
        )
        assert [row[-1] for row in changes] == list(range(len(changes)))
        told.append([row[:-1] for row in changes])
    assert told[0] == told[1]
    made = [key for kind, key, field, *_ in told[0] if (kind, field) == ("user", "created")]
    assert made == [*(f"{number}ü@x.example" for number in range(len(names))), "boss@x.example"]
    assert ("user", "owner@x.example", "teams", None, "Dev") in told[0]
