"""The commands with a daemon beside them: exit statuses, JSON, one line on standard error (K, X, H7, H8)."""

import json
from pathlib import Path

import pytest

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people, roster, row

COUNTS = {
    "rows",
    "rows_refused",
    "cells_refused",
    "users_created",
    "users_updated",
    "users_unchanged",
    "deactivations_planned",
    "teams_created",
    "teams_updated",
    "memberships_added",
    "fields_created",
    "users_missing",
}


def test_x_imports_list_gives_a_program_what_it_needs(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    client(daemon, organization).put(people(tmp_path / "users.csv", 3))
    daemon.finished(organization)
    (record,) = daemon.imports(organization)
    assert {"number", "org", "name", "outcome", "accepted_at", "finished_at", "counts", "archived_as"} <= set(
        record
    )
    assert set(record["counts"]) == COUNTS
    shown = daemon.json("imports", "show", record["number"])
    assert {"sha256", "size_bytes", "uploaded_by", "problems", "notes", "changes"} <= set(shown)
    created = next(change for change in shown["changes"] if change["field"] == "created")
    assert (created["kind"], created["key"], created["old"]) == ("user", "person1@people.example", None)


def test_k_import_waits_for_the_outcome_and_says_no_with_status_1(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    good = daemon.run("import", people(tmp_path / "good.csv", 3), "--org", organization.id)
    assert good.returncode == 0, good.stderr
    assert "imported" in good.stdout
    bad = daemon.run(
        "import", roster(tmp_path / "bad.csv", row(1), "nobody,,,,,"), "--org", organization.id, "--json"
    )
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["outcome"] == "partial"
    assert json.loads(bad.stdout)["problems"][0]["line"] == 3
    missing = daemon.run("import", tmp_path / "nowhere.csv", "--org", organization.id)
    assert missing.returncode == 2
    assert len(missing.stderr.splitlines()) == 1
    nobody = daemon.run("import", tmp_path / "good.csv", "--org", "no-such")
    assert nobody.returncode == 1
    assert len(nobody.stderr.splitlines()) == 1


def test_k_import_without_a_daemon_works_the_queue_itself(start: Start, tmp_path: Path) -> None:
    daemon = start(running=False)
    organization = daemon.add("Mavericks")
    waits = daemon.run("import", people(tmp_path / "first.csv", 3), "--org", organization.id, "--no-wait")
    assert waits.returncode == 0, waits.stderr
    done = daemon.run("import", people(tmp_path / "second.csv", 5), "--org", organization.id, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["users_created"] == 2
    assert [record["name"] for record in daemon.imports(organization)] == ["first.csv", "second.csv"]
    assert daemon.run("serve", "--port", "many").returncode == 2


def test_h07_check_says_what_an_import_would_do_and_changes_nothing(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    path = roster(tmp_path / "users.csv", row(1), row(2), "nobody,,,,,")
    done = daemon.run("check", path, "--org", organization.id, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["kind"] == "users"
    assert [problem["line"] for problem in found["problems"]] == [4]
    assert (found["would"]["users_created"], found["would"]["rows_refused"]) == (2, 1)
    assert len(daemon.users(organization)) == 1
    assert daemon.imports(organization) == []
    assert daemon.run("check", people(tmp_path / "good.csv", 2), "--org", organization.id).returncode == 0


def test_h07_check_needs_neither_organization_nor_data_folder(start: Start, tmp_path: Path) -> None:
    daemon = start(running=False)
    done = daemon.run("check", people(tmp_path / "users.csv", 2), "--preset", "workday")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not daemon.data.exists()


def test_h08_in_test_mode_a_file_is_checked_and_nothing_is_applied(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks", mode="test")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 3))
    (checked,) = daemon.finished(organization)
    assert (checked["outcome"], checked["users_created"]) == ("checked", 3)
    assert len(daemon.users(organization)) == 1
    assert organization.only("archive", "-users.csv").exists()
    assert daemon.run("org", "set", organization.id, "mode=live").returncode == 0
    customer.put(tmp_path / "users.csv")
    assert daemon.finished(organization, 2)[1]["outcome"] == "imported"
    assert len(daemon.users(organization)) == 4


def test_x_org_add_prints_the_port_of_the_running_daemon(daemon: Daemon) -> None:
    made = daemon.json("org", "add", "Comets", "--owner", "ann@comets.example")
    assert made["port"] == daemon.port
    assert made["username"] == f"Comets_{made['id']}"
    assert set(made) == {"id", "name", "host", "port", "username", "password"}


@pytest.mark.parametrize("command", [("imports", "list"), ("mail", "list"), ("org", "list")])
def test_k_reading_commands_work_while_no_daemon_runs(command: tuple[str, ...], start: Start) -> None:
    daemon = start(running=False)
    assert daemon.json(*command) == []


def test_k_the_demo_shows_the_whole_story(start: Start) -> None:
    daemon = start(running=False)
    done = daemon.run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("Mavericks_007", "partial", "imported", "rejected.csv", "archive", "Subject"):
        assert word in done.stdout, word
    assert not daemon.data.exists(), "the demo has a folder of its own"
