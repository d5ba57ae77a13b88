"""`rosterdrop backup` and `restore` by their refusals, and what they say (O5)."""

import os
import time
from pathlib import Path

import pytest

from core.locks import data_folder_lock
from tests.integration.commands.conftest import CommandLine, Said


def filled(cli: CommandLine) -> str:
    org = cli.add()
    path = cli.file("users.csv", "User Email", "bo@x.example")
    assert cli.process("import", path, "--org", org).status == 0
    return org


def refused(said: Said, status: int, *words: str) -> None:
    assert said.status == status
    assert said.out == ""
    (line,) = said.lines
    assert all(word in line for word in words), line


def into(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str = "there") -> Path:
    """Let commands work on another data folder from now on."""
    monkeypatch.setenv("ROSTERDROP_DATA_DIR", str(cli.folder / name))
    return cli.folder / name


def test_o05_a_restored_folder_says_what_the_first_one_said(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = filled(cli)
    (cli.folder / "backups").mkdir()
    said = cli("backup", cli.folder / "backups")
    assert said.status == 0, said.err
    assert "Keys are not in it" in said.out
    (made,) = (cli.folder / "backups").iterdir()
    assert made.name.startswith("rosterdrop-2")
    before = cli("users", "list", "--org", org, "--json").json, cli("imports", "show", 1, "--json").json
    there = into(cli, monkeypatch)
    said = cli("restore", made)
    assert said.status == 0, said.err
    for next_step in ("keys folder", "rosterdrop doctor", "rosterdrop serve", "send again"):
        assert next_step in said.out
    assert (
        cli("users", "list", "--org", org, "--json").json,
        cli("imports", "show", 1, "--json").json,
    ) == before
    assert {path.name for path in (there / "orgs" / org).iterdir()} == {
        "local", "archive", "error", "export", "incoming", "queue",
    }  # fmt: skip
    assert not (there / "restoring").exists()


def test_a05_o05_a_backup_is_in_the_audit_trail(cli: CommandLine) -> None:
    filled(cli)
    assert cli("backup", cli.folder / "backup.tar").status == 0
    (line,) = [one for one in cli("audit", "--json").json if one["event"] == "backup.made"]
    assert line["who"].startswith("operator:")


def test_o05_keys_go_with_it_only_when_asked_and_never_replace_others(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(cli)
    keys = cli.folder / "keys"
    keys.mkdir(exist_ok=True)
    (keys / "ssh_host_ed25519_key").write_bytes(b"first")
    (keys / "secrets.key").write_bytes(b"s" * 32)
    said = cli("backup", cli.folder / "plain", "--json")
    assert said.json["with_keys"] is False
    assert said.err == ""
    assert not (cli.folder / "plain" / "keys").exists()
    said = cli("backup", cli.folder / "full", "--with-keys")
    assert "Keep it as safe" in said.err
    monkeypatch.setenv("ROSTERDROP_KEYS_DIR", str(cli.folder / "other"))
    (cli.folder / "other").mkdir()
    (cli.folder / "other" / "ssh_host_ed25519_key").write_bytes(b"second")
    into(cli, monkeypatch)
    said = cli("restore", cli.folder / "full")
    assert said.status == 0
    assert "ssh_host_ed25519_key already" in said.err
    assert (cli.folder / "other" / "ssh_host_ed25519_key").read_bytes() == b"second"
    assert (cli.folder / "other" / "secrets.key").read_bytes() == b"s" * 32
    assert (cli.folder / "other" / "secrets.key").stat().st_mode & 0o077 == 0


def test_o05_a_backup_replaces_nothing_and_stays_out_of_the_data_folder(cli: CommandLine) -> None:
    filled(cli)
    (cli.folder / "there.tar").write_bytes(b"mine")
    refused(cli("backup", cli.folder / "there.tar"), 2, "is there already")
    refused(cli("backup", cli.data_dir / "backup"), 2, "in the data folder")
    refused(cli("backup", cli.folder / "no" / "backup"), 2, "There is no folder")
    assert (cli.folder / "there.tar").read_bytes() == b"mine"


def test_o05_without_room_it_says_so_and_leaves_nothing(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = filled(cli)
    (cli.data_dir / "orgs" / org / "export" / "big.csv").write_bytes(bytes(20 << 20))
    monkeypatch.setenv("ROSTERDROP_MIN_FREE_DISK_BYTES", str(1 << 60))
    before = sorted(path.name for path in cli.folder.iterdir())
    for target in ("backup", "backup.tar"):
        refused(cli("backup", cli.folder / target), 1, "no room", "nothing of it was left")
    assert sorted(path.name for path in cli.folder.iterdir()) == before


@pytest.mark.parametrize("target", ["backup", "backup.tar"])
def test_o05_a_backup_with_one_wrong_byte_is_not_restored(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    org = filled(cli)
    (cli.data_dir / "orgs" / org / "export" / "mark.csv").write_bytes(b"a very special export")
    made = cli.folder / target
    assert cli("backup", made).status == 0
    bad = made if made.is_file() else made / "data" / "orgs" / org / "export" / "mark.csv"
    bad.write_bytes(bad.read_bytes().replace(b"very special", b"very spocial"))
    there = into(cli, monkeypatch)
    refused(cli("restore", made), 2, "damaged", "export/mark.csv", "Nothing was restored")
    assert not there.exists()


@pytest.mark.parametrize("target", ["backup", "backup.tar"])
def test_o05_half_a_backup_is_not_restored(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    filled(cli)
    made = cli.folder / target
    assert cli("backup", made).status == 0
    if made.is_file():
        made.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    else:
        (made / "manifest.json").unlink()
    there = into(cli, monkeypatch)
    refused(cli("restore", made), 2)
    assert not there.exists()
    refused(cli("restore", cli.folder / "nothing"), 2, "There is no backup")


def test_o05_it_restores_into_an_empty_folder_only(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(cli)
    assert cli("backup", cli.folder / "backup").status == 0
    before = sorted(cli.data_dir.rglob("*"))
    refused(cli("restore", cli.folder / "backup"), 2, "is not empty")
    assert sorted(cli.data_dir.rglob("*")) == before
    there = into(cli, monkeypatch)
    (there / "lost+found").mkdir(parents=True)
    with data_folder_lock(there):
        refused(cli("restore", cli.folder / "backup"), 2, "Another rosterdrop")
    assert cli("restore", cli.folder / "backup").status == 0


def test_o05_nothing_starts_on_half_a_restore_and_it_can_be_done_again(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = filled(cli)
    assert cli("backup", cli.folder / "backup").status == 0
    there = into(cli, monkeypatch)
    (there / "orgs" / org / "archive").mkdir(parents=True)
    (there / "orgs" / org / "archive" / "half.csv").write_bytes(b"half")
    (there / "restoring").touch()
    for command in (("serve", "--port", 0), ("org", "add", "Other", "--owner", "a@x.example")):
        refused(cli(*command), 2, "rosterdrop restore")
    assert cli("restore", cli.folder / "backup").status == 0
    assert not (there / "orgs" / org / "archive" / "half.csv").exists()
    assert len(cli("users", "list", "--org", org, "--json").json) == 2


def test_o05_two_backups_at_one_time_are_refused(cli: CommandLine) -> None:
    import fcntl

    filled(cli)
    with (cli.data_dir / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(cli("backup", cli.folder / "backup"), 1, "Another backup")
    assert cli("backup", cli.folder / "backup").status == 0


def test_o05_what_killed_backups_left_goes_two_days_later(cli: CommandLine) -> None:
    filled(cli)
    backups = cli.folder / "backups"
    for name, age_s in (
        (".rosterdrop-1.partial", 200_000),
        (".rosterdrop-2.partial", 10),
        (".mine.partial", 200_000),
    ):
        (backups / name).mkdir(parents=True)
        moment = time.time() - age_s
        os.utime(backups / name, (moment, moment))
    assert cli("backup", backups).status == 0
    left = {path.name for path in backups.iterdir() if path.name.startswith(".")}
    assert left == {".rosterdrop-2.partial", ".mine.partial"}
