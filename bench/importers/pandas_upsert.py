"""pandas: `read_csv`, then one INSERT ... ON CONFLICT for all rows; nothing is validated."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas

from bench.importers.timing import ADDRESS, run


def prepare(database: Path) -> None:
    pass


def upsert(database: Path, file: Path) -> None:
    people = pandas.read_csv(file, dtype=str, keep_default_na=False)
    names = [f'"{name}"' for name in people.columns]
    columns, places = ", ".join(names), ", ".join("?" * len(names))
    kept = ", ".join(f"{name} = excluded.{name}" for name in names if name != f'"{ADDRESS}"')
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f'CREATE TABLE IF NOT EXISTS people ({columns}, PRIMARY KEY ("{ADDRESS}"))')
        connection.executemany(
            f'INSERT INTO people ({columns}) VALUES ({places}) ON CONFLICT ("{ADDRESS}") DO UPDATE SET {kept}',
            people.itertuples(index=False, name=None),
        )


run(prepare, upsert)
