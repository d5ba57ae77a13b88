"""A secrets key that is not at hand holds up what needs it, and nothing else, until it is back (R3)."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from core.secrets_key import load_secrets_key
from tests.acceptance.daemon import Daemon, eventually
from tests.integration.core.test_upgrades import unpacked

OWNER = "ann@mavericks.example"


def test_r03_files_wait_at_the_head_of_their_queue_until_the_secrets_key_is_back(tmp_path: Path) -> None:
    daemon = Daemon(folder=tmp_path, keys=tmp_path / "keys").start()
    try:
        first = daemon.add("Mavericks", org_id="007", owner=OWNER)
        second = daemon.add("Iceman", org_id="008", owner="ida@iceman.example")
        (first.folder / "local" / "users.csv").write_bytes(b"User Email\nbo@x.example\ncy@x.example\n")
        daemon.wait_for("import.finished", name="users.csv")
        assert daemon.run("users", "erase", "007", "bo@x.example", "--yes").returncode == 0
        key = tmp_path / "keys" / "secrets.key"
        right = key.read_bytes()
        key.write_bytes(b"x" * 32)
        (first.folder / "local" / "again.csv").write_bytes(b"User Email\nbo@x.example\ndi@x.example\n")
        (second.folder / "local" / "other.csv").write_bytes(b"User Email\nbo@x.example\n")
        daemon.wait_for("import.finished", name="other.csv")
        eventually(
            lambda: len(daemon.events("import.deferred")) > 3,
            what="the file is tried again, oftener than one that is to blame",
        )
        assert daemon.events("import.deferred")[0]["code"] == "secrets_key_wrong"
        assert [one["outcome"] for one in daemon.json("imports", "list", "--org", "007")] == [
            None,
            "imported",
        ]
        findings = json.loads(daemon.run("doctor", "--json").stdout)["findings"]
        assert "secrets-key-wrong" in {one["code"] for one in findings}
        key.write_bytes(right)
        daemon.wait_for("import.finished", name="again.csv")
        assert [one["email"] for one in daemon.json("users", "list", "--org", "007")] == [
            OWNER,
            "cy@x.example",
            "di@x.example",
        ]
    finally:
        assert daemon.stop() == 0


def test_r03_o05_a_daemon_that_upgrades_knows_its_secrets_key_from_then_on(tmp_path: Path) -> None:
    daemon = Daemon(folder=tmp_path, keys=tmp_path / "keys")
    path = unpacked("0001", daemon.data / "rosterdrop.sqlite")
    load_secrets_key(tmp_path / "keys", make=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM pull_servers")
        connection.execute("INSERT INTO erased_people SELECT min(no), x'00', 'now' FROM organizations")
        connection.commit()
    daemon.start()
    try:
        (tmp_path / "keys" / "secrets.key").write_bytes(b"x" * 32)
        findings = json.loads(daemon.run("doctor", "--json").stdout)["findings"]
        assert "secrets-key-wrong" in {one["code"] for one in findings}
    finally:
        assert daemon.stop() == 0
