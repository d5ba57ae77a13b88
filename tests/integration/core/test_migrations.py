"""The migrations make the very tables that core/schema.py describes."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from core.mail_schema import outbox
from core.migrate import prepare_database
from core.pull_schema import pull_files

OURS = "type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"


def shape(path: Path) -> dict[str, Any]:
    """Each table with its columns, keys, references, indexes and what SQLite only says in its statement."""
    with closing(sqlite3.connect(path)) as connection:
        tables = dict(connection.execute(f"SELECT name, sql FROM sqlite_master WHERE {OURS}").fetchall())
        return {name: table_shape(connection, name, sql) for name, sql in tables.items()}


def table_shape(connection: sqlite3.Connection, name: str, sql: str) -> dict[str, Any]:
    indexes = connection.execute(f"PRAGMA index_list({name})").fetchall()
    return {
        # cid, name, type, notnull, default, place in the key
        "columns": sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({name})")),
        "references": sorted(row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({name})")),
        "indexes": sorted(
            (unique, origin, partial, tuple(connection.execute(f"PRAGMA index_info({index})").fetchall()))
            for _, index, unique, origin, partial in indexes
        ),
        "names": sorted(index for _, index, _, origin, _ in indexes if origin == "c"),
        "without_rowid": "WITHOUT ROWID" in sql,
        "autoincrement": "AUTOINCREMENT" in sql,
    }


def test_o05_the_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    migrated, described = tmp_path / "migrated.sqlite", tmp_path / "described.sqlite"
    prepare_database(migrated)
    engine = create_engine(f"sqlite:///{described}")
    assert outbox.metadata is pull_files.metadata, "the one of all tables"
    outbox.metadata.create_all(engine)
    engine.dispose()
    assert shape(migrated) == shape(described)


def test_a05_o05_a_migrated_database_has_the_triggers_of_fingerprints_and_audit(tmp_path: Path) -> None:
    prepare_database(tmp_path / "new.sqlite")
    with closing(sqlite3.connect(tmp_path / "new.sqlite")) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
        ).fetchall()
    assert found == [("audit_is_not_changed",), ("audit_is_not_removed",), ("users_touched",)]
