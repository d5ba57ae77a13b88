"""`rosterdrop imports undo`: what it says, and what `imports show` says afterwards (rule G3)."""

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
    assert "bo@x.example: name: Bo -> Bob\n      something changed it since" in said.out
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
