"""Every released schema is upgraded to the newest with all its data (O5); and what becomes of an upgrade that fails."""

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from core.migrate import SchemaError, prepare_database
from core.migrations import HEAD
from core.migrations.mending import objects
from core.migrations.runner import HERE, BrokenReferencesError, upgrade
from tests.acceptance.daemon import Daemon
from tests.integration.core.test_migrations import OURS, shape
from tests.schemas.make import FOLDER
from tests.schemas.sayings import differences, sayings

RELEASED = sorted(path.name.removesuffix(".sqlite.gz") for path in FOLDER.glob("*.sqlite.gz"))
SAID = sorted(path.stem for path in FOLDER.glob("*.json"))
MENDED = "0001-"  # what 0001 was before it was frozen
GONE = frozenset({"deactivates", "replaces"})
CACHES = ("fingerprints", "fingerprint_voids")
NEXT = '''
"""A step that tests add."""

from alembic import op
import sqlalchemy as sa

revision, down_revision = "9999", "{head}"


def upgrade() -> None:
    op.add_column("imports", sa.Column("colour", sa.Text(), server_default="blue"))
    {more}
'''


def unpacked(schema: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.decompress((FOLDER / f"{schema}.sqlite.gz").read_bytes()))
    path.chmod(0o600)
    return path


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, by the names of their columns."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1, 2')]
            for (name,) in connection.execute(f"SELECT name FROM sqlite_master WHERE {OURS}").fetchall()
        }


def lost(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The tables of which rows or values are not what they were; new columns are no loss."""
    return [table for table, old in before.items() if of_the_columns(old, after.get(table, [])) != old]


def to_keep(found: dict[str, list[dict[str, Any]]], schema: str) -> dict[str, list[dict[str, Any]]]:
    """The rows without what an upgrade of a mended schema leaves out: caches, and what guards counted for one day."""
    if not schema.startswith(MENDED):
        return found
    return {
        table: [{key: row[key] for key in row.keys() - GONE} for row in there]
        for table, there in found.items()
        if table not in CACHES
    }


def of_the_columns(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The new rows with the columns of the old ones only."""
    columns = old[0].keys() if old else ()
    return [{column: row.get(column) for column in columns} for row in new]


def statements(path: Path) -> dict[tuple[str, str], str]:
    """Every table, index and trigger, as a mend compares them."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = objects(connection)
    engine.dispose()
    return found


def sound(path: Path) -> bool:
    """Whether every reference leads somewhere, and SQLite finds the file in order."""
    with closing(sqlite3.connect(path)) as connection:
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
        return (dangling, connection.execute("PRAGMA integrity_check").fetchall()) == ([], [("ok",)])


def with_next(folder: Path, *, more: str = "") -> Path:
    """Our revisions with one more."""
    target = folder / "migrations"
    shutil.copytree(HERE, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "versions" / "9999_next.py").write_text(NEXT.format(head=HEAD, more=more), "utf-8")
    return target


def test_o05_the_newest_schema_is_among_those_that_are_kept() -> None:
    assert HEAD in RELEASED, "make schema"


@pytest.mark.parametrize("schema", RELEASED)
def test_o05_every_released_schema_keeps_its_data_in_an_upgrade(schema: str, tmp_path: Path) -> None:
    path, fresh = unpacked(schema, tmp_path / "old.sqlite"), tmp_path / "fresh.sqlite"
    before = rows(path)
    prepare_database(path)
    assert not lost(to_keep(before, schema), rows(path))
    prepare_database(fresh)
    assert shape(path) == shape(fresh), f"{schema} was released and must not change; if not yet: make schema"
    assert statements(path) == statements(fresh)
    assert sound(path)


@pytest.mark.parametrize("schema", SAID)
def test_o05_the_product_says_the_same_of_a_database_after_an_upgrade(schema: str, tmp_path: Path) -> None:
    daemon = Daemon(folder=tmp_path, keys=tmp_path / "keys")
    prepare_database(unpacked(schema, daemon.data / "rosterdrop.sqlite"))
    said = json.loads((FOLDER / f"{schema}.json").read_text("utf-8"))
    assert differences(said, sayings(daemon)) == []


def test_o05_an_upgrade_keeps_data_and_triggers_and_a_copy_of_before(tmp_path: Path) -> None:
    path = unpacked(HEAD, tmp_path / "old.sqlite")
    before = rows(path)
    upgrade(path, folder=with_next(tmp_path))
    after = rows(path)
    assert not lost(before, after)
    assert {row["colour"] for row in after["imports"]} == {"blue"}
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute("DELETE FROM audit")


@pytest.mark.parametrize("more", ["raise RuntimeError", "op.execute('DELETE FROM organizations')"])
def test_o05_an_upgrade_that_fails_changes_nothing(tmp_path: Path, more: str) -> None:
    path = unpacked(HEAD, tmp_path / "old.sqlite")
    before, was = rows(path), shape(path)
    with pytest.raises((RuntimeError, BrokenReferencesError)):
        upgrade(path, folder=with_next(tmp_path, more=more))
    assert rows(path) == before
    assert shape(path) == was


def test_o05_a_newer_database_is_refused_without_a_copy(tmp_path: Path) -> None:
    path = unpacked(HEAD, tmp_path / "rosterdrop.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    content = path.read_bytes()
    with pytest.raises(SchemaError, match="newer one"):
        prepare_database(path)
    assert path.read_bytes() == content
    assert not (tmp_path / "before-upgrade").exists()


def test_o05_an_older_database_is_copied_before_it_is_upgraded(tmp_path: Path) -> None:
    path = unpacked(HEAD, tmp_path / "rosterdrop.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    with pytest.raises(SchemaError):
        prepare_database(path)  # nobody knows a way from 0000
    assert rows(tmp_path / "before-upgrade" / "0000.sqlite") == rows(path)
    assert (tmp_path / "before-upgrade" / "0000.sqlite").stat().st_mode & 0o077 == 0


def test_o05_differences_are_found_and_what_is_new_is_none() -> None:
    before = {"a": [{"b": 1}], "c": None}
    assert differences(before, {"a": [{"b": 1, "new": 2}], "c": None, "new": []}) == []
    assert differences(before, {"a": [{"b": 2}], "c": None}) == [".a[0].b: 1 became 2"]
    assert differences(before, {"a": []}) == [".c is gone", ".a: [{'b': 1}] became []"]
