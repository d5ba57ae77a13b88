"""`rosterdrop fields set`: types and names of custom fields (rule C2)."""

from typing import Any

from tests.integration.commands.conftest import CommandLine

ROWS = ("User Email,Badge,Remote,Since", "bo@x.example,007,Yes,2026-01-05", "cy@x.example,8,No,")


def filled(cli: CommandLine, *words: str) -> str:
    org = cli.add("Mavericks", *words)
    assert cli.process("import", cli.file("users.csv", *ROWS), "--org", org).status == 0
    return org


def custom(cli: CommandLine, org: str) -> dict[str, Any]:
    users = cli("users", "list", "--org", org, "--json").json
    return {user["email"]: user["custom"] for user in users if user["custom"]}


def types(cli: CommandLine, org: str) -> dict[str, str]:
    return {field["label"]: field["type"] for field in cli("fields", "list", "--org", org, "--json").json}


def test_c02_a_type_is_set_when_all_stored_values_fit_and_is_strict_then(cli: CommandLine) -> None:
    org = filled(cli)
    assert cli("fields", "set", org, "remote", "--type", "text").status == 0
    assert custom(cli, org)["bo@x.example"]["Remote"] == "Yes"
    assert cli("fields", "set", org, "Remote", "--type", "boolean").status == 0
    assert custom(cli, org)["bo@x.example"]["Remote"] is True
    more = cli.file("more.csv", "User Email,Remote", "bo@x.example,perhaps", "cy@x.example,Yes")
    done = cli.process("import", more, "--org", org, "--json").json
    assert [(one["line"], one["code"]) for one in done["problems"]] == [(2, "value-misfit")]
    assert types(cli, org)["Remote"] == "boolean"
    details = [line["detail"] for line in cli("audit", "--json").json if line["event"] == "setting.changed"]
    assert details[0] == "field Remote: text -> Remote: boolean"
    assert custom(cli, org)["cy@x.example"]["Remote"] is True


def test_c02_values_that_do_not_fit_keep_the_type_as_it_is(cli: CommandLine) -> None:
    org = filled(cli)
    said = cli("fields", "set", org, "Badge", "--type", "date", "--name", "Number")
    assert said.status == 1
    assert len(said.lines) == 1
    assert "2 of 2 values" in said.err
    assert "bo@x.example" in said.err
    assert types(cli, org) == {"Badge": "text", "Remote": "boolean", "Since": "date"}


def test_c02_h05_a_renamed_field_is_filled_by_its_old_label_and_by_its_new_one(cli: CommandLine) -> None:
    org = filled(cli)
    said = cli("fields", "set", org, "Badge", "--name", "Staff Number")
    assert said.status == 0
    assert list(types(cli, org)) == ["Staff Number", "Remote", "Since"]
    assert custom(cli, org)["bo@x.example"] == {"Staff Number": "007", "Remote": True, "Since": "2026-01-05"}
    again = cli.process("import", cli.file("users.csv", *ROWS), "--org", org, "--json").json
    assert (again["counts"]["fields_created"], again["changes"]) == (0, [])
    later = cli.file("later.csv", "User Email,staff number", "bo@x.example,9")
    cli.process("import", later, "--org", org)
    assert custom(cli, org)["bo@x.example"]["Staff Number"] == "9"
    assert len(types(cli, org)) == 3
    exported = cli.process("users", "export", org).out
    assert exported.splitlines()[0].endswith("Deactivation Date,Staff Number,Remote,Since")


def test_c02_p01_h05_a_chosen_key_and_a_preset_follow_the_name(cli: CommandLine) -> None:
    org = filled(cli, "--preset", "workday")
    assert cli("org", "set", org, "match_by=Badge").status == 0
    assert cli("org", "map", org, "Ausweis=Badge").status == 0
    assert cli("fields", "set", org, "Badge", "--name", "Employee ID").status == 0
    shown = cli("org", "show", org, "--json").json
    assert shown["settings"]["match_by"] == "Employee ID"
    assert shown["map"]["Ausweis"] == "Employee ID"
    assert cli("fields", "set", org, "Employee ID", "--name", "Staff Number").status == 0
    in_force = cli("org", "map", org, "--json").json["in_force"]
    assert "Staff Number" in in_force.values()
    assert "Employee ID" not in in_force.values()


def test_k_a_field_is_named_as_no_other_thing_is(cli: CommandLine) -> None:
    org = filled(cli)
    for words in (
        ("Badge", "--name", "user email"),
        ("Badge", "--name", "Team Name"),
        ("Badge", "--name", "Remote"),
        ("Badge", "--name", "  "),
        ("Badge", "--type", "number"),
        ("Badge",),
    ):
        said = cli("fields", "set", org, *words)
        assert said.status == 2
        assert len(said.lines) == 1
    assert cli("fields", "set", org, "Nothing", "--type", "text").status == 1
    assert list(types(cli, org)) == ["Badge", "Remote", "Since"]
