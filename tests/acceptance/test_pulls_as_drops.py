"""A pulled file is a drop like an upload (rules S2, U9, A5, K): limits, trail, lists; organizations that go."""

import sqlite3
from contextlib import closing

from tests.acceptance.conftest import Serve, Start
from tests.acceptance.daemon import eventually
from tests.acceptance.pulled import MIB, NEVER, SOON, add, big, fingerprint, imported_once
from tests.acceptance.remote_servers import gate
from tests.acceptance.rosters import people


def test_s02_a05_a_pulled_file_stands_in_trail_and_lists_like_an_upload(start: Start, serve: Serve) -> None:
    daemon, server = start(max_drops_per_hour=2, **SOON), serve("sshd")
    organization = daemon.add()
    for n in range(3):
        people(server.files / f"{n}.csv", 3 + n)
    words = ("--host-key", fingerprint(server), "--schedule", NEVER)
    assert add(daemon, organization, server, *words).returncode == 0
    done = daemon.run("pull", "run", organization.id)
    assert done.returncode == 0, done.stderr
    assert "That is all for now (U9); the rest follows." in done.stdout
    daemon.finished(organization, 2)
    for record in daemon.imports(organization):
        assert daemon.json("imports", "show", record["number"])["uploaded_by"] == "pull"
    listed = daemon.json("uploads", "--org", organization.id)
    assert {(one["name"], one["state"]) for one in listed} == {("0.csv", "accepted"), ("1.csv", "accepted")}
    trail = daemon.json("audit", "--org", organization.id, "--event", "pull.fetched")
    assert [line["outcome"] for line in trail] == ["ok", "ok"]
    assert {line["detail"].partition(" ")[0] for line in trail} == {"0.csv", "1.csv"}
    assert {line["address"] for line in trail} == {"127.0.0.1"}
    assert all(line["who"] for line in trail)


def test_s02_u09_no_room_on_the_disk_here_takes_nothing_and_what_waits_comes_when_there_is(
    start: Start, serve: Serve
) -> None:
    server = serve("sshd")
    daemon = start(running=False, min_free_disk_bytes=1 << 62, **SOON)
    organization = daemon.add()
    data = big(server.files / "users.csv")
    words = ("--host-key", fingerprint(server), "--schedule", NEVER)
    assert add(daemon, organization, server, *words).returncode == 0
    done = daemon.run("pull", "run", organization.id)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "(U9)" in done.stderr
    assert organization.files("incoming") == organization.files("queue") == []
    assert daemon.json("pull", "list")[0]["state"] == "failing"
    daemon.environment["ROSTERDROP_MIN_FREE_DISK_BYTES"] = "0"
    daemon.start()
    assert daemon.run("pull", "run", organization.id).returncode == 0
    imported_once(daemon, organization, data)


def test_s02_k_a_disabled_organization_stands_still_and_goes_on_when_it_is_enabled(
    start: Start, serve: Serve
) -> None:
    daemon, server = start(**SOON), serve("sshd")
    organization = daemon.add()
    data = big(server.files / "users.csv")
    with gate(server.port, after_bytes=6 * MIB) as link:
        assert (
            add(daemon, organization, server, "--host-key", fingerprint(server), port=link.port).returncode
            == 0
        )
        assert link.is_stuck.wait(60)
        came = eventually(organization.arriving_bytes, what="a part of the file")
        assert daemon.run("org", "disable", organization.id).returncode == 0
        eventually(lambda: daemon.json("pull", "list")[0]["state"] == "disabled", what="it stands still")
        link.open()
        assert daemon.run("pull", "run", organization.id).returncode == 1
        assert organization.files("queue") == []
        assert organization.arriving_bytes() >= came, "what came is kept"
        assert daemon.run("org", "enable", organization.id).returncode == 0
        daemon.run("pull", "run", organization.id)
        imported_once(daemon, organization, data)
    assert daemon.events("pull.crashed") == []


def test_s02_k_the_pull_of_a_removed_organization_stops_and_its_secret_is_gone(
    start: Start, serve: Serve
) -> None:
    daemon, server = start(**SOON), serve("proftpd", "password")
    organization = daemon.add()
    big(server.files / "users.csv")
    with gate(server.port, after_bytes=3 * MIB) as link:
        words = ("--host-key", fingerprint(server))
        done = add(daemon, organization, server, *words, login="password", port=link.port)
        assert done.returncode == 0, done.stderr
        assert link.is_stuck.wait(60)
        done = daemon.run("org", "remove", organization.id, "--yes")
        assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(daemon.data / "rosterdrop.sqlite")) as database:
        for table in ("pull_servers", "pull_files"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert daemon.stop() == 0
    assert not organization.folder.exists()
    assert daemon.events("pull.crashed") == []
    assert daemon.events("pull.deferred") == []
