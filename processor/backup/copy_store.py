"""SQL of the copy of the database: one view, copied in steps; what the copy then says of the drops."""

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core.database import TROUBLES, busy, damaged
from core.inbox import Origin
from processor.filing.names import filed_as
from processor.imports import ImportRecord, Outcome

STEP_PAGES = 2048  # 8 MiB
COPY_CACHE_KIB = 8_000

Source = sqlite3.Connection  # for those who hand one through and speak no SQL


def open_source(path: Path) -> Source:
    """Open the database for one reading transaction.

    Raises:
        DatabaseDamagedError, DatabaseBusyError: it cannot be opened.
    """
    try:
        source = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30, isolation_level=None)
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # it is read here for the first time
    except TROUBLES as exc:
        raise busy(path) from exc
    except sqlite3.DatabaseError as exc:
        raise damaged(path) from exc
    return source


def stand_still(source: Source) -> None:
    """Begin the reading transaction: what is read from now on is the database of this moment."""
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM alembic_version").fetchone()


def copy_database(source: Source, target: Path, *, told: Callable[[int, int], None]) -> None:
    """Copy the database of that moment; `told` hears pages done and in all after each step.

    The online backup stays with the view that the connection has, so a writer neither waits nor starts it again.

    Raises:
        OSError: the disk is full.
        DatabaseDamagedError: the copy is not sound, so the database is not.
    """
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        # Half a copy is thrown away, so it needs no journal; the caller syncs it.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{COPY_CACHE_KIB}"):
            copy.execute(f"PRAGMA {pragma}")

        def step(_status: int, remaining: int, total: int) -> None:
            told(total - remaining, total)

        try:
            source.backup(copy, pages=STEP_PAGES, progress=step)
        except sqlite3.OperationalError as exc:
            number = errno.ENOSPC if "full" in str(exc) else errno.EIO
            raise OSError(number, str(exc)) from exc
        except sqlite3.DatabaseError as exc:
            raise damaged(target) from exc
    source.execute("COMMIT")


class CopiedDatabase:
    """What the copy says; it is only read, and no file is made beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, isolation_level=None)

    def check(self) -> None:
        """Look whether it is sound.

        Raises:
            DatabaseDamagedError: it is not.
        """
        try:
            (answer,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as exc:
            raise damaged(self._path) from exc
        if answer != "ok":
            raise damaged(self._path)

    def schema(self) -> str:
        """Return its revision."""
        return str(self._connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])

    def organizations(self) -> tuple[str, ...]:
        """Return the ids of all organizations that were not removed."""
        sql = "SELECT id FROM organizations WHERE removed_at IS NULL ORDER BY no"
        return tuple(row[0] for row in self._connection.execute(sql))

    def finished(self, org_id: str) -> set[int]:
        """Return the numbers of the organization's imports that have their outcome."""
        sql = (
            "SELECT i.number FROM imports i JOIN organizations o ON o.no = i.org_no "
            "WHERE o.id = ? AND i.outcome IN (SELECT value FROM json_each(?))"
        )
        return {row[0] for row in self._connection.execute(sql, (org_id, _final()))}

    def is_noted(self, uid: str) -> bool:
        """Whether the drop's row says where it was filed: nothing is left to do."""
        sql = "SELECT filed_as IS NOT NULL FROM imports WHERE uid = ?"
        return bool(self._connection.execute(sql, (uid,)).fetchone()[0])

    def filed_as(self, uid: str) -> str | None:
        """Return where a drop's bytes go by its outcome (R1); None where it has none yet."""
        sql = (
            "SELECT number, org_no, seq, name, size_bytes, accepted_at, outcome FROM imports "
            "WHERE uid = ? AND outcome IN (SELECT value FROM json_each(?))"
        )
        row = self._connection.execute(sql, (uid, _final())).fetchone()
        if row is None:
            return None
        number, org_no, seq, name, size_bytes, accepted_at, outcome = row
        return filed_as(
            ImportRecord(
                number=number,
                org_no=org_no,
                org_id="",
                uid=uid,
                seq=seq,
                name=name,
                size_bytes=size_bytes,
                origin=Origin(account=""),
                accepted_at=accepted_at,
                outcome=Outcome(outcome),
            )
        )

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


def _final() -> str:
    names = ", ".join(f'"{outcome}"' for outcome in Outcome if outcome.is_final)
    return f"[{names}]"
