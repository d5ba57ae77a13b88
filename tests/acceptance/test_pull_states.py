"""How a customer's own server stands, in words (rules S2, K, O5): `pull add`, `pull list`, `org show`, `doctor`."""

import json
import sqlite3
from contextlib import closing
from typing import Any

from tests.acceptance.conftest import Serve, Start
from tests.acceptance.daemon import Daemon, Organization
from tests.acceptance.pulled import NEVER, add, fingerprint
from tests.acceptance.remote_servers import RemoteServer
from tests.acceptance.rosters import people

OTHER_KEY = f"SHA256:{'A' * 43}"


def states(daemon: Daemon, organization: Organization) -> dict[str, Any]:
    """What `pull list` says, which `org show` says, too."""
    (listed,) = daemon.json("pull", "list")
    assert daemon.json("org", "show", organization.id)["pull"] == listed
    found: dict[str, Any] = listed
    return found


def findings(daemon: Daemon) -> list[tuple[str, str, list[str]]]:
    """What doctor says of pulls."""
    done = daemon.run("doctor", "--json")
    found = [one for one in json.loads(done.stdout)["findings"] if one["code"].startswith("pull-")]
    assert done.returncode == 1 or not found
    return [(one["code"], one["org"], one["subjects"]) for one in found]


def noted(start: Start, server: RemoteServer) -> tuple[Daemon, Organization]:
    """A stopped daemon with an organization that has this server."""
    daemon = start(running=False, pull_quiet_time_s=0.1)
    organization = daemon.add()
    done = add(daemon, organization, server, "--host-key", fingerprint(server), "--schedule", NEVER)
    assert done.returncode == 0, done.stderr
    return daemon, organization


def test_s02_k_the_state_of_a_server_is_told_in_words_with_what_to_do(start: Start, serve: Serve) -> None:
    server = serve("sshd")
    daemon, organization = noted(start, server)
    new = states(daemon, organization)
    assert (new["state"], new["tried_at"], new["fetched_at"], new["error"]) == ("new", None, None, None)
    assert new["next_at"] is not None

    people(server.files / "users.csv", 3)
    assert daemon.run("pull", "run", organization.id).returncode == 0
    well = states(daemon, organization)
    assert (well["state"], well["error"], well["advice"]) == ("working", None, None)
    assert well["tried_at"] <= well["fetched_at"] <= well["succeeded_at"]
    assert findings(daemon) == []

    server.kill()
    for _ in range(3):
        assert daemon.run("pull", "run", organization.id).returncode == 1
    failing = states(daemon, organization)
    assert (failing["state"], failing["failures"]) == ("failing", 3)
    assert "does not answer" in failing["error"]
    assert f"rosterdrop pull test {organization.id}" in failing["advice"]
    assert failing["fetched_at"] == well["fetched_at"]
    ((code, org_id, (subject,)),) = findings(daemon)
    assert (code, org_id) == ("pull-failing", organization.id)
    assert failing["error"] in subject
    shown = daemon.run("org", "show", organization.id).stdout
    for words in (
        "Fetched from:",
        "failing, 3 times in a row",
        "Last fetched:",
        "Next look:",
        failing["error"],
    ):
        assert words in shown

    server.make_host_key()
    server.start()
    assert daemon.run("pull", "run", organization.id).returncode == 1
    stopped = states(daemon, organization)
    assert (stopped["state"], stopped["next_at"]) == ("stopped", None)
    assert f"rosterdrop pull add {organization.id} --replace --host-key" in stopped["advice"]
    assert [code for code, _, _ in findings(daemon)] == ["pull-stopped"]
    assert "none until somebody acts" in daemon.run("org", "show", organization.id).stdout
    assert stopped["advice"] in daemon.run("pull", "list").stdout

    daemon.run("org", "disable", organization.id)
    disabled = states(daemon, organization)
    assert (disabled["state"], disabled["next_at"]) == ("disabled", None)
    assert f"rosterdrop org enable {organization.id}" in disabled["advice"]
    assert findings(daemon) == []
    done = daemon.run("pull", "run", organization.id)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "disabled" in done.stderr


def test_s02_k_a_file_that_is_never_complete_is_trouble_though_no_look_failed(
    start: Start, serve: Serve
) -> None:
    daemon, organization = noted(start, serve("sshd"))
    with closing(sqlite3.connect(daemon.data / "rosterdrop.sqlite")) as database, database:
        database.execute("UPDATE pull_servers SET error = 'Since noon users.csv is being written.'")
    failing = states(daemon, organization)
    assert (failing["state"], failing["failures"]) == ("failing", 0)
    assert f"rosterdrop pull test {organization.id}" in failing["advice"]
    assert "times in a row" not in daemon.run("org", "show", organization.id).stdout
    ((code, _, (subject,)),) = findings(daemon)
    assert (code, "Since noon users.csv" in subject) == ("pull-failing", True)


def test_s02_k_pull_add_says_one_truth_about_a_server_that_shows_another_host_key(
    start: Start, serve: Serve
) -> None:
    server, daemon = serve("sshd"), start(running=False)
    organization = daemon.add()
    done = add(daemon, organization, server, "--host-key", OTHER_KEY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "are fetched" not in done.stdout
    assert "nothing is fetched from there yet" in done.stdout
    assert f"--replace --host-key {fingerprint(server)}`" in done.stdout
    right = daemon.run("pull", "add", organization.id, "--replace", "--host-key", fingerprint(server))
    assert (right.returncode, right.stderr) == (0, "")
    assert "are fetched from" in right.stdout
    daemon.run("org", "disable", organization.id)
    still = daemon.run("pull", "add", organization.id, "--replace", "--pattern", "users*.csv")
    assert "nothing is fetched while" in still.stdout
