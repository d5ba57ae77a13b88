"""An upgrade takes the data folder and the turn of all commits: no daemon of before goes on beside it (rule O5)."""

import fcntl
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from core.locks import FolderBusyError, data_folder_lock
from core.migrate import prepare_database
from core.migrations import HEAD
from core.migrations.runner import upgrade
from tests.integration.core.test_upgrades import unpacked, with_next


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_o05_a_command_leaves_the_database_of_a_running_older_daemon_as_it_is(tmp_path: Path) -> None:
    path = unpacked("0001", tmp_path / "rosterdrop.sqlite")
    before = path.read_bytes()
    with data_folder_lock(tmp_path):
        with pytest.raises(
            FolderBusyError, match=r"daemon of the old version runs.*restart it first"
        ) as caught:
            prepare_database(path, patience_s=0)
        assert "\n" not in caught.value.public_message
        assert path.read_bytes() == before
        assert not (tmp_path / "before-upgrade").exists()
        assert prepare_database(path, is_held=True), "the daemon that holds it upgrades"
    assert version(path) == HEAD


def test_o05_a_command_waits_for_a_daemon_that_starts_and_upgrades(tmp_path: Path) -> None:
    path = unpacked("0001", tmp_path / "rosterdrop.sqlite")
    with data_folder_lock(tmp_path):
        said: list[bool] = []
        command = threading.Thread(target=lambda: said.append(prepare_database(path, patience_s=60)))
        command.start()
        assert prepare_database(path, is_held=True)
        command.join(60)
    assert said == [False], "there was nothing to upgrade any more"


def test_o05_a_new_database_is_made_also_while_somebody_holds_the_folder(tmp_path: Path) -> None:
    with data_folder_lock(tmp_path):
        assert not prepare_database(tmp_path / "rosterdrop.sqlite", patience_s=0)
    assert version(tmp_path / "rosterdrop.sqlite") == HEAD


@pytest.mark.parametrize("schema", [None, "0001"])
def test_o05_an_upgrade_waits_for_its_turn_to_commit(tmp_path: Path, schema: str | None) -> None:
    path = tmp_path / "rosterdrop.sqlite"
    if schema is not None:
        unpacked(schema, path)
    with (tmp_path / "commit.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        command = threading.Thread(target=prepare_database, args=(path,))
        command.start()
        command.join(1.5)
        assert command.is_alive()
        assert schema is None or version(path) == schema
    command.join(60)
    assert version(path) == HEAD


def test_o05_an_upgrade_takes_no_checkpoint_of_its_own(tmp_path: Path) -> None:
    path = unpacked(HEAD, tmp_path / "old.sqlite")
    asked = "op.get_bind().exec_driver_sql('PRAGMA wal_autocheckpoint').scalar()"
    upgrade(path, folder=with_next(tmp_path, more=f"assert {asked} == 0"))
    assert version(path) == "9999"
