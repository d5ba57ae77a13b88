"""What the daemon and its workers must not load: each megabyte of it would be resident in every process."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# SQLAlchemy's ORM, other databases' dialects, what formats a terminal, what only upgrades and some commands need.
NEVER = frozenset(
    {
        "alembic",
        "rich",
        "pygments",
        "sqlalchemy.orm",
        "sqlalchemy.ext.asyncio.session",
        "sqlalchemy.dialects.postgresql",
        "sqlalchemy.dialects.mysql",
        "xlsxwriter",
        "tkinter",
        "unittest",
    }
)
SERVES_NOBODY = frozenset(
    {"asyncssh", "cryptography", "aiosmtplib", "watchfiles", "argon2", "typer", "click"}
)


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("program", "barred"),
    [
        ("import commands.main; import commands.serve", NEVER | {"numpy"}),
        ("import processor.worker", NEVER | SERVES_NOBODY),
    ],
    ids=["daemon", "worker"],
)
def test_no_process_loads_what_it_never_uses(program: str, barred: frozenset[str]) -> None:
    assert sorted(loaded_by(program) & barred) == []


def test_what_was_left_out_can_be_loaded_later_by_whoever_needs_it() -> None:
    loaded = loaded_by("import core.lean_imports, rich.console, sqlalchemy.orm, core.database, structlog")
    assert {"rich.console", "sqlalchemy.orm", "core.database"} <= loaded
