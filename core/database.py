"""The SQLite database: one writing and some reading connections, one turn for every commit and checkpoint."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from core.errors import BusyError, DamagedError, ServiceError
from core.inline_connection import InlineConnection
from core.locks import TurnLock

Connection = AsyncConnection  # for those who hand one through and speak no SQL
# What a full or failing disk and a database that is busy for long raise: it may pass.
TROUBLES: tuple[type[Exception], ...] = (
    OperationalError,
    PoolTimeoutError,
    sqlite3.OperationalError,
    OSError,
)
BROKEN = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})  # after these nothing may be retried
BROKEN_TEXT = (
    "The database could not be written to stable storage: the disk fails. Look at it before you start again; what "
    "was accepted is in the queues."
)

READERS = 4
CACHE_KIB = 16_000  # of the writing connection; those that read get a quarter
BUSY_TIMEOUT_MS = 30_000

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # NORMAL lost acknowledged commits in 8 of 8 power cuts
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 0",  # checkpoints are ours, under the turn: SQLite before 3.51.3 corrupts otherwise
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA temp_store = MEMORY",
)


class DatabaseDamagedError(DamagedError):
    """The file is not a sound database."""

    code = "database_damaged"


class DatabaseBrokenError(ServiceError):
    """A commit could not be made durable: the process must stop, nothing may be retried."""

    code = "database_broken"


class DatabaseBusyError(BusyError):
    """The database did not answer: somebody holds it, or the disk is full."""

    code = "database_busy"


class Database:
    """An open database; `open_database` makes it."""

    def __init__(
        self,
        *,
        path: Path,
        inline: bool = False,
        fatal: Callable[[DatabaseBrokenError], None] | None = None,
    ) -> None:
        self.path = path
        self._fatal = fatal
        self._is_broken = False
        self._turn = TurnLock(path.with_name("commit.lock"))
        self._reader = _engine(path, size=READERS, begin="BEGIN", inline=inline)
        self._writer = _engine(path, size=1, begin="BEGIN IMMEDIATE", inline=inline)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view; it never waits for a writer."""
        async with self._reader.begin() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed when the block ends, rolled back when it raises.

        Nothing that reads a file or the network belongs inside: every writer of all processes waits meanwhile.
        """
        async with self._unbroken(), self._turn.held(), self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _unbroken(self) -> AsyncIterator[None]:
        """Let nobody write after a sync has failed, whatever he makes of the error, and tell `fatal` once."""
        if self._is_broken:
            raise DatabaseBrokenError(BROKEN_TEXT)
        try:
            yield
        except (OperationalError, sqlite3.OperationalError) as exc:
            if getattr(getattr(exc, "orig", exc), "sqlite_errorname", "") not in BROKEN:
                raise
            error = DatabaseBrokenError(BROKEN_TEXT)
            if self._fatal is not None and not self._is_broken:
                self._fatal(error)
            self._is_broken = True
            raise error from exc

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the database, under the same turn as commits.

        It waits for no reader: with a busy timeout, one open reader held the turn for all of it.
        """
        async with self._unbroken(), self._turn.held(), self._writer.connect() as connection:
            raw = await driver_connection(connection)
            await raw.execute("PRAGMA busy_timeout = 0")
            try:
                await raw.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                await raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    async def close(self) -> None:
        """Give all connections back."""
        await self._reader.dispose()
        await self._writer.dispose()
        self._turn.close()


async def driver_connection(connection: AsyncConnection) -> aiosqlite.Connection:
    """Return aiosqlite's own connection, for bulk work: `executemany` costs 2.2 microseconds a row there, 7.7 above."""
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, aiosqlite.Connection)
    return driver


@asynccontextmanager
async def open_database(
    path: Path, *, inline: bool = False, fatal: Callable[[DatabaseBrokenError], None] | None = None
) -> AsyncIterator[Database]:
    """Open an existing database whose schema is current (`core.migrate` sees to that).

    `inline` is for a process whose loop serves nobody else: no call goes through a thread.
    `fatal` hears of the first failed sync, after which this database takes nothing any more.

    Raises:
        DatabaseDamagedError: the file is not a sound database; nothing was changed (rule O6).
    """
    database = Database(path=path, inline=inline, fatal=fatal)
    try:
        try:
            async with database.reading() as connection:
                await connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        except OperationalError as exc:
            raise busy(path) from exc
        except DatabaseError as exc:
            raise damaged(path) from exc
        yield database
    finally:
        # A cancelled task must not leave connections behind: their threads would keep the process alive.
        await asyncio.shield(database.close())


def busy(path: Path) -> DatabaseBusyError:
    """Say what to do about a database that does not answer."""
    return DatabaseBusyError(
        f"The database {path.name} does not answer: the disk is full, or another program holds it. Try again later."
    )


def is_busy(exc: sqlite3.OperationalError) -> bool:
    """Whether a database may answer later; what SQLite calls an error of the statement is a table that is missing."""
    return getattr(exc, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def damaged(path: Path) -> DatabaseDamagedError:
    """Say what to do about a database file that cannot be read."""
    return DatabaseDamagedError(
        f"The database {path.name} is damaged or not a database: nothing was changed and accepted files are kept. "
        "Restore a backup (`rosterdrop restore`) or move the file away."
    )


def _engine(path: Path, *, size: int, begin: str, inline: bool) -> AsyncEngine:
    async def connect_inline() -> aiosqlite.Connection:
        return await InlineConnection(lambda: sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000))

    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,  # errors would quote addresses and values (O3)
        pool_timeout=60,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        **({"async_creator": connect_inline} if inline else {}),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def connected(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi_connection.cursor()
        cache_kib = CACHE_KIB if size == 1 else CACHE_KIB // 4
        for pragma in (*PRAGMAS, f"PRAGMA cache_size = -{cache_kib}"):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "handle_error")
    def failed(context: Any) -> None:
        # A log that could not be opened for writing is opened for reading, and stays so: only a new connection heals.
        name = str(getattr(context.original_exception, "sqlite_errorname", ""))
        if name.startswith("SQLITE_READONLY"):
            context.is_disconnect = True

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
