"""`rosterdrop import`: a file dropped from the command line, with a daemon and without."""

import hashlib
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.locks import data_folder_lock
from tests.integration.commands.conftest import CommandLine

HEADER = "User Email,First Name,Last Name"
GOOD = ("bo@mavericks.example,Bo,Berg", "cy@mavericks.example,Cy,Cole")
BAD = "nobody(at)mavericks.example,No,Body"

IMPORT_KEYS = {"number", "org", "name", "outcome", "accepted_at", "finished_at", "counts", "archived_as"}
COUNTS = {
    "rows", "rows_refused", "cells_refused", "users_created", "users_updated", "users_unchanged",
    "deactivations_planned", "teams_created", "teams_updated", "memberships_added", "fields_created", "users_missing",
}  # fmt: skip


def queued(cli: CommandLine, org: str) -> list[Path]:
    return list((cli.data_dir / "orgs" / org / "queue").iterdir())


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_k_without_a_daemon_the_command_imports_the_file_itself(cli: CommandLine) -> None:
    org = cli.add()
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org)
    assert said.status == 0, said.err
    assert "imported" in said.out
    assert "2  users created" in said.out
    assert said.err == ""
    emails = [user["email"] for user in cli("users", "list", "--org", org, "--json").json]
    assert emails == ["ann@mavericks.example", "bo@mavericks.example", "cy@mavericks.example"]
    assert not queued(cli, org)


def test_k_problems_are_status_1_and_said(cli: CommandLine) -> None:
    org = cli.add()
    said = cli.process("import", cli.file("users.csv", HEADER, GOOD[0], BAD), "--org", org)
    assert said.status == 1
    assert "line 3, User Email: " in said.out
    assert "-> " in said.out
    assert said.err == ""


def test_k_h08_a_file_that_is_only_checked_is_status_0(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--mode", "test")
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org)
    assert said.status == 0
    assert "checked" in said.out
    assert len(cli("users", "list", "--org", org, "--json").json) == 1


def test_k_a_refused_file_is_status_1(cli: CommandLine) -> None:
    org = cli.add()
    said = cli.process("import", cli.file("users.csv", "No,Key", "a,b"), "--org", org)
    assert said.status == 1
    assert "refused" in said.out


def test_r02_x_the_import_is_shown_with_all_that_was_kept(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.csv", HEADER, GOOD[0], BAD)
    cli.process("import", path, "--org", org)
    (listed,) = cli("imports", "list", "--json").json
    assert set(listed) == IMPORT_KEYS
    assert set(listed["counts"]) == COUNTS
    assert (listed["org"], listed["name"], listed["outcome"]) == (org, "users.csv", "partial")
    assert (cli.data_dir / "orgs" / org / listed["archived_as"]).read_bytes() == path.read_bytes()
    shown = cli("imports", "show", listed["number"], "--json").json
    assert set(shown) >= IMPORT_KEYS | {"sha256", "size_bytes", "uploaded_by", "problems", "notes", "changes"}
    assert {**shown, **listed} == shown
    assert shown["uploaded_by"] == "command line"
    assert shown["size_bytes"] == path.stat().st_size
    (problem,) = shown["problems"]
    assert set(problem) == {"line", "column", "code", "text", "advice"}
    assert (problem["line"], problem["column"]) == (3, "User Email")
    assert shown["changes"] == [
        {
            "kind": "user",
            "key": "bo@mavericks.example",
            "field": "created",
            "old": None,
            "new": "bo@mavericks.example",
        }
    ]
    printed = cli("imports", "show", listed["number"]).out
    assert shown["sha256"] in printed
    assert "bo@mavericks.example" in printed


def test_k_import_as_json_is_the_import(cli: CommandLine) -> None:
    org = cli.add()
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org, "--json")
    assert said.status == 0
    assert said.json == cli("imports", "show", 1, "--json").json


def test_x_imports_are_listed_newest_first_and_filtered(cli: CommandLine) -> None:
    one, two = cli.add("One"), cli.add("Two")
    good, bad = cli.file("good.csv", HEADER, *GOOD), cli.file("bad.csv", HEADER, GOOD[0], BAD)
    for path, org in ((good, one), (bad, one), (good, two)):
        cli.process("import", path, "--org", org)

    def numbers(*words: object) -> list[int]:
        return [one["number"] for one in cli("imports", "list", "--json", *words).json]

    assert numbers() == [3, 2, 1]
    assert numbers("--org", one) == [2, 1]
    assert numbers("--outcome", "partial") == [2]
    assert numbers("--limit", 1) == [3]
    assert numbers("--limit", 0) == [3, 2, 1]
    assert numbers("--since", "2000-01-01") == [3, 2, 1]
    assert numbers("--since", "2999-01-01T00:00:00+02:00") == []
    assert cli("imports", "show", 99).status == 1


def test_k_mails_are_listed(cli: CommandLine) -> None:
    org = cli.add()
    cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org)
    (mail,) = cli("mail", "list", "--json").json
    assert set(mail) == {"id", "to", "subject", "state", "attempts", "import", "message_id"}
    assert (mail["to"], mail["state"], mail["import"]) == ("ann@mavericks.example", "waiting", 1)
    assert cli("mail", "list", "--state", "sent", "--json").json == []
    assert cli("mail", "retry").status == 1, "none has failed"
    assert cli("mail", "retry", mail["id"]).status == 0


def test_k_no_wait_leaves_the_file_in_the_queue(cli: CommandLine) -> None:
    org = cli.add()
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org, "--no-wait")
    assert said.status == 0
    assert "no daemon" in said.err
    assert len(queued(cli, org)) == 1
    assert cli("imports", "list", "--json").json == []


def test_k_a_file_that_waited_is_imported_before_the_next(cli: CommandLine) -> None:
    org = cli.add()
    cli.process("import", cli.file("first.csv", HEADER, *GOOD), "--org", org, "--no-wait")
    said = cli.process("import", cli.file("second.csv", HEADER, *GOOD), "--org", org)
    assert said.status == 0
    names = [one["name"] for one in cli("imports", "list", "--json").json]
    assert names == ["second.csv", "first.csv"]


def test_k_when_whoever_held_the_folder_goes_the_command_imports_the_file_itself(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.csv", HEADER, *GOOD)
    with data_folder_lock(cli.data_dir):
        process = cli.start("import", path, "--org", org)
        eventually(lambda: queued(cli, org))
        time.sleep(0.5)
        assert process.poll() is None
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "imported" in out


def test_k_whoever_stops_waiting_hears_that_the_file_was_accepted(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.csv", HEADER, *GOOD)
    with data_folder_lock(cli.data_dir):
        process = cli.start("import", path, "--org", org)
        eventually(lambda: queued(cli, org))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "accepted" in err
    assert "Traceback" not in err
    assert len(queued(cli, org)) == 1


def test_k_the_queue_of_a_disabled_organization_takes_nothing_from_here(cli: CommandLine) -> None:
    org = cli.add()
    cli("org", "disable", org)
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org)
    assert said.status == 1
    assert len(said.lines) == 1
    assert "org enable" in said.err
    assert not queued(cli, org)


def test_u09_the_limits_of_uploads_hold_here(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    org = cli.add()
    monkeypatch.setenv("ROSTERDROP_MAX_FILE_SIZE_BYTES", "20")
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", org)
    assert said.status == 1
    assert len(said.lines) == 1
    assert "too large" in said.err
    assert "(U9)" in said.err
    assert not queued(cli, org)
    assert not list((cli.data_dir / "orgs" / org / "incoming").iterdir()), "half a file would show in /local"


def test_k_an_unknown_organization_is_told_before_anything_is_copied(cli: CommandLine) -> None:
    cli.add()
    said = cli.process("import", cli.file("users.csv", HEADER, *GOOD), "--org", "009")
    assert said.status == 1
    assert len(said.lines) == 1
    assert not (cli.data_dir / "orgs" / "009").exists()


def test_k_a_name_that_is_not_utf8_is_imported(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.csv", HEADER, *GOOD)
    odd = os.fsencode(path.parent) + b"/us\xe9rs.csv"
    path.rename(Path(os.fsdecode(odd)))
    said = cli.process("import", os.fsdecode(odd), "--org", org, "--json")
    assert said.status == 0, said.err
    assert said.json["name"] == "us\N{REPLACEMENT CHARACTER}rs.csv"


def test_k_on_a_terminal_a_bar_shows_that_it_works(cli: CommandLine) -> None:
    org = cli.add()
    lines = (f"user{n}@mavericks.example,U,{n}" for n in range(2_000))
    path = cli.file("users.csv", HEADER, *lines)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        cli.command("import", path, "--org", org), stdout=subprocess.PIPE, stderr=theirs, stdin=theirs
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        out = process.stdout.read().decode()
        shown = os.read(ours, 65_536).decode("utf-8", "replace")
        assert process.wait(60) == 0
    os.close(ours)
    assert "Importing" in shown
    assert "Importing" not in out
    assert "2,000  users created" in out


def test_r02_the_digest_is_kept_of_a_file_that_nobody_read_too(cli: CommandLine) -> None:
    org = cli.add()
    path = cli.file("users.pdf", "User Email", "bo@x.example")
    shown = cli.process("import", path, "--org", org, "--json").json
    assert shown["outcome"] == "refused"
    assert shown["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
