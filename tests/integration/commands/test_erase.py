"""`rosterdrop users erase`: a person is gone from directory, history and exports (rule R3)."""

import sqlite3
from contextlib import closing

from tests.integration.commands.conftest import OWNER, CommandLine

FIRST = (
    "User Email,User Name,Teams,Manager Email,Is Org Admin",
    "bo@x.example,Bo Berg,Sales,ann@mavericks.example,",
    "cy@x.example,Cy,Sales,ann@mavericks.example,",
)
SECOND = ("User Email,User Name,Manager Email", "bo@x.example,Robert,", "cy@x.example,Cyril,bo@x.example")
TEAMS = ("Team Name,Team Owner", "Sales,bo@x.example")


def filled(cli: CommandLine) -> str:
    org = cli.add("Mavericks", "recipients=bo@x.example")
    for name, lines in (("first.csv", FIRST), ("second.csv", SECOND), ("teams.csv", TEAMS)):
        assert cli.process("import", cli.file(name, *lines), "--org", org).status == 0
    assert cli("users", "export", org, "--to-folder").status == 0
    assert cli("teams", "export", org, "--to-folder").status == 0
    return org


def everything_kept(cli: CommandLine) -> str:
    """All that stands in the database, as text."""
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        return "\n".join(connection.iterdump())


def test_r03_an_erased_person_is_in_directory_history_and_exports_no_more(cli: CommandLine) -> None:
    org = filled(cli)
    assert "bo@x.example" in everything_kept(cli)
    said = cli("users", "erase", org, "BO@x.example", "--json")
    assert said.status == 0
    assert said.json["number"] == 2
    kept = everything_kept(cli)
    assert "bo@x.example" not in kept
    assert "Bo Berg" not in kept
    assert "Robert" not in kept
    assert [user["email"] for user in cli("users", "list", "--org", org, "--json").json] == [
        OWNER,
        "cy@x.example",
    ]
    assert cli("users", "show", org, "cy@x.example", "--json").json["manager_email"] is None
    assert cli("teams", "list", "--org", org, "--json").json[0]["owner_email"] == OWNER
    folder = cli.data_dir / "orgs" / org / "export"
    for name in ("users.csv", "teams.csv"):
        assert b"bo@x.example" not in (folder / name).read_bytes()
    assert cli("org", "show", org, "--json").json["settings"]["recipients"] in (None, [], "none", "")


def test_r03_files_that_mention_the_address_are_named(cli: CommandLine) -> None:
    org = filled(cli)
    files = cli("users", "erase", org, "bo@x.example", "--json").json["files"]
    assert [path for path in files if path.endswith(".csv")] == sorted(
        one["archived_as"] for one in cli("imports", "list", "--org", org, "--json").json
    )
    assert not [path for path in files if path.startswith("export/")]


def test_r03_a05_the_audit_names_the_person_by_number(cli: CommandLine) -> None:
    org = filled(cli)
    cli("users", "erase", org, "bo@x.example")
    line = next(one for one in cli("audit", "--json").json if one["event"] == "person.erased")
    assert (line["org"], line["detail"]) == (org, "user 2")


def test_r03_the_owner_and_the_last_administrator_are_not_erased(cli: CommandLine) -> None:
    org = filled(cli)
    for words in ((org, OWNER), (org, "nobody@x.example"), ("nowhere", OWNER)):
        said = cli("users", "erase", *words)
        assert said.status == 1
        assert len(said.lines) == 1
    assert cli("org", "set", org, "owner=cy@x.example").status == 0
    said = cli("users", "erase", org, OWNER)
    assert said.status == 1
    assert "last active administrator" in said.err


def test_r03_people_who_stay_are_imported_as_before(cli: CommandLine) -> None:
    org = filled(cli)
    cli("users", "erase", org, "bo@x.example")
    lines = ("User Email,User Name", "cy@x.example,Cyril")
    done = cli.process("import", cli.file("third.csv", *lines), "--org", org, "--json").json
    assert (done["outcome"], done["counts"]["users_unchanged"]) == ("imported", 1)


def test_r03_a_person_who_came_back_can_be_allowed_again(cli: CommandLine) -> None:
    org = filled(cli)
    assert cli("users", "erase", org, "bo@x.example", "--allow-again").status == 1
    cli("users", "erase", org, "bo@x.example")
    said = cli("users", "erase", org, "bo@x.example")
    assert said.status == 0
    assert "was erased before" in said.out
    assert cli("users", "erase", org, "Bo@x.example", "--allow-again").status == 0
    assert cli("users", "erase", org, "bo@x.example").status == 1
