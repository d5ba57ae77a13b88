"""Rule O5: whatever 0001 was while it was still being written, an upgrade makes what it is now, and loses nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.migrate import SchemaError, prepare_database
from core.migrations import FIRST_SCHEMA
from core.migrations.mending import wanted_objects
from core.migrations.runner import upgrade
from tests.integration.core.test_migrations import OURS
from tests.integration.core.test_upgrades import rows, statements, unpacked

OLDEST, LAST = "0001-01", "0001-16"  # of those that 0001 was before it was frozen


def run(path: Path, *commands: str) -> list[tuple[Any, ...]]:
    """Change a database by hand; return what all commands give."""
    with closing(sqlite3.connect(path)) as connection:
        found = [row for command in commands for row in connection.execute(command).fetchall()]
        connection.commit()
        return found


def test_o05_the_file_of_the_first_schema_is_what_the_first_step_makes(tmp_path: Path) -> None:
    upgrade(tmp_path / "first.sqlite", "0001")
    assert statements(tmp_path / "first.sqlite") == wanted_objects(FIRST_SCHEMA)


def test_o05_rows_of_before_get_the_values_that_they_lack(tmp_path: Path) -> None:
    path = unpacked(OLDEST, tmp_path / "old.sqlite")
    assert "leaver" not in rows(path)["users"][0]
    prepare_database(path)
    assert {row["leaver"] for row in rows(path)["users"]} == {0}
    assert {row["times"] for row in rows(path)["problems"]} == {1}


def test_o05_a_table_that_is_made_anew_gives_no_number_twice(tmp_path: Path) -> None:
    path = unpacked(OLDEST, tmp_path / "old.sqlite")
    run(path, "UPDATE sqlite_sequence SET seq = 70 WHERE name = 'imports'")
    prepare_database(path)
    org_no, uid = rows(path)["imports"][0]["org_no"], "f" * 32
    run(
        path,
        "INSERT INTO imports (org_no, uid, seq, name, size_bytes, accepted_at, counts, attempts) "
        f"VALUES ({org_no}, '{uid}', 999, 'a.csv', 1, '2026-11-24T09:05:01.000+00:00', '{{}}', 0)",
    )
    assert run(path, "SELECT number FROM imports WHERE seq = 999") == [(71,)]


def test_o05_fingerprints_of_a_mended_schema_are_made_anew_and_those_of_the_first_one_stay(
    tmp_path: Path,
) -> None:
    mended, first = unpacked(LAST, tmp_path / "mended.sqlite"), unpacked("0001", tmp_path / "first.sqlite")
    prepare_database(mended)
    prepare_database(first)
    assert rows(mended)["fingerprints"] == []
    assert rows(first)["fingerprints"] != []


def test_o05_a_column_that_nobody_knows_stops_the_upgrade_and_stays(tmp_path: Path) -> None:
    path = unpacked(LAST, tmp_path / "old.sqlite")
    run(path, "ALTER TABLE imports ADD COLUMN cost INTEGER")
    before, was = rows(path), statements(path)
    with pytest.raises(SchemaError, match=r"imports: cost.*nothing was changed"):
        prepare_database(path)
    assert (rows(path), statements(path)) == (before, was)


def test_o05_tables_and_indexes_of_others_stay(tmp_path: Path) -> None:
    path = unpacked(LAST, tmp_path / "old.sqlite")
    run(
        path,
        "CREATE TABLE theirs (what TEXT)",
        "INSERT INTO theirs VALUES ('it')",
        "CREATE INDEX own ON users (name)",
    )
    prepare_database(path)
    assert run(path, "SELECT what FROM theirs") == [("it",)]
    assert ("index", "own") in statements(path)


def test_o05_a_mend_goes_by_what_is_there_and_not_by_what_should_have_been(tmp_path: Path) -> None:
    path = unpacked("0001", tmp_path / "old.sqlite")
    run(path, "DROP INDEX ix_users_admins", "DROP TRIGGER users_touched", "DROP TABLE alarms")
    prepare_database(path)
    fresh = tmp_path / "fresh.sqlite"
    prepare_database(fresh)
    assert statements(path) == statements(fresh)
    assert run(path, f"SELECT count(*) FROM sqlite_master WHERE {OURS} AND name LIKE '%_mended'") == [(0,)]
