"""What a database does when its disk fails (architecture: nothing is retried after a failed sync)."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from core.database import DatabaseBrokenError, open_database
from core.migrate import prepare_database


def failed_sync() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    return error


async def test_u02_after_a_failed_sync_the_database_takes_nothing_and_the_daemon_hears_of_it_once(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rosterdrop.sqlite"
    prepare_database(path)
    heard: list[DatabaseBrokenError] = []
    async with open_database(path, fatal=heard.append) as database:
        with pytest.raises(DatabaseBrokenError):
            async with database.writing():
                raise failed_sync()
        for _ in range(2):
            with pytest.raises(DatabaseBrokenError):
                async with database.writing():
                    pass
        with pytest.raises(DatabaseBrokenError):
            await database.checkpoint()
    assert len(heard) == 1


async def test_u02_other_trouble_with_the_disk_passes(tmp_path: Path) -> None:
    path = tmp_path / "rosterdrop.sqlite"
    prepare_database(path)
    async with open_database(path) as database:
        with pytest.raises(sqlite3.OperationalError):
            async with database.writing():
                raise sqlite3.OperationalError("database or disk is full")
        async with database.writing() as connection:
            await connection.exec_driver_sql("SELECT 1")


@pytest.mark.parametrize("inline", [False, True], ids=["daemon", "worker"])
async def test_u02_a_log_that_was_opened_for_reading_only_is_opened_anew(
    tmp_path: Path, *, inline: bool
) -> None:
    """SQLite does so where it cannot open the log for writing, and never tries again on that connection."""
    path = tmp_path / "rosterdrop.sqlite"
    prepare_database(path)
    async with open_database(path, inline=inline) as database:
        async with database.writing() as connection:
            await connection.exec_driver_sql("PRAGMA query_only = ON")  # it answers the same way
        with pytest.raises(OperationalError, match="readonly"):
            async with database.writing() as connection:
                await connection.exec_driver_sql("DELETE FROM audit")
        async with database.writing() as connection:
            await connection.exec_driver_sql("DELETE FROM audit WHERE id < 0")
