"""`rosterdrop check`: what an import would do, without doing it (rule H7)."""

from pathlib import Path

import pytest

from tests.integration.commands.conftest import CommandLine

KEYS = {"kind", "headers", "problems", "notes", "would", "would_hold", "changes"}
HEADER = "User Email,First Name,Last Name,Teams,Shoe"


def test_h07_x_a_file_is_checked_without_an_organization_or_a_data_folder(
    cli: CommandLine, tmp_path: Path
) -> None:
    path = cli.file("users.csv", HEADER, "bo@x.example,Bo,Berg,Sales,42", "cy@x.example,Cy,Cole,,43")
    said = cli.process("check", path, "--json")
    assert said.status == 0, said.err
    assert said.err == ""
    found = said.json
    assert set(found) == KEYS
    assert found["kind"] == "users"
    assert found["headers"] == [
        {"label": "User Email", "meaning": "User Email"},
        {"label": "First Name", "meaning": "First Name"},
        {"label": "Last Name", "meaning": "Last Name"},
        {"label": "Teams", "meaning": "Teams"},
        {"label": "Shoe", "meaning": "custom.Shoe"},
    ]
    assert found["would"]["users_created"] == 2
    assert found["would"]["teams_created"] == 1
    assert found["would"]["fields_created"] == 1
    assert found["would_hold"] is False
    assert {change["key"] for change in found["changes"]} == {"bo@x.example", "cy@x.example", "Sales"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["users.csv"]


def test_h07_problems_are_status_1_and_each_is_named(cli: CommandLine) -> None:
    path = cli.file(
        "users.csv", HEADER, "bo@x.example,Bo,Berg,,42", "nobody,No,Body,,1", "nothing,No,Thing,,1"
    )
    said = cli.process("check", path, "--json")
    assert said.status == 1
    assert [problem["line"] for problem in said.json["problems"]] == [3, 4]
    assert said.json["would"]["rows_refused"] == 2
    text = cli.process("check", path)
    assert text.status == 1
    assert "line 3, User Email: " in text.out
    assert "line 4, User Email: " in text.out
    assert text.out.count("-> ") == 1, "the advice for both is said once"
    assert "refuse 2 rows" in text.out


def test_h07_a_check_for_an_organization_says_old_and_new_and_changes_nothing(cli: CommandLine) -> None:
    org = cli.add()
    first = cli.file("first.csv", HEADER, "bo@x.example,Bo,Berg,Sales,42", "cy@x.example,Cy,Cole,,43")
    assert cli.process("import", first, "--org", org).status == 0
    before = cli("users", "list", "--org", org, "--json").json
    second = cli.file(
        "second.csv", HEADER, "bo@x.example,Bob,Berg,,42", "cy@x.example,Cy,Cole,,43", "dee@x.example,,,,"
    )
    said = cli.process("check", second, "--org", org, "--json")
    assert said.status == 0, said.err
    would = said.json["would"]
    assert (would["users_created"], would["users_updated"], would["users_unchanged"]) == (1, 1, 1)
    assert {
        "kind": "user",
        "key": "bo@x.example",
        "field": "first_name",
        "old": "Bo",
        "new": "Bob",
    } in said.json["changes"]
    text = cli.process("check", second, "--org", org).out
    assert "Mavericks (001)" in text
    assert "First Name: Bo -> Bob" in text
    assert "leave 1 user as it is" in text
    assert "new user dee@x.example" in text
    assert cli("users", "list", "--org", org, "--json").json == before
    assert len(cli("imports", "list", "--json").json) == 1


def test_h07_a_check_says_the_same_as_the_import_after_it(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.csv", HEADER, "bo@x.example,Bo,Berg,Sales,42", "nobody,No,Body,,1")
    checked = cli.process("check", path, "--org", org, "--json").json
    imported = cli.process("import", path, "--org", org, "--json").json
    assert checked["would"] == imported["counts"]
    assert checked["problems"] == imported["problems"]
    assert checked["changes"] == imported["changes"]


def test_h07_h03_a_file_that_is_neither_is_refused_with_the_hint_how_to_map(cli: CommandLine) -> None:
    path = cli.file("people.csv", "Work E-mail,Name", "bo@x.example,Bo")
    said = cli.process("check", path, "--json")
    assert said.status == 1
    assert said.json["kind"] is None
    assert said.json["would"]["users_created"] == 0
    text = cli.process("check", path).out
    assert "looks like `User Email`" in text
    assert "refuse this file as a whole" in text


def test_h07_of_many_changes_the_first_are_shown_unless_all_are_asked_for(cli: CommandLine) -> None:
    path = cli.file("users.csv", "User Email", *(f"user{n}@x.example" for n in range(50)))
    short = cli.process("check", path).out
    assert "user49@x.example" not in short
    assert "30 more changes" in short
    assert "user49@x.example" in cli.process("check", path, "--all").out


def test_h07_teams_are_checked_too(cli: CommandLine) -> None:
    said = cli.process(
        "check", cli.file("teams.csv", "Team Name,Parent Team,Colour", "Sales,Office,red"), "--json"
    )
    assert said.status == 0
    assert said.json["kind"] == "teams"
    assert {"label": "Colour", "meaning": "ignore"} in said.json["headers"]
    assert said.json["notes"], "an ignored label is noted"
    assert said.json["would"]["teams_created"] == 2


@pytest.mark.parametrize(
    ("words", "status"), [(("--org", "9"), 1), (("--preset", "excel"), 2), (("--dates", "x"), 2)]
)
def test_k_a_wrong_check_is_one_line(cli: CommandLine, words: tuple[str, ...], status: int) -> None:
    cli.add()
    said = cli.process("check", cli.file("users.csv", HEADER), *words)
    assert said.status == status
    assert len(said.lines) == 1


def test_h07_g01_a_check_says_that_the_file_would_be_held_and_why(cli: CommandLine) -> None:
    org = cli.add()
    addresses = [f"user{n}@x.example" for n in range(30)]
    first = cli.file("first.csv", "User Email,User Name", *(f"{address},Old" for address in addresses))
    assert cli.process("import", first, "--org", org).status == 0
    second = cli.file("second.csv", "User Email,User Name", *(f"{address},New" for address in addresses))
    said = cli.process("check", second, "--org", org, "--json")
    assert said.json["would_hold"] is True
    assert "would be held" in cli.process("check", second, "--org", org).out
    held = cli.process("import", second, "--org", org)
    assert held.status == 1
    assert "imports approve 2" in held.out
    shown = cli("imports", "show", 2, "--json").json
    assert shown["outcome"] == "held"
    assert shown["hold_reason"]


def test_h07_u05_a_name_that_no_import_can_use_is_a_problem_here_too(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.xlsx", HEADER, "bo@x.example,Bo,Berg,,42")
    checked = cli.process("check", path, "--org", org, "--json")
    assert checked.status == 1
    imported = cli.process("import", path, "--org", org, "--json").json
    assert imported["outcome"] == "refused"
    assert checked.json["problems"] == imported["problems"]


def test_h07_a_check_can_be_written_as_a_page(cli: CommandLine, tmp_path: Path) -> None:
    path = cli.file("people.csv", "User Email,Room", "ann@x.example,<b>12</b>", "bob,3")
    page = tmp_path / "check.html"
    said = cli.process("check", path, "--html", str(page))
    assert said.status == 1, said.err  # a problem was found
    text = page.read_text(encoding="utf-8")
    assert "Would be imported in part" in text
    assert "new custom field Room (text)" in text
    assert "<b>12</b>" not in text
    assert "<script" not in text


def test_h07_a_page_and_json_are_written_both(cli: CommandLine, tmp_path: Path) -> None:
    path, page = cli.file("people.csv", "User Email", "ann@x.example"), tmp_path / "check.html"
    said = cli.process("check", path, "--json", "--html", page)
    assert (said.status, said.json["kind"]) == (0, "users")
    assert "ann@x.example" in page.read_text(encoding="utf-8")
    assert cli.process("check", path, "--html", page).out == f"The report is in {page}.\n"


def test_h07_new_users_and_teams_are_shown_field_by_field(cli: CommandLine, tmp_path: Path) -> None:
    path = cli.file("users.csv", HEADER + ",Manager Email", "bo@x.example,Bo,Berg,Sales,42,cy@x.example")
    text = cli.process("check", path).out
    start = text.index("new user bo@x.example")
    block = text[start : text.index("new user cy@x.example")]
    for said in ("First Name: Bo", "Manager Email: cy@x.example", "joins Sales", "Shoe: 42"):
        assert f"      {said}\n" in block
    assert "Team Owner: " in text[text.index("new team Sales") :]
    page = tmp_path / "check.html"
    cli.process("check", path, "--html", page)
    assert '<td class="what">Shoe</td><td>42</td>' in page.read_text(encoding="utf-8")


def test_h07_p02_those_who_are_no_longer_in_the_file_are_named(cli: CommandLine) -> None:
    org = cli.add()
    first = cli.file("first.csv", "User Email", *(f"user{number:02}@x.example" for number in range(40)))
    assert cli.process("import", first, "--org", org).status == 0
    second = cli.file("second.csv", "User Email", "user00@x.example")
    text = cli.process("check", second, "--org", org).out
    assert "39 active users" in text
    assert "  user01@x.example\n" in text
    assert "user39@x.example" not in text
    assert "and 19 more: --all shows them" in text
    assert "user39@x.example" in cli.process("check", second, "--org", org, "--all").out
