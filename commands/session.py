"""What every command starts with: settings, clock and database; and how errors become exit statuses (section K)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from commands.output import warn
from core.errors import ServiceError

if TYPE_CHECKING:
    from core.clock import Clock
    from core.database import Database
    from core.inbox import Inbox
    from core.settings import Settings

T = TypeVar("T")

NO = 1  # the answer is no
WRONG = 2  # usage or settings, or a data folder that nothing can be done with
WRONG_CODES = frozenset(
    {
        "usage",
        "damaged",
        "database_damaged",
        "host_key_damaged",
        "data_folder_busy",
        "schema",
        "restore_unfinished",
        "backup_damaged",
    }
)
FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of one command."""

    settings: "Settings"
    clock: "Clock"

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return self.settings.data_dir

    def inbox(self) -> "Inbox":
        """Return the door that files come in by."""
        from core.inbox import Inbox

        return Inbox(data_dir=self.data_dir, clock=self.clock)

    @asynccontextmanager
    async def database(self) -> AsyncIterator["Database"]:
        """Open the database; a data folder that is not there yet is made."""
        self.data_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        async with self._opened(self.settings.database_path) as database:
            yield database

    @asynccontextmanager
    async def existing_database(self) -> AsyncIterator["Database"]:
        """Open the database for looking only: where there is none, say so and show an empty one; nothing is made."""
        if self.settings.database_path.exists():
            async with self._opened(self.settings.database_path) as database:
                yield database
            return
        warn(
            f"There is no database in {self.data_dir} yet. `rosterdrop serve` or `rosterdrop org add` makes it; "
            "if it should be there, set ROSTERDROP_DATA_DIR or --config."
        )
        with tempfile.TemporaryDirectory(prefix="rosterdrop-") as folder:
            async with self._opened(Path(folder) / self.settings.database_path.name) as database:
                yield database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        """Open one consistent view of what is there: a connection for the stores."""
        async with self.existing_database() as database, database.reading() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        """Open one transaction on what is there: a connection for the stores."""
        async with self.existing_database() as database, database.writing() as connection:
            yield connection

    @asynccontextmanager
    async def _opened(self, path: Path) -> AsyncIterator["Database"]:
        from core.database import open_database
        from core.migrate import prepare_database

        was_older = await asyncio.to_thread(prepare_database, path)
        async with open_database(path) as database:
            if was_older:
                await self._note_secrets_key(database)
            yield database

    async def _note_secrets_key(self, database: "Database") -> None:
        """Note the key that was right until now before anything can be made with another one (R3)."""
        from core.secrets_key import SecretsKeyError
        from core.secrets_key_store import note_secrets_key

        with suppress(SecretsKeyError):  # what needs it says so
            await note_secrets_key(database, self.settings.keys_dir, now=self.clock.now())

    def now(self) -> str:
        """Return the time as it is stored."""
        from core.clock import to_text

        return to_text(self.clock.now())

    def nudge(self, org_id: str) -> None:
        """Tell a running daemon that something of the organization changed."""
        from core.nudges import nudge

        nudge(self.data_dir, org_id)


def open_session(ctx: typer.Context) -> Session:
    """Read the settings that `--config` and the environment give.

    Raises:
        UsageError: a setting is wrong.
    """
    from core.clock import SystemClock
    from core.settings import load_settings

    settings = load_settings(ctx.obj)
    return Session(settings=settings, clock=SystemClock(offset_s=settings.test_now_offset_s))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work in a loop of its own; Ctrl-C cancels it in good order."""
    return asyncio.run(work)


def exit_status(error: ServiceError) -> int:
    """Section K: 2 for wrong usage or settings (and, rule O6, for a data folder that cannot be worked on), else 1."""
    return WRONG if error.code in WRONG_CODES else NO
