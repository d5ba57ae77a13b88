"""`rosterdrop org`: organizations made, shown, changed."""

import json
import os
import re
from pathlib import Path

import pytest

from core.locks import data_folder_lock
from tests.integration.commands.conftest import OWNER, CommandLine

FOLDERS = {"local", "archive", "error", "export", "incoming", "queue"}


def test_x_org_add_prints_what_the_customer_needs(cli: CommandLine) -> None:
    said = cli("org", "add", "Mavericks", "--id", "007", "--owner", OWNER, "--recipient", OWNER)
    assert said.status == 0
    details = dict(line.split(":", 1) for line in said.out.splitlines())
    assert list(details) == ["Organization ID", "Host", "Port", "Username", "Password"]
    assert details["Organization ID"].strip() == "007"
    assert (details["Host"].strip(), details["Port"].strip()) == ("127.0.0.1", "2222")
    assert details["Username"].strip() == "Mavericks_007"
    assert len(details["Password"].strip()) >= 20


def test_x_org_add_as_json_has_the_six_names(cli: CommandLine) -> None:
    said = cli("org", "add", "Mavericks", "--owner", OWNER, "--recipient", OWNER, "--json")
    assert said.status == 0
    assert set(said.json) == {"id", "name", "host", "port", "username", "password"}
    assert said.json["port"] == 2222
    assert said.err == ""


def test_k_org_add_makes_the_folders_and_tells_the_daemon(cli: CommandLine) -> None:
    cli.add("Mavericks", "--id", "007")
    root = cli.data_dir / "orgs" / "007"
    assert {path.name for path in root.iterdir()} >= FOLDERS
    assert (cli.data_dir / "nudges" / "007").exists()


def test_k_without_an_id_the_next_free_number_is_taken(cli: CommandLine) -> None:
    assert cli.add("One") == "001"
    assert cli.add("Seven", "--id", "007") == "007"
    assert cli.add("Named", "--id", "acme-2") == "acme-2"
    assert cli.add("Eight") == "008"


def test_k_organizations_that_are_added_at_once_get_ids_of_their_own(cli: CommandLine) -> None:
    running = [cli.start("org", "add", f"Org {n}", "--owner", OWNER, "--json") for n in range(4)]
    ids = []
    for process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        ids.append(json.loads(out)["id"])
    assert sorted(ids) == ["001", "002", "003", "004"]


def test_w_an_organization_needs_an_owner(cli: CommandLine) -> None:
    said = cli("org", "add", "Mavericks")
    assert said.status == 2
    assert said.out == ""
    assert said.lines == [
        "rosterdrop: Say who owns the organization: --owner EMAIL. It becomes its first user and administrator."
    ]
    assert not cli.data_dir.exists()


def test_w_the_owner_is_the_first_user_active_and_administrator(cli: CommandLine) -> None:
    org = cli.add()
    (user,) = cli("users", "list", "--org", org, "--json").json
    assert (user["email"], user["status"], user["is_org_admin"]) == (OWNER, "active", True)


def test_x_org_add_warns_when_nobody_gets_mails(cli: CommandLine) -> None:
    said = cli("org", "add", "Mavericks", "--owner", OWNER, "--json")
    assert said.status == 0
    assert len(said.lines) == 1
    assert "recipients" in said.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--id", "a b"), "cannot be an organization's id"),
        (("--id", "../x"), "cannot be an organization's id"),
        (("--dates", "ymd"), "dates:"),
        (("--time-zone", "Mars"), "time_zone:"),
        (("--preset", "excel"), "preset:"),
        (("--recipient", "nobody"), "recipients:"),
        (("colour=red",), "colour: no such setting"),
        (("two words",), "is no KEY=VALUE"),
        (("--mode",), "needs"),
    ],
)
def test_k_a_wrong_setting_is_named_and_makes_nothing(
    cli: CommandLine, words: tuple[str, ...], complaint: str
) -> None:
    said = cli("org", "add", "Mavericks", "--owner", OWNER, *words)
    assert said.status == 2
    assert len(said.lines) == 1
    assert complaint in said.err or "requires an argument" in said.err
    assert not (cli.data_dir / "orgs").exists()


def test_k_all_wrong_settings_are_named_at_once(cli: CommandLine) -> None:
    said = cli("org", "add", "Mavericks", "--owner", "x", "dates=ymd", "teams=drop")
    assert said.status == 2
    assert all(name in said.err for name in ("owner:", "dates:", "teams:"))


def test_k_an_id_or_a_user_name_is_given_once(cli: CommandLine) -> None:
    cli.add("Mavericks", "--id", "007")
    again = cli("org", "add", "Others", "--id", "007", "--owner", OWNER)
    assert (again.status, len(again.lines)) == (2, 1)
    same = cli("org", "add", "mavericks_0", "--id", "07", "--owner", OWNER)
    assert same.status == 0
    clash = cli("org", "add", "Mavericks_0", "--id", "07_x", "--owner", OWNER)
    assert clash.status == 0
    taken = cli("org", "add", "Mavericks_0_07", "--id", "x", "--owner", OWNER)
    assert taken.status == 2
    assert "user name" in taken.err
    assert not (cli.data_dir / "orgs" / "x").exists()


def test_k_what_a_broken_org_add_left_hinders_no_second_one(cli: CommandLine) -> None:
    cli.add("One")
    left = cli.data_dir / "orgs" / "007" / "local"
    left.mkdir(parents=True)
    assert cli.add("Mavericks", "--id", "007") == "007"


def test_k_if_the_folders_cannot_be_made_there_is_no_organization(cli: CommandLine) -> None:
    cli.add("One")
    (cli.data_dir / "orgs" / "007").write_text("in the way", "ascii")
    said = cli("org", "add", "Mavericks", "--id", "007", "--owner", OWNER)
    assert said.status == 2
    assert len(said.lines) == 1
    assert [one["id"] for one in cli("org", "list", "--json").json] == ["001"]


def test_a01_a_password_is_read_from_standard_input_and_stored_as_a_hash_only(cli: CommandLine) -> None:
    secret = "correct horse battery staple"
    said = cli.process(
        "org", "add", "Mavericks", "--owner", OWNER, "--password-stdin", "--json", stdin=f"{secret}\n"
    )
    assert said.json["password"] == secret
    stored = b"".join(path.read_bytes() for path in cli.data_dir.glob("rosterdrop.sqlite*"))
    assert secret.encode() not in stored
    assert b"$argon2id$" in stored


def test_a01_an_empty_password_is_wrong_usage(cli: CommandLine) -> None:
    said = cli.process("org", "add", "Mavericks", "--owner", OWNER, "--password-stdin")
    assert said.status == 2
    assert len(said.lines) == 1


def test_a01_a_new_password_replaces_the_old_one(cli: CommandLine) -> None:
    first = cli("org", "add", "Mavericks", "--owner", OWNER, "--json").json
    second = cli("org", "password", first["id"], "--json").json
    assert second["password"] != first["password"]
    assert {**second, "password": ""} == {**first, "password": ""}


def test_x_org_add_prints_the_port_of_the_running_daemon(cli: CommandLine) -> None:
    cli.data_dir.mkdir()
    (cli.data_dir / "daemon.json").write_text(json.dumps({"pid": os.getpid(), "port": 40_123}), "ascii")
    with data_folder_lock(cli.data_dir):
        running = cli("org", "add", "Mavericks", "--owner", OWNER, "--json")
    stale = cli("org", "add", "Lakers", "--owner", OWNER, "--json")
    assert running.json["port"] == 40_123
    assert stale.json["port"] == 2222


def test_x_org_add_prints_the_public_host(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTERDROP_PUBLIC_HOST", "sftp.vendor.example")
    assert cli("org", "add", "Mavericks", "--owner", OWNER, "--json").json["host"] == "sftp.vendor.example"


def test_x_settings_are_changed_and_shown(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--dates", "dmy", "--time-zone", "Europe/Berlin")
    said = cli("org", "set", org, "teams=replace", "--mode", "test", "recipients=bo@x.example,cy@x.example")
    assert said.status == 0
    settings = cli("org", "show", org, "--json").json["settings"]
    assert settings["dates"] == "dmy"
    assert settings["time_zone"] == "Europe/Berlin"
    assert settings["teams"] == "replace"
    assert settings["mode"] == "test"
    assert settings["recipients"] == ["bo@x.example", "cy@x.example"]
    assert settings["encoding"] == "utf-8"


def test_k_of_several_settings_one_wrong_one_changes_nothing(cli: CommandLine) -> None:
    org = cli.add()
    said = cli("org", "set", org, "mode=test", "dates=never")
    assert said.status == 2
    assert cli("org", "show", org, "--json").json["settings"]["mode"] == "live"


def test_k_nothing_to_set_is_wrong_usage(cli: CommandLine) -> None:
    org = cli.add()
    assert cli("org", "set", org).status == 2
    assert cli("org", "set", org, "test").status == 2


def test_n02_org_show_names_recipients_who_are_not_active_users(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--recipient", OWNER.upper(), "--recipient", "stranger@x.example")
    assert cli("org", "show", org, "--json").json["recipients_skipped"] == ["stranger@x.example"]
    printed = cli("org", "show", org).out
    assert "get no mail" in printed
    assert "stranger@x.example" in printed
    assert f"`rosterdrop users reactivate {org} EMAIL`" in printed


def test_k_org_show_says_settings_in_plain_words(cli: CommandLine) -> None:
    printed = cli("org", "show", cli.add("Mavericks", "dates=mdy")).out
    assert re.search(r"^dates +mdy +03/04/2026 is the 4th of March\.$", printed, re.MULTILINE)


def test_k_a_disabled_organization_is_listed_as_such_and_comes_back(cli: CommandLine) -> None:
    org = cli.add()
    assert cli("org", "disable", org).status == 0
    assert cli("org", "list", "--json").json[0]["enabled"] is False
    assert cli("org", "enable", org).status == 0
    assert cli("org", "list", "--json").json[0]["enabled"] is True


@pytest.mark.parametrize(
    "words",
    [
        ("org", "show", "9"),
        ("org", "set", "9", "mode=test"),
        ("org", "password", "9"),
        ("org", "disable", "9"),
        ("org", "map", "9", "A=B"),
        ("users", "list", "--org", "9"),
        ("users", "show", "9", "a@x.example"),
        ("teams", "list", "--org", "9", "--json"),
        ("fields", "list", "--org", "9"),
        ("imports", "list", "--org", "9"),
        ("mail", "list", "--org", "9"),
    ],
)
def test_k_an_unknown_organization_is_status_1_and_one_line(cli: CommandLine, words: tuple[str, ...]) -> None:
    cli.add()
    said = cli(*words)
    assert said.status == 1
    assert said.out == ""
    assert said.lines == ["rosterdrop: There is no organization 9: `rosterdrop org list` shows all."]


def test_h05_a_header_map_is_made_entry_by_entry(cli: CommandLine) -> None:
    org = cli.add()
    assert cli("org", "map", org, "--json").json["map"] == {}
    cli("org", "map", org, "Work E-mail=User Email", "Cost Center=ignore", "A = B=Shoe Size")
    expected = {"Work E-mail": "User Email", "Cost Center": "ignore", "A = B": "Shoe Size"}
    shown = cli("org", "map", org, "--json").json["map"]
    assert shown == expected
    assert list(shown) == list(expected), "the order is the order of preference"
    changed = cli("org", "map", org, "Cost Center=Cost Center", "--remove", "A = B", "--json")
    assert changed.json["map"] == {"Work E-mail": "User Email", "Cost Center": "Cost Center"}
    assert cli("org", "map", org, "--clear", "--json").json["map"] == {}


def test_h05_the_map_says_what_each_entry_means(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--preset", "workday")
    printed = cli("org", "map", org, "Dept=Teams", "Shoe=Shoe Size").out
    assert re.search(r"^Dept +Teams +own$", printed, re.MULTILINE)
    assert re.search(r"^Shoe +custom field Shoe Size +own$", printed, re.MULTILINE)
    assert "preset workday" in printed


def test_h05_a_wrong_entry_changes_nothing(cli: CommandLine) -> None:
    org = cli.add()
    assert cli("org", "map", org, "A=ignore", "no sign").status == 2
    assert cli("org", "map", org, "=User Email").status == 2
    assert cli("org", "map", org, "A=ignore", "--remove", "Z").status == 1
    assert cli("org", "map", org, "--json").json["map"] == {}


def test_k_looking_makes_no_data_folder(cli: CommandLine, tmp_path: Path) -> None:
    said = cli("org", "list", "--json")
    assert (said.status, said.json) == (0, [])
    assert len(said.lines) == 1
    assert "no database" in said.err
    assert cli("org", "show", "007").status == 1
    assert list(tmp_path.iterdir()) == []


def test_t02_an_owner_must_be_an_active_user(cli: CommandLine) -> None:
    org = cli.add()
    said = cli("org", "set", org, "owner=nobody@x.example", "dates=dmy")
    assert said.status == 2
    assert "nobody@x.example is not an active user of Mavericks" in said.err
    settings = cli("org", "show", org, "--json").json["settings"]
    assert (settings["owner"], settings["dates"]) == (OWNER, "auto")
