"""SQL of `rosterdrop doctor` (rule O5): whether the database is sound, what it says of files, and the safe repairs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.database import Connection, busy, damaged, driver_connection, is_busy
from core.inbox import Origin
from core.migrations import HEAD
from processor.filing.names import filed_as
from processor.imports import ImportRecord, Outcome

SOUND_FROM = (3, 51, 3)
ALSO_SOUND = frozenset({(3, 44, 6), (3, 50, 7)})
# What has no foreign key by purpose: organization and number of what points nowhere.
DANGLING = {
    "manager-missing": """
        SELECT o.id, u.id FROM users u JOIN organizations o ON o.no = u.org_no WHERE u.manager_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM users m WHERE m.id = u.manager_id)
        """,
    "parent-missing": """
        SELECT o.id, t.id FROM teams t JOIN organizations o ON o.no = t.org_no WHERE t.parent_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM teams p WHERE p.id = t.parent_id)
        """,
    "former-address-missing": """
        SELECT o.id, f.user_id FROM former_addresses f JOIN organizations o ON o.no = f.org_no
          WHERE NOT EXISTS (SELECT 1 FROM users m WHERE m.id = f.user_id)
        """,
}
# The trigger on users voids the fingerprint of who is touched so.
MEND = {
    "manager-missing": """
        UPDATE users SET manager_id = NULL WHERE manager_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM users m WHERE m.id = users.manager_id)
        """,
    "parent-missing": """
        UPDATE teams SET parent_id = NULL WHERE parent_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM teams p WHERE p.id = teams.parent_id)
        """,
    "former-address-missing": """
        DELETE FROM former_addresses
          WHERE NOT EXISTS (SELECT 1 FROM users m WHERE m.id = former_addresses.user_id)
        """,
}
_UNDER_32_BITS = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class KnownImport:
    """What the database says of one import's file."""

    number: int
    uid: str
    is_final: bool
    path: str | None  # where its bytes belong by its outcome; None without one
    is_noted: bool  # the row says that they lie there
    is_purged: bool  # its retention was over


class Ward:
    """A database that is looked at, in one view; nothing is changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def schema(self) -> str | None:
        """Return its revision; None for an empty file.

        Raises:
            sqlite3.DatabaseError: it holds tables without a revision.
        """
        if not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return None
        row = self._connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None:
            raise sqlite3.DatabaseError("no revision")
        return str(row[0])

    def is_sound(self) -> bool:
        """Whether SQLite finds nothing wrong with its pages and rows."""
        return bool(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")

    def broken_references(self) -> list[str]:
        """Return the tables with rows that point nowhere, and where to."""
        found = {(row[0], row[2]) for row in self._connection.execute("PRAGMA foreign_key_check")}
        return sorted(f"{table} -> {target}" for table, target in found)

    def dangling(self, code: str) -> list[str]:
        """Return the users or teams that point nowhere, by organization and number (R3)."""
        rows = self._connection.execute(DANGLING[code])
        return [f"{org_id}: number {found & _UNDER_32_BITS}" for org_id, found in rows]

    def organizations(self) -> list[str]:
        """Return the ids of all organizations that were not removed."""
        sql = "SELECT id FROM organizations WHERE removed_at IS NULL ORDER BY no"
        return [row[0] for row in self._connection.execute(sql)]

    def half_removed(self) -> list[str]:
        """Return the ids of organizations whose removal was interrupted: one that is removed has a `#` in its id."""
        sql = "SELECT id FROM organizations WHERE removed_at IS NOT NULL AND id NOT LIKE '%#%' ORDER BY no"
        return [row[0] for row in self._connection.execute(sql)]

    def known_numbers(self) -> set[int]:
        """Return the numbers of the same organizations; ids can be used again, numbers cannot."""
        sql = "SELECT no FROM organizations WHERE removed_at IS NULL"
        return {row[0] for row in self._connection.execute(sql)}

    def needs_secrets_key(self) -> bool:
        """Whether something is kept that only the secrets key opens or knows: erased people, customers' servers."""
        sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM erased_people) OR EXISTS (SELECT 1 FROM pull_servers)"
        return self._connection.execute(sql).fetchone() is not None

    def secrets_key_fingerprint(self) -> str | None:
        """Return what the right secrets key is known by; None where none was used yet."""
        row = self._connection.execute("SELECT fingerprint FROM secrets_keys").fetchone()
        return None if row is None else str(row[0])

    def pulls(self) -> list[tuple[str, str, int, bool, str]]:
        """Return of each customer's own server organization, host, failures in a row, whether it stopped, and why."""
        sql = (
            "SELECT o.id, p.host, p.failures, p.stopped_at IS NOT NULL, p.error FROM pull_servers p "
            "JOIN organizations o ON o.no = p.org_no WHERE o.disabled_at IS NULL ORDER BY o.no"
        )
        return [(row[0], row[1], row[2], bool(row[3]), row[4] or "") for row in self._connection.execute(sql)]

    def imports(self, org_id: str) -> Iterator[KnownImport]:
        """Yield the organization's imports."""
        sql = (
            "SELECT i.number, i.org_no, i.uid, i.seq, i.name, i.size_bytes, i.accepted_at, i.outcome, i.filed_as, "
            "i.file_purged_at FROM imports i JOIN organizations o ON o.no = i.org_no WHERE o.id = ?"
        )
        for row in self._connection.execute(sql, (org_id,)):
            yield _known(row)


@contextmanager
def ward(path: Path) -> Iterator[Ward]:
    """Open a database for looking; a file that is none raises at the first question.

    Raises:
        sqlite3.DatabaseError: it is damaged (`DAMAGED`).
        DatabaseBusyError: it does not answer.
    """
    try:
        connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30, isolation_level=None)
    except sqlite3.OperationalError as exc:
        raise busy(path) from exc
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        yield Ward(connection)
    except sqlite3.OperationalError as exc:
        raise busy(path) if is_busy(exc) else damaged(path) from exc
    finally:
        connection.close()


DAMAGED = sqlite3.DatabaseError  # for those who speak no SQL


def sqlite_is_sound() -> bool:
    """Whether this SQLite is without the checkpoint bug of before 3.51.3."""
    version = sqlite3.sqlite_version_info
    return version >= SOUND_FROM or version in ALSO_SOUND


def sqlite_version() -> str:
    """Return SQLite's version."""
    return sqlite3.sqlite_version


def is_older(schema: str) -> bool:
    """Whether a revision is one that the next start upgrades."""
    return schema < HEAD


async def mend_links(connection: Connection, code: str) -> int:
    """Take away links that point nowhere; return how many."""
    driver = await driver_connection(connection)
    return (await driver.execute(MEND[code])).rowcount


def _known(row: tuple) -> KnownImport:  # type: ignore[type-arg]  # a row of SQL
    number, org_no, uid, seq, name, size_bytes, accepted_at, outcome, noted, purged_at = row
    is_final = outcome is not None and Outcome(outcome).is_final
    path = noted
    if is_final and noted is None:
        path = filed_as(
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
    return KnownImport(number, uid, is_final, path, noted is not None, purged_at is not None)
