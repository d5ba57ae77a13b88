"""Brings tables to a wanted schema by comparing what is there with it, whatever they looked like before (rule O5)."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

OBJECTS = (
    "SELECT type, name, sql FROM sqlite_master "
    "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
)


class UnknownColumnsError(Exception):
    """A table has columns that no schema of ours ever had; a mend would lose them."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the schemas of before need to know: nothing else than this is made up or dropped.

    `values`: what rows of before get in a column that they lack and that must not be null, as SQL.
    `gone`: columns that go, with what they hold.
    `caches`: tables that are emptied, because what they hold may be of another form.
    """

    values: Mapping[tuple[str, str], str]
    gone: frozenset[tuple[str, str]]
    caches: tuple[str, ...]


def mend(connection: Connection, wanted: Path, past: Past) -> bool:
    """Give each table, index and trigger that the file `wanted` makes just that form; return whether one differed.

    Rows stay. Foreign keys are off and a transaction is open (`runner`). Tables that the file lacks are left alone.

    Raises:
        UnknownColumnsError: a column would be lost that is not among those that go.
    """
    aims = wanted_objects(wanted)
    there = objects(connection)
    if all(there.get(key) == statement for key, statement in aims.items()):
        return False
    _clear_the_way(connection, aims, past)
    for (kind, name), statement in aims.items():
        if (kind, name) not in there and kind == "table":
            connection.exec_driver_sql(statement)
        elif kind == "table" and there[kind, name] != statement:
            _rebuild(connection, name, statement, past)
    for (kind, _), statement in aims.items():
        if kind != "table":
            connection.exec_driver_sql(statement)
    return True


def _clear_the_way(connection: Connection, aims: Mapping[tuple[str, str], str], past: Past) -> None:
    """Drop triggers first (they would fire, and break a renaming), and indexes that are made anew; empty caches."""
    for kind, name in sorted(objects(connection), key=lambda key: key[0] != "trigger"):
        if kind == "trigger" or (kind == "index" and (kind, name) in aims):
            connection.exec_driver_sql(f'DROP {kind} "{name}"')
        elif name in past.caches:
            connection.exec_driver_sql(f'DELETE FROM "{name}"')  # noqa: S608  # a constant's name


def wanted_objects(path: Path) -> dict[tuple[str, str], str]:
    """Return what a file of SQL statements makes: kind and name, and its statement as it is compared."""
    with closing(sqlite3.connect(":memory:")) as scratch:
        scratch.executescript(path.read_text("utf-8"))
        return dict(_compared(scratch.execute(OBJECTS).fetchall()))


def objects(connection: Connection) -> dict[tuple[str, str], str]:
    """Return what is there, in the same form."""
    return dict(_compared(tuple(row) for row in connection.exec_driver_sql(OBJECTS)))


def _compared(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[tuple[str, str], str]]:
    """Take off what says nothing: white space, and the quotes that a renamed table gets around its name."""
    for kind, name, statement in rows:
        plain = re.sub(r"\s+", " ", statement).replace("( ", "(").replace(" )", ")").strip()
        yield (kind, name), plain.replace(f'CREATE TABLE "{name}"', f"CREATE TABLE {name}", 1)


def _rebuild(connection: Connection, name: str, statement: str, past: Past) -> None:
    """Make the table anew beside itself, copy its rows and take its place; numbers go on where they were."""
    new = f"{name}_mended"
    connection.exec_driver_sql(statement.replace(f"CREATE TABLE {name} ", f"CREATE TABLE {new} ", 1))
    old_columns, new_columns = set(_columns(connection, name)), _columns(connection, new)
    sources = {column: value for (table, column), value in past.values.items() if table == name}
    sources |= {column: f'"{column}"' for column in new_columns if column in old_columns}
    if lost := {column for column in old_columns - sources.keys() if (name, column) not in past.gone}:
        raise UnknownColumnsError(f"{name}: {', '.join(sorted(lost))}")
    into, values = ", ".join(f'"{column}"' for column in sources), ", ".join(sources.values())
    number = _last_number(connection, name)
    connection.exec_driver_sql(f'INSERT INTO {new} ({into}) SELECT {values} FROM "{name}"')  # noqa: S608  # our names
    connection.exec_driver_sql(f'DROP TABLE "{name}"')
    connection.exec_driver_sql(f'ALTER TABLE {new} RENAME TO "{name}"')
    if number is not None:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, number))


def _last_number(connection: Connection, table: str) -> int | None:
    """The highest number that a table ever gave away, where it never gives one twice."""
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).first()
    return None if row is None else int(row[0])


def _columns(connection: Connection, table: str) -> list[str]:
    return [row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")')]
