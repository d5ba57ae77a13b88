"""`rosterdrop support key`: public keys that a support account may log in with (rule A6)."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.org_key import chosen_key, print_keys, read_key
from commands.output import JsonOption, say
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from core.accounts_store import LoginKey
    from server.public_keys import PublicKey

app = typer.Typer(no_args_is_help=True, help="Public keys of a support account: add, show and remove them.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose account it is.", show_default=False)]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The public key, OpenSSH or RFC 4716; - reads it from standard input."
        ),
    ],
) -> None:
    """Let a support account log in with a public key, too.

    Example: `rosterdrop support key add Ann_Smith ann.pub`
    """
    key = read_key(file)
    run(_added(open_session(ctx), name, key))
    say(f"Added {key.fingerprint} ({key.algorithm} {key.comment})".rstrip(" )") + ").")


@app.command("list")
def list_all(ctx: typer.Context, name: Name, as_json: JsonOption = False) -> None:
    """Show the public keys of a support account, the oldest first.

    Example: `rosterdrop support key list Ann_Smith`
    """
    print_keys(run(_listed(open_session(ctx), name)), as_json=as_json)


@app.command("remove")
def remove(
    ctx: typer.Context,
    name: Name,
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="As `support key list` shows it, or its beginning.")
    ],
) -> None:
    """Let a public key log in no more; open sessions of the account end.

    Example: `rosterdrop support key remove Ann_Smith SHA256:Xh2VpA`
    """
    gone = run(_removed(open_session(ctx), name, fingerprint))
    say(f"Removed {gone.fingerprint} {gone.comment}".rstrip() + ".")


async def _added(session: Session, name: str, key: "PublicKey") -> None:
    from commands.auditing import note
    from core.accounts_store import add_key, support_by_name
    from core.audit import Event

    async with session.writing() as connection:
        account = await support_by_name(connection, name)
        await add_key(
            connection,
            key=key.text,
            fingerprint=key.fingerprint,
            comment=key.comment,
            now=session.clock.now(),
            support_no=account.no,
        )
        detail = f"{account.username} {key.fingerprint}"
        await note(session, connection, Event.KEY_ADDED, detail=detail)


async def _listed(session: Session, name: str) -> "list[LoginKey]":
    from core.accounts_store import keys_of, support_by_name

    async with session.reading() as connection:
        account = await support_by_name(connection, name)
        return await keys_of(connection, support_no=account.no)


async def _removed(session: Session, name: str, fingerprint: str) -> "LoginKey":
    from commands.auditing import note
    from core.accounts_store import keys_of, remove_key, support_by_name
    from core.audit import Event

    async with session.writing() as connection:
        account = await support_by_name(connection, name)
        keys = await keys_of(connection, support_no=account.no)
        key = chosen_key(keys, fingerprint, command=f"support key list {shlex.quote(name)}")
        await remove_key(connection, key.id)
        detail = f"{account.username} {key.fingerprint}"
        await note(session, connection, Event.KEY_REMOVED, detail=detail)
    return key
