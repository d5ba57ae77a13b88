"""Runs Alembic on one SQLite file: foreign keys off, one explicit transaction for all steps, then a check."""

from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool

HERE = Path(__file__).parent


class UnknownVersionError(Exception):
    """The database's revision is not among ours."""


class BrokenReferencesError(Exception):
    """After the upgrade rows would point nowhere; it was rolled back."""


def scripts(folder: Path = HERE) -> ScriptDirectory:
    """Return the revisions of a folder, by default ours."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    return ScriptDirectory.from_config(config)


def upgrade(path: Path, target: str = "head", *, folder: Path = HERE) -> None:
    """Bring the file to `target`, whole or not at all.

    Measured: a batch "move and copy" with foreign keys on deleted all child rows, and Alembic alone is not
    transactional on SQLite; hence the explicit BEGIN and the check before COMMIT.

    Raises:
        UnknownVersionError: the file's revision is not among ours.
        BrokenReferencesError: the result has dangling references.
    """
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def connected(dbapi_connection: object, _record: object) -> None:
        dbapi_connection.isolation_level = None  # type: ignore[attr-defined]  # the DBAPI's connection is untyped

    script = scripts(folder)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
        connection.exec_driver_sql(
            "PRAGMA wal_autocheckpoint = 0"
        )  # as in core/database.py; closing checkpoints
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        context = MigrationContext.configure(
            connection,
            opts={
                "fn": lambda rev, _context: script._upgrade_revs(target, rev),
                "transaction_per_migration": False,
            },
        )
        try:
            with Operations.context(context):
                context.run_migrations()
        except CommandError as exc:
            connection.exec_driver_sql("ROLLBACK")
            raise UnknownVersionError(str(exc)) from exc
        if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            connection.exec_driver_sql("ROLLBACK")
            raise BrokenReferencesError
        connection.exec_driver_sql("COMMIT")
    engine.dispose()
