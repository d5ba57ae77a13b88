"""Customers' own servers (rule S2): OpenSSH's sshd, ProFTPD and rclone, by password and key, killed in the middle."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.conftest import Serve
from tests.acceptance.daemon import COMMAND, Daemon, Organization, eventually
from tests.acceptance.pulled import MIB, NEVER, SOON, add, big, fingerprint, imported_once
from tests.acceptance.remote_servers import PASSWORD, gate
from tests.acceptance.rosters import people

PROGRAMS = ("sshd", "proftpd", "rclone")


@pytest.mark.parametrize(
    ("program", "login"),
    [
        ("sshd", "key"),
        ("sshd", "password"),
        ("proftpd", "key"),
        ("proftpd", "password"),
        ("rclone", "key"),
        ("rclone", "password"),
    ],
)
def test_s02_files_are_fetched_at_once_from_the_servers_that_customers_have(
    start: Callable[..., Daemon], serve: Serve, program: str, login: str
) -> None:
    daemon, server = start(**SOON), serve(program, login)
    organization = daemon.add()
    refused = add(daemon, organization, server, login=login)
    assert refused.returncode == 2
    assert fingerprint(server) in refused.stderr
    assert daemon.json("pull", "list") == []

    for number, name in enumerate(("teams.csv.part", "b.csv", "a.csv")):
        people(server.files / name, 10 + number)
    (server.files / "folder.csv").mkdir()
    (server.files / "link.csv").symlink_to("a.csv")
    done = add(
        daemon, organization, server, "--host-key", fingerprint(server), "--after", "delete", login=login
    )
    assert done.returncode == 0, done.stderr
    assert {line["name"] for line in daemon.finished(organization, 2)} == {"a.csv", "b.csv"}
    eventually(
        lambda: {"a.csv", "b.csv"}.isdisjoint(path.name for path in server.files.iterdir()), what="deleted"
    )
    assert (server.files / "teams.csv.part").exists()
    tested = {one["name"]: one["reason"] for one in daemon.json("pull", "test", organization.id)}
    assert {"teams.csv.part", "folder.csv"} <= tested.keys()
    assert all(tested.values())
    people(server.files / "a.csv", 3)
    daemon.finished(organization, 3)
    (listed,) = daemon.json("pull", "list")
    assert (listed["login"], listed["after"], listed["failures"]) == (login, "delete", 0)


@pytest.mark.timeout(300)  # the daemon waits for a minute before it tries again
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("victim", ["daemon", "server"])
def test_s02_killed_in_the_middle_of_a_file_it_goes_on_where_it_was(
    start: Callable[..., Daemon], serve: Serve, program: str, victim: str
) -> None:
    daemon, server = start(**SOON), serve(program)
    organization = daemon.add()
    data = big(server.files / "users.csv")
    with gate(server.port, after_bytes=6 * MIB) as link:
        words = ("--host-key", fingerprint(server), "--schedule", NEVER)
        assert add(daemon, organization, server, *words, port=link.port).returncode == 0
        _begin(daemon, organization)
        assert link.is_stuck.wait(60)
        came = eventually(organization.arriving_bytes, what="a part of the file")
        assert daemon.events("import.finished") == []
        if victim == "daemon":
            daemon.kill()
            daemon.start()
            link.open()
        else:
            server.kill()
            link.open()
            daemon.wait_for("pull.failed", org=organization.id)
            server.start()
        if program == "sshd":
            daemon.wait_for("pull.fetched", org=organization.id, within_s=150)  # by itself, after a minute
        else:
            done = daemon.run("pull", "run", organization.id)
            assert done.returncode == 0, done.stderr
            assert "still being written" not in done.stdout
        imported_once(daemon, organization, data)
        assert link.passed < len(data) - came + 2 * MIB, "what had come was not fetched again"


def _begin(daemon: Daemon, organization: Organization) -> None:
    done = daemon.run("pull", "add", organization.id, "--replace", "--schedule", "at once")
    assert done.returncode == 0, done.stderr


def test_s02_another_host_key_stops_the_pull_with_one_mail_and_status_1(
    start: Callable[..., Daemon], serve: Serve
) -> None:
    daemon, server = start(operator_email="ops@vendor.example", **SOON), serve("sshd")
    organization = daemon.add()
    people(server.files / "users.csv", 3)
    words = ("--host-key", fingerprint(server), "--schedule", NEVER)
    assert add(daemon, organization, server, *words).returncode == 0
    server.kill()
    server.make_host_key()
    server.start()
    for _ in range(2):
        done = daemon.run("pull", "run", organization.id)
        assert done.returncode == 1
        assert re.fullmatch(r"rosterdrop: .*\n", done.stderr), "one line, and no log"
        assert (
            f"`rosterdrop pull add {organization.id} --replace --host-key {fingerprint(server)}`"
            in done.stderr
        )
    mails = [mail for mail in daemon.json("mail", "list") if "host key" in mail["subject"]]
    assert [mail["to"] for mail in mails] == ["ops@vendor.example"]
    assert daemon.json("pull", "list")[0]["state"] == "stopped"
    assert daemon.imports(organization) == []

    done = daemon.run("pull", "add", organization.id, "--replace", "--host-key", fingerprint(server))
    assert done.returncode == 0, done.stderr
    done = daemon.run("pull", "run", organization.id, "--json")
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in json.loads(done.stdout)["fetched"]] == ["users.csv"]
    daemon.finished(organization)


def test_s01_s02_files_are_fetched_when_the_schedules_time_has_come(
    start: Callable[..., Daemon], serve: Serve
) -> None:
    now = datetime.now(UTC)
    due = (now + timedelta(hours=5)).replace(second=0, microsecond=0)
    offset_s = (due - timedelta(seconds=20) - now).total_seconds()
    daemon, server = start(test_now_offset_s=offset_s, **SOON), serve("sshd")
    organization = daemon.add(time_zone="Asia/Kolkata")
    people(server.files / "users.csv", 3)
    at = (due + timedelta(hours=5, minutes=30)).strftime("%H:%M")
    assert (
        add(daemon, organization, server, "--host-key", fingerprint(server), "--schedule", at).returncode == 0
    )
    daemon.finished(organization)
    (record,) = daemon.imports(organization)
    assert datetime.fromisoformat(record["accepted_at"]) >= due


def test_s02_a_dead_server_costs_other_organizations_nothing(
    start: Callable[..., Daemon], serve: Serve
) -> None:
    daemon, server = start(**SOON), serve("sshd")
    with gate(server.port, after_bytes=0) as dead:  # takes connections and never answers
        for _ in range(3):
            organization = daemon.add()
            words = ("--host-key", fingerprint(server))
            add(daemon, organization, server, *words, port=dead.port)
        alive = daemon.add()
        people(server.files / "users.csv", 3)
        assert add(daemon, alive, server, "--host-key", fingerprint(server)).returncode == 0
        daemon.finished(alive)
        assert daemon.stop() == 0


def test_s02_a_wrong_password_and_a_missing_folder_are_told_in_one_line(
    start: Callable[..., Daemon], serve: Serve
) -> None:
    daemon, server = start(running=False), serve("rclone")
    organization = daemon.add()
    words = ("--host-key", fingerprint(server))
    assert add(daemon, organization, server, *words, login="password").returncode == 0
    wrong = daemon.run("pull", "add", organization.id, "--replace", "--password-stdin", stdin="no\n")
    assert wrong.returncode == 0
    for command in ("test", "run"):
        done = daemon.run("pull", command, organization.id)
        assert done.returncode == 1
        assert re.fullmatch(
            r"rosterdrop: .*does not take the user name roster with this password: .*--password-stdin`\.\n",
            done.stderr,
        )
    back = daemon.run(
        "pull",
        "add",
        organization.id,
        "--replace",
        "--password-stdin",
        "--folder",
        "/none",
        stdin=f"{PASSWORD}\n",
    )
    assert back.returncode == 0
    done = daemon.run("pull", "run", organization.id)
    assert done.returncode == 1
    assert "/none" in done.stderr
    assert done.stderr.count("\n") == 1


def test_s02_a_removed_server_leaves_no_secret_and_no_partial(
    start: Callable[..., Daemon], serve: Serve
) -> None:
    daemon, server = start(**SOON), serve("sshd")
    organization = daemon.add()
    big(server.files / "users.csv")
    with gate(server.port, after_bytes=3 * MIB) as link:
        words = ("--host-key", fingerprint(server))
        assert add(daemon, organization, server, *words, port=link.port).returncode == 0
        assert link.is_stuck.wait(60)
        done = daemon.run("pull", "remove", organization.id)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    assert organization.files("incoming") == []
    assert daemon.json("pull", "list") == []
    assert daemon.run("pull", "remove", organization.id).returncode == 1
    events: list[Any] = [
        line["event"] for line in daemon.json("audit", "--org", organization.id, "--event", "pull")
    ]
    assert {"pull.added", "pull.removed"} <= set(events)


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 130)])
def test_s02_on_a_terminal_the_operator_confirms_the_host_key(
    start: Callable[..., Daemon], serve: Serve, answer: str, status: int
) -> None:
    daemon, server = start(running=False), serve("sshd")
    organization = daemon.add()
    ours, theirs = os.openpty()
    place = ("--host", "127.0.0.1", "--port", str(server.port), "--folder", server.root)
    process = subprocess.Popen(
        [COMMAND, "pull", "add", organization.id, *place, "--user", server.username, "--key", server.key],
        env=daemon.environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    said, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == status, said
    assert fingerprint(server).encode() in said
    assert len(daemon.json("pull", "list")) == (1 if answer == "y" else 0)
