"""`rosterdrop doctor`: each thing that is wrong is found, and mended where that loses nothing (O5)."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.removed_folders import folder_aside_of
from server.host_keys import load_host_keys
from tests.integration.commands.conftest import OWNER, CommandLine

QUIET = {
    "sqlite-old",
    "not-encrypted",
    "encryption-unknown",
    "disk-tight",
    "inodes-few",
}  # of the machine, not of us
ORG = "001"
TEAMS = ("Team Name,Parent Team", "Sales,Company")
USERS = ("User Email,Manager Email", "bo@x.example,cy@x.example")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and keys in which nothing is wrong; each test gets a copy."""
    folder = tmp_path_factory.mktemp("sound")
    outer = {name: value for name, value in os.environ.items() if not name.startswith("ROSTERDROP_")}
    environment = outer | {
        "ROSTERDROP_DATA_DIR": str(folder / "data"),
        "ROSTERDROP_KEYS_DIR": str(folder / "keys"),
        "ROSTERDROP_MIN_FREE_DISK_BYTES": "0",
    }

    def run(*words: object) -> None:
        command = [sys.executable, "-m", "commands.main", *map(str, words)]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)

    run("org", "add", "Mavericks", "--id", ORG, "--owner", OWNER)
    for name, lines in (("teams.csv", TEAMS), ("users.csv", USERS)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        run("import", folder / name, "--org", ORG)
    load_host_keys(folder / "keys")
    return folder


@pytest.fixture
def org(cli: CommandLine, sound: Path) -> str:
    for name in ("data", "keys"):
        shutil.copytree(sound / name, cli.folder / name)
    assert found(cli) == {}
    return ORG


def found(cli: CommandLine, *words: str, status: int | None = None) -> dict[str, Any]:
    """What doctor finds of us, by code."""
    said = cli("doctor", "--json", *words)
    findings = {one["code"]: one for one in said.json["findings"] if one["code"] not in QUIET}
    if status is not None:
        assert said.status == status, said.out
    return findings


def sql(cli: CommandLine, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        connection.execute(statement, values)
        connection.commit()


def folder(cli: CommandLine, org: str, name: str) -> Path:
    return cli.data_dir / "orgs" / org / name


def filed(cli: CommandLine, org: str, ending: str = "users.csv") -> Path:
    (path,) = [path for path in folder(cli, org, "archive").iterdir() if path.name.endswith(ending)]
    return path


def mended(cli: CommandLine, code: str, *, needs_somebody: bool = True) -> None:
    """It is found, mended when asked, and found no more."""
    assert not found(cli, status=int(needs_somebody))[code]["mended"]
    assert found(cli, "--repair", status=0)[code]["mended"]
    assert code not in found(cli, status=0)


def test_o05_a_sound_folder_needs_nobody(cli: CommandLine, org: str) -> None:
    said = cli("doctor")
    assert said.status == 0
    assert said.out.startswith("Organizations: 1; the daemon does not run; schema ")
    assert "Nothing needs somebody." in said.out


def test_o05_k_without_a_data_folder_it_says_so_and_makes_none(cli: CommandLine) -> None:
    said = cli("doctor")
    assert said.status == 2
    assert said.err.startswith("rosterdrop: There is no data folder")
    assert len(said.lines) == 1
    assert not cli.data_dir.exists()


def test_o05_a_lost_drop_and_a_lost_file_are_found(cli: CommandLine, org: str) -> None:
    sql(cli, "UPDATE imports SET outcome = NULL, filed_as = NULL WHERE number = 1")
    gone = filed(cli, org).name
    filed(cli, org).unlink()
    findings = found(cli, "--repair", status=1)
    assert findings["drop-missing"]["subjects"] == ["import 1"]
    assert findings["drop-missing"]["org"] == org
    assert findings["file-missing"]["subjects"] == [f"import 2: archive/{gone}"]


def test_r03_o05_a_file_whose_retention_is_over_is_not_missed(cli: CommandLine, org: str) -> None:
    filed(cli, org).unlink()
    sql(cli, "UPDATE imports SET file_purged_at = '2026-11-24T00:00:00.000+00:00' WHERE number = 2")
    assert found(cli, status=0) == {}


def test_o05_a_filing_that_was_not_written_down_is_mended(cli: CommandLine, org: str) -> None:
    before = cli("imports", "show", 2, "--json").json["archived_as"]
    sql(cli, "UPDATE imports SET filed_as = NULL WHERE number = 2")
    mended(cli, "filing-not-noted")
    assert cli("imports", "show", 2, "--json").json["archived_as"] == before


def test_o05_what_lies_in_a_queue_is_looked_at(cli: CommandLine, org: str) -> None:
    assert cli.process("import", cli.file("more.csv", *USERS), "--org", org, "--no-wait").status == 0
    assert set(found(cli, status=0)) == {"queue-waits"}
    (drop,) = folder(cli, org, "queue").iterdir()
    (drop / "data").unlink()
    assert found(cli, status=1)["queue-unreadable"]["subjects"] == [f"queue/{drop.name}"]
    (drop / "meta.json").unlink()
    assert found(cli, status=1)["queue-unreadable"]["subjects"] == [f"queue/{drop.name}"]
    drop.rename(drop.with_name(f"aside-{drop.name}"))
    assert set(found(cli, "--repair", status=1)) == {"queue-aside"}


def test_o05_files_and_folders_that_nobody_knows_are_found(cli: CommandLine, org: str) -> None:
    name = "20260101T000000Z-000099-users.csv"
    (folder(cli, org, "error") / name).write_bytes(b"x")
    (folder(cli, org, "archive") / "a note of mine.txt").write_bytes(b"x")
    (cli.data_dir / "orgs" / "999").mkdir()
    findings = found(cli, "--repair", status=1)
    assert set(findings) == {"file-unknown", "folder-unknown"}
    assert findings["file-unknown"]["subjects"] == [f"error/{name}"]
    assert findings["folder-unknown"]["subjects"] == ["999"]


def test_o05_missing_folders_are_made(cli: CommandLine, org: str) -> None:
    folder(cli, org, "export").rmdir()
    mended(cli, "folders-missing")
    assert folder(cli, org, "export").is_dir()


def test_o05_leftovers_of_a_day_ago_are_removed_and_younger_ones_stay(cli: CommandLine, org: str) -> None:
    old, new = folder(cli, org, "archive") / ".old.csv", folder(cli, org, "export") / ".exporting-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    mended(cli, "half-written", needs_somebody=False)
    assert not old.exists()
    assert new.exists()


def test_o05_links_of_a_killed_backup_are_removed(cli: CommandLine, org: str) -> None:
    (cli.data_dir / "backup-links" / org).mkdir(parents=True)
    mended(cli, "backup-links", needs_somebody=False)


def test_u08_o05_strange_files_in_local_are_found_and_left(cli: CommandLine, org: str) -> None:
    local = folder(cli, org, "local")
    os.mkfifo(local / "pipe.csv")
    (local / "link.csv").symlink_to("/etc/hostname")
    (local / "folder").mkdir()
    (local / "plain.csv").write_bytes(b"x")
    (local / "one.csv").write_bytes(b"x")
    os.link(local / "one.csv", local / "two.csv")
    (local / ".users.csv.part").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(local) + b"/caf\xe9.csv")).write_bytes(b"x")
    subjects = found(cli, "--repair", status=1)["local-strange"]["subjects"]
    assert sorted(subject.partition(":")[0] for subject in subjects) == [
        "local/caf\\xe9.csv", "local/folder", "local/link.csv", "local/one.csv", "local/pipe.csv", "local/two.csv",
    ]  # fmt: skip
    assert len(list(local.iterdir())) == 8


def test_o05_links_between_people_that_point_nowhere_are_taken_away(cli: CommandLine, org: str) -> None:
    sql(cli, "UPDATE users SET manager_id = 4294967999 WHERE email = 'bo@x.example'")
    sql(cli, "UPDATE teams SET parent_id = 4294967999 WHERE name = 'Sales'")
    sql(cli, "INSERT INTO former_addresses VALUES (1, 'old@x.example', 4294967999)")
    codes = {"manager-missing", "parent-missing", "former-address-missing"}
    findings = found(cli, status=1)
    assert set(findings) == codes
    assert all("@" not in subject for one in findings.values() for subject in one["subjects"])
    assert all(one["mended"] for one in found(cli, "--repair", status=0).values())
    assert found(cli, status=0) == {}
    assert cli("users", "show", org, "bo@x.example", "--json").json["manager_email"] is None
    # The next file is read in full for the one who was touched.
    assert cli.process("import", cli.file("users.csv", *USERS), "--org", org).status == 0
    assert cli("users", "show", org, "bo@x.example", "--json").json["manager_email"] == "cy@x.example"


def test_o05_references_that_point_nowhere_are_said(cli: CommandLine, org: str) -> None:
    sql(cli, "DELETE FROM users WHERE email = 'ann@mavericks.example'")
    findings = found(cli, "--repair", status=1)
    assert findings["references-broken"]["subjects"] == ["teams -> users"]


def test_o05_others_may_read_neither_data_nor_keys(cli: CommandLine, org: str) -> None:
    cli.data_dir.chmod(0o755)
    key = cli.folder / "keys" / "ssh_host_rsa_key"
    key.chmod(0o640)
    findings = found(cli, status=1)
    assert findings["keys-readable"]["subjects"] == [str(key)]
    assert "data-readable" in findings
    assert found(cli, "--repair", status=0)
    assert found(cli, status=0) == {}
    assert key.stat().st_mode & 0o777 == 0o600
    assert cli.data_dir.stat().st_mode & 0o777 == 0o700


def test_a03_o05_bad_and_missing_keys_are_said_and_nothing_is_made(cli: CommandLine, org: str) -> None:
    keys = cli.folder / "keys"
    (keys / "ssh_host_rsa_key").write_bytes(b"")
    (keys / "secrets.key").write_bytes(b"short")
    (keys / "secrets.key").chmod(0o600)
    assert set(found(cli, "--repair", status=1)) == {"host-key-damaged", "secrets-key-damaged"}
    assert (keys / "ssh_host_rsa_key").read_bytes() == b""
    for path in keys.iterdir():
        path.unlink()
    sql(cli, "INSERT INTO erased_people VALUES (1, x'00', '2026-11-24T00:00:00.000+00:00')")
    assert set(found(cli, "--repair", status=1)) == {"host-keys-missing", "secrets-key-missing"}
    assert list(keys.iterdir()) == []


def test_r03_o05_another_secrets_key_is_said_where_something_depends_on_it(
    cli: CommandLine, org: str
) -> None:
    key = cli.folder / "keys" / "secrets.key"
    key.write_bytes(b"x" * 32)
    key.chmod(0o600)
    sql(cli, "INSERT INTO secrets_keys VALUES ('of another key', '2026-11-24T00:00:00.000+00:00')")
    assert found(cli, status=0) == {}
    sql(cli, "INSERT INTO erased_people VALUES (1, x'00', '2026-11-24T00:00:00.000+00:00')")
    assert found(cli, "--repair", status=1)["secrets-key-wrong"]["subjects"] == [str(key)]
    assert key.read_bytes() == b"x" * 32


def test_o05_a_full_disk_is_said(cli: CommandLine, org: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTERDROP_MIN_FREE_DISK_BYTES", str(1 << 60))
    assert "disk-full" in found(cli, status=1)


def test_o05_files_of_another_user_are_said(cli: CommandLine, org: str) -> None:
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(folder(cli, org, "queue"), 12345, -1)
    assert found(cli, "--repair", status=1)["owners-differ"]["subjects"] == [f"orgs/{org}/queue"]


def test_o06_o05_a_damaged_database_is_one_finding_and_stays_as_it_is(cli: CommandLine, org: str) -> None:
    database = cli.data_dir / "rosterdrop.sqlite"
    damaged = b"not a database" + database.read_bytes()[14:]
    database.write_bytes(damaged)
    assert set(found(cli, "--repair", status=1)) == {"database-damaged"}
    assert database.read_bytes() == damaged


def test_o05_pages_that_were_overwritten_are_a_damaged_database(cli: CommandLine, org: str) -> None:
    sql(cli, "PRAGMA wal_checkpoint(TRUNCATE)")
    database = cli.data_dir / "rosterdrop.sqlite"
    content = bytearray(database.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    database.write_bytes(content)
    assert "database-damaged" in found(cli, status=1)


@pytest.mark.parametrize(
    ("version", "code", "status"), [("0000", "schema-old", 0), ("9999", "schema-unknown", 1)]
)
def test_o05_another_schema_is_said_and_not_upgraded(
    cli: CommandLine, org: str, version: str, code: str, status: int
) -> None:
    sql(cli, "UPDATE alembic_version SET version_num = ?", version)
    assert set(found(cli, status=status)) == {code}


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
def test_o05_o06_a_database_without_a_schema_version_is_damaged_and_not_busy(
    cli: CommandLine, org: str, statement: str
) -> None:
    sql(cli, statement)
    assert set(found(cli, status=1)) == {"database-damaged"}
    assert "is damaged or not a database" in cli.process("users", "list", "--org", org).err
    served = cli.process("serve")
    assert (served.status, "is damaged or not a database" in served.err) == (2, True)


def test_o05_half_a_restore_is_said(cli: CommandLine, org: str) -> None:
    (cli.data_dir / "restoring").touch()
    assert "restore-unfinished" in found(cli, status=1)


def test_k_o05_text_shows_the_first_examples_and_what_to_do(cli: CommandLine, org: str) -> None:
    for number in range(90, 97):
        (folder(cli, org, "error") / f"20260101T000000Z-{number:06}-users.csv").write_bytes(b"x")
    said = cli("doctor")
    assert said.status == 1
    assert f"({org}) [file-unknown]" in said.out
    assert "and 2 more; --json gives all" in said.out
    assert "1 finding needs somebody." in said.out


def put_aside(cli: CommandLine, org: str, number: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as a removal moves it, some hours ago by doctor's clock."""
    aside = folder_aside_of(cli.data_dir, org_id=org, org_no=number)
    aside.parent.mkdir()
    (cli.data_dir / "orgs" / org).rename(aside)
    later = time.time() + 7200
    monkeypatch.setattr("core.removed_folders.time.time", lambda: later)
    return aside


def test_o05_the_folder_of_an_interrupted_removal_is_put_back(
    cli: CommandLine, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = put_aside(cli, org, 1, monkeypatch)
    for name in ("local", "queue"):
        folder(cli, org, name).mkdir(parents=True)  # as the daemon makes them again
    findings = found(cli, status=1)
    assert findings["removal-interrupted"]["subjects"] == [aside.name]
    found(cli, "--repair")
    assert filed(cli, org).exists()
    assert found(cli, status=0) == {}


def test_o05_a_folder_that_is_in_the_way_of_one_aside_stays(
    cli: CommandLine, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = put_aside(cli, org, 1, monkeypatch)
    folder(cli, org, "local").mkdir(parents=True)
    (folder(cli, org, "local") / "users.csv").write_bytes(b"new")
    assert not found(cli, "--repair", status=1)["removal-interrupted"]["mended"]
    assert (folder(cli, org, "local") / "users.csv").read_bytes() == b"new"
    assert aside.exists()


def test_o05_the_folder_of_a_removed_organization_is_deleted(
    cli: CommandLine, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = put_aside(cli, org, 77, monkeypatch)
    assert found(cli, status=1)["removal-left"]["subjects"] == [aside.name]
    assert found(cli, "--repair")["removal-left"]["mended"]
    assert not aside.exists()


def test_o05_a_removal_that_is_under_way_is_left_alone(cli: CommandLine, org: str) -> None:
    aside = folder_aside_of(cli.data_dir, org_id=org, org_no=77)
    aside.mkdir(parents=True)
    assert found(cli, "--repair", status=0) == {}
    assert aside.exists()
