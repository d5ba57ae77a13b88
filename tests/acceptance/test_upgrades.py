"""A daemon that is started on the database of an older one: it upgrades it and goes on (rule O5)."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.locks import data_folder_lock
from core.migrations import HEAD
from tests.acceptance.daemon import Daemon
from tests.integration.core.test_upgrades import unpacked

PROGRAM = """
import sys
from pathlib import Path
from core.migrate import prepare_database_apart
prepare_database_apart(Path(sys.argv[1]))
print("alembic" in sys.modules)
"""


def codes(daemon: Daemon) -> set[str]:
    """What doctor says of the schema."""
    findings = json.loads(daemon.run("doctor", "--json").stdout)["findings"]
    return {one["code"] for one in findings if one["code"].startswith("schema-")}


@pytest.mark.parametrize("schema", ["0001-02", "0001-16", "0001"])
def test_o05_a_daemon_on_an_older_database_upgrades_it_keeps_a_copy_and_imports(
    tmp_path: Path, schema: str
) -> None:
    daemon = Daemon(folder=tmp_path, keys=tmp_path / "keys")
    path = unpacked(schema, daemon.data / "rosterdrop.sqlite")
    path.parent.chmod(0o700)
    before = path.read_bytes()
    assert codes(daemon) == {"schema-old"}
    assert path.read_bytes() == before, "doctor only looks"
    daemon.start()
    try:
        assert codes(daemon) == set()
        with closing(sqlite3.connect(daemon.data / "before-upgrade" / "0001.sqlite")) as copy:
            assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        last = max(record["number"] for record in daemon.json("imports", "list", "--org", "008"))
        new = daemon.data / "orgs" / "008" / "local" / "new.csv"
        new.write_text("User Email\nzed@iceman.example\n")
        (line,) = daemon.wait_for("import.finished", name="new.csv")
        assert (line["outcome"], line["number"] > last) == ("imported", True)
        users = daemon.json("users", "list", "--org", "008")
        assert "zed@iceman.example" in {user["email"] for user in users}
        assert len(users) > 20, "those of before are there"
    finally:
        assert daemon.stop() == 0


@pytest.mark.parametrize("schema", ["0001-02", HEAD])
def test_o05_the_daemon_itself_loads_no_alembic_whether_it_upgrades_or_not(
    tmp_path: Path, schema: str
) -> None:
    path = unpacked(schema, tmp_path / "rosterdrop.sqlite")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


def test_o05_a_command_beside_a_daemon_of_the_old_version_says_so_in_a_line_and_changes_nothing(
    tmp_path: Path,
) -> None:
    daemon = Daemon(folder=tmp_path, keys=tmp_path / "keys")
    path = unpacked("0001", daemon.data / "rosterdrop.sqlite")
    before = path.read_bytes()
    with data_folder_lock(daemon.data):
        done = daemon.run("org", "list")
    assert done.returncode == 2
    assert "The daemon of the old version runs" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert path.read_bytes() == before
