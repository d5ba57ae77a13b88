"""Makes the small database of the newest schema anew: `make schema`, before that schema is released, never after.

What the product says of it is kept beside it, for the comparison after an upgrade.
"""

import gzip
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from core.migrations import HEAD
from tests.acceptance.daemon import Daemon
from tests.schemas.life import live
from tests.schemas.sayings import sayings

FOLDER = Path(__file__).resolve().parents[1] / "data" / "schemas"
# What has rows only while something is under way, or after what no short life holds.
MAY_BE_EMPTY = frozenset(
    {
        "fingerprint_voids",
        "login_guards",
        "alarms",
        "pull_files",
        "ban_lifts",
        "news",
        "daily_exports",
    }
)


def make() -> None:
    """Let the product live in a temporary folder, and keep its database."""
    with tempfile.TemporaryDirectory(prefix="rosterdrop-schema-") as name:
        folder = Path(name)
        daemon = Daemon(folder=folder / "daemon", keys=folder / "keys").start()
        try:
            live(daemon, folder)
        finally:
            assert daemon.stop() == 0
        said = sayings(daemon)
        small = folder / "small.sqlite"
        with closing(sqlite3.connect(daemon.data / "rosterdrop.sqlite")) as connection:
            connection.execute("VACUUM INTO ?", (str(small),))
        empty = set(empty_tables(small))
        assert empty <= MAY_BE_EMPTY, f"nothing fills {sorted(empty - MAY_BE_EMPTY)}"
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{HEAD}.sqlite.gz").write_bytes(gzip.compress(small.read_bytes(), mtime=0))
        text = json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True)
        (FOLDER / f"{HEAD}.json").write_text(f"{text}\n", "utf-8")


def empty_tables(path: Path) -> list[str]:
    """The tables without a row."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return [
            name
            for (name,) in names
            if connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is None
        ]


if __name__ == "__main__":
    make()
