"""Brings a database to the schema of this program: makes it, or upgrades it after a copy (rule O5)."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from core.database import busy, damaged, is_busy
from core.errors import DamagedError, ServiceError
from core.locks import LOCK_MODE, FolderBusyError, data_folder_lock
from core.migrations import HEAD

COPIES = "before-upgrade"
LOCK = "migrate.lock"
HELD = "held"  # the word for the other process that its parent holds the data folder
PATIENCE_S = 5.0  # a daemon that starts has the folder before it upgrades; others have it for a moment only
PAUSE_S = 0.05
RESTORING = "restoring"  # a file in a data folder into which a backup is being restored


class SchemaError(ServiceError):
    """The database is of a newer program, or an upgrade would break references."""

    code = "schema"


class RestoreUnfinishedError(DamagedError):
    """A restore into this folder was interrupted: it holds half of a backup."""

    code = "restore_unfinished"


def prepare_database(path: Path, *, is_held: bool = False, patience_s: float = PATIENCE_S) -> bool:
    """Rule O5: make the database, or upgrade it in one transaction after copying it to `before-upgrade/`.

    Does nothing to a current one (0.3 ms), which is why every command may call it. `is_held`: the caller has the data
    folder's lock; else it is taken, for an older daemon would go on with a database that it does not know.
    Return whether there was an older database.

    Raises:
        FolderBusyError: a daemon of the version of before works on the folder; nothing was changed.
        DatabaseDamagedError: the file is not a sound database.
        SchemaError: it is newer than this program, or rows would point nowhere after the upgrade.
        DatabaseBusyError: the disk is full, or somebody holds it; it is as it was.
        RestoreUnfinishedError: a restore into this folder is under way or was interrupted.
    """
    if path.with_name(RESTORING).exists():
        raise RestoreUnfinishedError(
            f"A backup is being restored into {path.parent}, or that was interrupted: run `rosterdrop restore` again."
        )
    until = time.monotonic() + patience_s
    while (version := _version(path)) != HEAD:
        if version is not None and version > HEAD:
            raise _newer(version)
        try:
            return _prepare(path, is_held=is_held)
        except FolderBusyError as exc:
            if time.monotonic() > until:
                raise FolderBusyError(
                    f"The daemon of the old version runs on {path.parent}: restart it first, which upgrades the "
                    "database. Nothing was changed."
                ) from exc
        time.sleep(PAUSE_S)
    return False


def await_upgrade(path: Path) -> None:
    """Wait while a command upgrades the database, so that a daemon that starts is not sent away meanwhile."""
    with _lock(path.with_name(LOCK)):
        pass


def _prepare(path: Path, *, is_held: bool) -> bool:
    """Make or upgrade it; all other commits and checkpoints stand still meanwhile (`core/database.py` says why)."""
    with _lock(path.with_name(LOCK)), ExitStack() as stack:
        version = _version(path)
        if version == HEAD:
            return False
        if version is not None and not is_held:
            stack.enter_context(data_folder_lock(path.parent))
        stack.enter_context(_lock(path.with_name("commit.lock")))
        try:
            if version is not None:
                _keep_copy(path, version)
            _upgrade(path, version)
        except sqlite3.OperationalError as exc:  # a full disk; it was rolled back
            raise busy(path) from exc
        return version is not None


def prepare_database_apart(path: Path) -> None:
    """Do the same in a process of its own where there is something to do: Alembic takes 10 MB, and a daemon keeps them.

    The caller holds the data folder's lock.

    Raises:
        DatabaseDamagedError, SchemaError: as `prepare_database`, which is asked after the other process.
    """
    if _version(path) != HEAD:
        command = [sys.executable, "-P", "-m", "core.migrate", str(path), HELD]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
    prepare_database(path, is_held=True)


def _version(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30)) as connection:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as exc:
        raise busy(path) if is_busy(exc) else damaged(path) from exc
    except sqlite3.DatabaseError as exc:
        raise damaged(path) from exc
    if row is None:  # all is made in one transaction, and its version with it
        raise damaged(path)
    return str(row[0])


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, LOCK_MODE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _keep_copy(path: Path, version: str) -> None:
    folder = path.with_name(COPIES)
    folder.mkdir(mode=0o700, exist_ok=True)
    with (
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(folder / f"{version}.sqlite")) as target,
    ):
        source.backup(target)
    shutil.copymode(path, folder / f"{version}.sqlite")


def _upgrade(path: Path, version: str | None) -> None:
    # Alembic takes 150 ms to import and is needed once in the life of a schema.
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    from core.migrations.mending import UnknownColumnsError  # noqa: PLC0415
    from core.migrations.runner import BrokenReferencesError, UnknownVersionError, upgrade  # noqa: PLC0415

    if version is None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        upgrade(path)
    except UnknownVersionError as exc:
        raise _newer(version) from exc
    except BrokenReferencesError as exc:
        raise SchemaError(
            "After the upgrade rows of the database would point nowhere, so nothing was changed: install the version "
            "of before again, and look with `rosterdrop doctor`."
        ) from exc
    except UnknownColumnsError as exc:
        raise SchemaError(
            f"The database has columns that rosterdrop never made ({exc}); an upgrade would lose them, so nothing was "
            "changed: drop them (a copy is in before-upgrade/), and start again."
        ) from exc
    except OperationalError as exc:
        raise busy(path) from exc


def _newer(version: str | None) -> SchemaError:
    return SchemaError(
        f"The database has schema {version}, which this rosterdrop does not know: it was made by a newer one. "
        "Install that version again."
    )


if __name__ == "__main__":
    prepare_database(Path(sys.argv[1]), is_held=sys.argv[2:] == [HELD])
