"""`rosterdrop keys`: the host keys that clients know the server by, their fingerprints, their rotation (rule A3)."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commands.daemon import running_daemon
from commands.output import JsonOption, print_json, say, warn
from commands.session import Session, open_session, run
from core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from server.host_key_rotation import ShownKey

KIND = "ed25519|ecdsa|rsa"


def keys(
    ctx: typer.Context,
    new: Annotated[
        str | None,
        typer.Option(metavar=KIND, help="Make a new key beside the one in use; nothing changes yet."),
    ] = None,
    use: Annotated[
        str | None,
        typer.Option(
            metavar=KIND, help="Put the new key to use from the next start on; the old one is kept."
        ),
    ] = None,
    secrets_lost: Annotated[
        bool,
        typer.Option(
            "--secrets-lost",
            help="The secrets key is lost for good: make a new one. Erased people are forgotten with it, and "
            "passwords of customers' own servers have to be given again.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask (with --secrets-lost).")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the fingerprints of the host keys in both usual forms; make a new one and put it to use.

    To change a key: make the new one, tell customers its fingerprint, wait, put it to use, restart the daemon.

    Example: `rosterdrop keys --new ed25519`
    """
    from server.host_key_rotation import make_next, shown_keys, use_next

    if new and use:
        raise UsageError("--new and --use are two steps: customers need time between them.")
    if secrets_lost and (new or use):
        raise UsageError(
            "--secrets-lost is about the secrets key, --new and --use about host keys: one at a time."
        )
    session = open_session(ctx)
    if secrets_lost:
        from commands.lost_secrets import replace_secrets_key

        run(replace_secrets_key(session, yes=yes))
        return
    if new:
        made = make_next(session.settings.keys_dir, new)
        run(_noted(session, made, "host_key.added"))
    if use:
        used = use_next(session.settings.keys_dir, use, now=session.clock.now())
        run(_noted(session, used, "host_key.used"))
    found = shown_keys(session.settings.keys_dir)
    if not found:
        raise NotFoundError(
            f"There are no host keys in {session.settings.keys_dir}: the first start of `rosterdrop serve` makes them."
        )
    _print(found, as_json=as_json)
    if use and running_daemon(session.data_dir):
        warn("the running daemon shows the old key until it is started again.")


def _print(found: "list[ShownKey]", *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(key) for key in found])
        return
    for key in found:
        say(f"{key.kind} ({key.algorithm}), {key.state}: {key.file}")
        say(f"  {key.sha256}")
        say(f"  {key.md5}")


async def _noted(session: Session, key: "ShownKey", event: str) -> None:
    from commands.auditing import note
    from core.audit import Event

    async with session.database() as database, database.writing() as connection:
        await note(session, connection, Event(event), detail=f"{key.algorithm} {key.sha256}")
