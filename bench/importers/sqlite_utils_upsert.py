"""sqlite-utils: `upsert_all` of the csv module's rows, by address, in one transaction."""

import csv
from pathlib import Path

import sqlite_utils

from bench.importers.timing import ADDRESS, run

BATCH = 5_000  # rows; sqlite-utils cuts it to what SQLite takes in one statement


def prepare(database: Path) -> None:
    sqlite_utils.Database(database)


def upsert(database: Path, file: Path) -> None:
    with file.open(encoding="utf-8", newline="") as lines:
        people = sqlite_utils.Database(database)["people"]
        people.upsert_all(csv.DictReader(lines), pk=ADDRESS, batch_size=BATCH)


run(prepare, upsert)
