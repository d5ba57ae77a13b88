"""`rosterdrop users reactivate` and `users keep` (rule P8)."""

from typing import Any

from tests.integration.commands.conftest import CommandLine

LABELS = "User Email,Deactivation Date"


def dropped(cli: CommandLine, org: str, row: str) -> Any:
    return cli.process("import", cli.file("users.csv", LABELS, row), "--org", org, "--json").json


def user(cli: CommandLine, org: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("users", "show", org, "bo@mavericks.example", "--json").json
    return found


def test_p08_a_reactivated_user_stays_active_with_the_same_date_in_later_files(cli: CommandLine) -> None:
    org = cli.add()
    dropped(cli, org, "bo@mavericks.example,2020-01-31")
    assert user(cli, org)["status"] == "deactivated"
    assert "Deactivated at:    20" in cli("users", "show", org, "bo@mavericks.example").out
    said = cli("users", "reactivate", org, "BO@mavericks.example")
    assert (said.status, said.out) == (0, "bo@mavericks.example is active again.\n")
    again = dropped(cli, org, "bo@mavericks.example,2020-01-31")
    assert (again["counts"]["deactivations_planned"], again["changes"]) == (0, [])
    assert (user(cli, org)["status"], user(cli, org)["deactivates_at"]) == ("active", None)
    assert dropped(cli, org, "bo@mavericks.example,2020-02-01")["counts"]["deactivations_planned"] == 1
    (line,) = cli("audit", "--event", "person.reactivated", "--json").json
    assert line["detail"] == "user 2", "by the number in the organization, as a removal of a person says it"


def test_p08_a_user_who_is_kept_is_not_planned_again_by_the_same_date(cli: CommandLine) -> None:
    org = cli.add()
    dropped(cli, org, "bo@mavericks.example,")
    dropped(cli, org, "bo@mavericks.example,2020-01-31")
    assert user(cli, org)["deactivates_at"] is not None
    said = cli("users", "keep", org, "bo@mavericks.example")
    assert said.status == 0
    assert "is cancelled" in said.out
    assert dropped(cli, org, "bo@mavericks.example,2020-01-31")["counts"]["deactivations_planned"] == 0
    assert (user(cli, org)["deactivation_date"], user(cli, org)["deactivates_at"]) == ("2020-01-31", None)


def test_k_the_plan_that_is_cancelled_is_named_by_the_day_that_the_list_shows(cli: CommandLine) -> None:
    org = cli.add("--set", "time_zone=America/Los_Angeles")
    dropped(cli, org, "bo@mavericks.example,")
    dropped(cli, org, "bo@mavericks.example,2099-12-31")
    assert user(cli, org)["deactivates_at"].startswith("2100-01-01T07:59")
    assert "active until 2099-12-31" in cli("users", "list", "--org", org).out
    said = cli("users", "keep", org, "bo@mavericks.example").out
    assert said == "bo@mavericks.example stays: the deactivation planned for 2099-12-31 is cancelled.\n"


def test_k_there_may_be_nothing_to_do_or_nobody(cli: CommandLine) -> None:
    org = cli.add()
    for words in (
        ("reactivate", org, "ann@mavericks.example"),
        ("keep", org, "ann@mavericks.example"),
        ("keep", org, "nobody@x.example"),
        ("reactivate", "nowhere", "ann@mavericks.example"),
    ):
        said = cli("users", *words)
        assert said.status == 1
        assert len(said.lines) == 1
