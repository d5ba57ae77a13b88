"""`rosterdrop imports undo`: what it says, and what `imports show` says afterwards (rule G3)."""

import sqlite3
from contextlib import closing

from tests.integration.commands.conftest import CommandLine


def test_g03_an_undo_says_what_went_back_and_what_was_left(cli: CommandLine) -> None:
    org = cli.add()
    for name, rows in (
        ("a.csv", ("bo@x.example,Bo,Sales",)),
        ("b.csv", ("bo@x.example,Bob,Ops", "cy@x.example,Cy,")),
        ("c.csv", ("bo@x.example,Bobby,",)),
    ):
        cli.process("import", cli.file(name, "User Email,User Name,Teams", *rows), "--org", org)
    said = cli("imports", "undo", 2)
    assert said.status == 0
    assert "membership taken back" in said.out
    assert "bo@x.example: User Name: Bo -> Bob\n      something changed it since" in said.out
    page = cli("imports", "show", 2)
    assert "Undone at" in page.out
    undone = cli("imports", "show", 2, "--json").json["undone"]
    assert undone["undone_by"].startswith("operator:")
    assert [line["event"] for line in cli("audit", "--json").json if line["detail"] == "import 2"] == [
        "import.undone"
    ]
    assert undone["counts"] == {
        "values_restored": 0,
        "memberships_taken_back": 1,
        "plans_taken_back": 0,
        "users_deactivated": 1,
        "left": 1,
    }
    assert [(left["key"], left["code"]) for left in undone["left"]] == [("bo@x.example", "changed-later")]
    assert cli("imports", "show", 1, "--json").json["undone"] is None
    statuses = {user["email"]: user["status"] for user in cli("users", "list", "--org", org, "--json").json}
    assert statuses["cy@x.example"] == "deactivated"


def test_g03_an_undo_in_json_is_one_value(cli: CommandLine) -> None:
    org = cli.add()
    cli.process("import", cli.file("a.csv", "User Email", "bo@x.example"), "--org", org)
    value = cli("imports", "undo", 1, "--json").json
    assert (value["number"], value["counts"]["users_deactivated"], value["left"]) == (1, 1, [])
    assert value["changes"][0] == {
        "kind": "user",
        "key": "bo@x.example",
        "field": "deactivated_at",
        "old": None,
        "new": value["undone_at"],
    }


def test_k_what_cannot_be_undone_is_status_1_and_one_line(cli: CommandLine) -> None:
    org = cli.add()
    cli.process("import", cli.file("a.csv", "User Email", "bo@x.example"), "--org", org)
    assert cli("imports", "undo", 1).status == 0
    for number in (1, 99):
        said = cli("imports", "undo", number)
        assert said.status == 1
        assert len(said.lines) == 1


def test_r03_what_is_gone_is_said_and_neither_undone_nor_dropped_again(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.csv", "User Email", "bo@x.example", "nobody")
    assert cli.process("import", path, "--org", org).status == 1
    since = "2027-12-29T12:00:00.000+00:00"
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        connection.execute("UPDATE imports SET file_purged_at = ?, log_purged_at = ?", (since, since))
        connection.execute("DELETE FROM problems")
        connection.execute("DELETE FROM changes")
        connection.commit()
    shown = cli("imports", "show", 1)
    assert f"users.csv (gone since {since}: its retention was over)" in shown.out
    assert f"Problems and changes are kept no longer since {since}" in shown.out
    said = cli("imports", "show", 1, "--json").json
    assert (said["file_purged_at"], said["log_purged_at"]) == (since, since)
    for command in ("undo", "retry"):
        refused = cli("imports", command, 1)
        assert refused.status == 1
        assert len(refused.lines) == 1
        assert since in refused.err
    settings = cli("org", "show", org)
    assert "Files are kept for 90 days." in settings.out
    assert "The log of changes is kept for 400 days." in settings.out
