"""`rosterdrop backup` and `restore`: a consistent copy of everything while the daemon runs, and back (rule O5)."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, say, warn
from commands.progress import progress_bar
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from processor.backup.backing_up import BackupMade
    from processor.backup.manifest import Manifest
    from processor.backup.restoring import Restored

PREFIX = "rosterdrop-"  # of backups that are named by their time
LEFT_AFTER_S = 2 * 86_400.0  # no backup takes two days


def backup(
    ctx: typer.Context,
    target: Annotated[
        Path,
        typer.Argument(
            metavar="TARGET",
            help="A folder to make it in, a new folder, or a new file that ends with .tar.",
            show_default=False,
        ),
    ],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Host keys and secrets key, too: keep it as safe as those.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy database, queues, filed files and exports while the daemon works on; nobody waits for it.

    In a folder that is there it makes `rosterdrop-<time>`. What is being uploaded is not in it.

    Example: `rosterdrop backup /var/backups/rosterdrop`
    """
    from processor.backup.backing_up import BackUp
    from processor.backup.bundles import remove_left

    session = open_session(ctx)
    if target.is_dir():
        remove_left(target, prefix=PREFIX, older_than_s=LEFT_AFTER_S)
        target /= f"{PREFIX}{session.clock.now():%Y%m%dT%H%M%SZ}"
    with progress_bar("Backing up") as progress:
        made = BackUp(
            data_dir=session.data_dir,
            database_path=session.settings.database_path,
            keys_dir=session.settings.keys_dir if with_keys else None,
            target=target,
            reserve_bytes=session.settings.min_free_disk_bytes,
            clock=session.clock,
            program=version("rosterdrop"),
            progress=progress,
        ).make()
    run(_noted(session, made.manifest))
    _print_made(session, made, as_json=as_json)


def restore(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `backup` made.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Bring a backup back into an empty data folder, when each of its checksums is right; say what to do next.

    Keys of the backup are put where no keys are; those that are there stay.

    Example: `rosterdrop restore /var/backups/rosterdrop/rosterdrop-20261124T020000Z`
    """
    from processor.backup.restoring import Restore

    session = open_session(ctx)
    with progress_bar("Restoring") as progress:
        done = Restore(
            backup=source,
            data_dir=session.data_dir,
            keys_dir=session.settings.keys_dir,
            clock=session.clock,
            progress=progress,
        ).make()
    _print_restored(session, done, as_json=as_json)


async def _noted(session: Session, manifest: "Manifest") -> None:
    from commands.auditing import note
    from core.audit import Event

    keys = ", with keys" if manifest.with_keys else ""
    async with session.writing() as connection:
        await note(session, connection, Event.BACKUP_MADE, detail=f"{manifest.files} files{keys}")


def _print_made(session: Session, made: "BackupMade", *, as_json: bool) -> None:
    for path in made.left_out[:10]:
        warn(f"{path} is left out, for its name has characters that no list can hold: rename it.")
    if made.manifest.with_keys:
        warn(
            "the backup holds the host keys and the secrets key: who has it can pose as this server. Keep it as safe."
        )
    if as_json:
        print_json({"path": str(made.path), **asdict(made.manifest), "left_out": list(made.left_out)})
        return
    manifest = made.manifest
    say(f"{made.path}: {manifest.files:,} files, {manifest.size_bytes:,} bytes, as of {manifest.made_at}.")
    if not manifest.with_keys:
        say(f"Keys are not in it: keep a copy of {session.settings.keys_dir} apart from it.")


def _print_restored(session: Session, done: "Restored", *, as_json: bool) -> None:
    manifest, keys_dir = done.manifest, session.settings.keys_dir
    if done.keys_kept:
        warn(f"{keys_dir} has {', '.join(done.keys_kept)} already: those stay, the backup's are not used.")
    if as_json:
        print_json({"data_dir": str(session.data_dir), **asdict(manifest), "keys_kept": list(done.keys_kept)})
        return
    say(f"{session.data_dir} is as it was at {manifest.made_at}. What to do next:")
    if not manifest.with_keys:
        say(f"- Put the keys folder back to {keys_dir}: without it clients warn that the host key changed,")
        say("  files wait where people were erased, and customers' servers cannot be logged in to.")
    say("- `rosterdrop doctor` compares what was restored.")
    say("- `rosterdrop serve` goes on: what was in the queues is imported, mails that waited are sent.")
    say("- Ask customers to send again what they uploaded since then; a file sent twice changes nothing.")
