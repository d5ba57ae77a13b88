"""`rosterdrop org key`: public keys that an organization may log in with (rule A1)."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import JsonOption, print_json, print_table, say, warn
from commands.session import Session, open_session, run
from core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from core.accounts_store import LoginKey
    from server.public_keys import PublicKey

STANDARD_INPUT = Path("-")

app = typer.Typer(no_args_is_help=True, help="Public keys of an organization: add, show and remove them.")

Id = Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)]


@app.command("add")
def add(
    ctx: typer.Context,
    org: Id,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The public key, OpenSSH or RFC 4716; - reads it from standard input."
        ),
    ],
) -> None:
    """Let an organization log in with a public key; several are for rotation: the new one first, then the old one goes.

    Example: `rosterdrop org key add 007 mavericks.pub`
    """
    key = read_key(file)
    login = run(_added(open_session(ctx), org, key))
    say(f"Added {key.fingerprint} ({key.algorithm} {key.comment})".rstrip(" )") + ").")
    if login == "password":
        warn(f"it logs in by password still: `rosterdrop org set {org} login=either` (or key, or both).")


@app.command("list")
def list_all(ctx: typer.Context, org: Id, as_json: JsonOption = False) -> None:
    """Show the public keys of an organization, the oldest first.

    Example: `rosterdrop org key list 007`
    """
    print_keys(run(_listed(open_session(ctx), org)), as_json=as_json)


@app.command("remove")
def remove(
    ctx: typer.Context,
    org: Id,
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="As `org key list` shows it, or its beginning.")
    ],
) -> None:
    """Let a public key log in no more; sessions that are open stay.

    Example: `rosterdrop org key remove 007 SHA256:Xh2VpA`
    """
    gone = run(_removed(open_session(ctx), org, fingerprint))
    say(f"Removed {gone.fingerprint} {gone.comment}".rstrip() + ".")


def read_key(file: Path) -> "PublicKey":
    """Read a public key.

    Raises:
        UsageError: there is none that is taken.
    """
    from server.public_keys import parse_public_key

    if file == STANDARD_INPUT:
        return parse_public_key(sys.stdin.buffer.read())
    try:
        return parse_public_key(file.read_bytes())
    except OSError as exc:
        raise UsageError(f"{file}: {exc.strerror}.") from exc


def print_keys(keys: "list[LoginKey]", *, as_json: bool) -> None:
    """Print keys by fingerprint."""
    told: list[dict[str, Any]] = [
        {
            "fingerprint": key.fingerprint,
            "type": key.key.partition(" ")[0],
            "comment": key.comment,
            "added_at": key.added_at,
        }
        for key in keys
    ]
    if as_json:
        print_json(told)
        return
    print_table(
        ("Fingerprint", "Type", "Comment", "Added"),
        (tuple(key.values()) for key in told),
        nothing="There are no keys.",
    )


def chosen_key(keys: "list[LoginKey]", fingerprint: str, *, command: str) -> "LoginKey":
    """Return the one key whose fingerprint begins so; `command` is what shows them.

    Raises:
        NotFoundError: none does.
        UsageError: several do.
    """
    wanted = fingerprint if fingerprint.startswith("SHA256:") else f"SHA256:{fingerprint}"
    if wanted == "SHA256:":  # what an unset variable leaves names no key
        raise UsageError(f"Name a fingerprint: `rosterdrop {command}` shows them.")
    found = [key for key in keys if key.fingerprint.startswith(wanted)]
    if not found:
        raise NotFoundError(f"There is no key {fingerprint}: `rosterdrop {command}` shows them.")
    if len(found) > 1:
        raise UsageError(f"{fingerprint} is the beginning of {len(found)} keys: give more of it.")
    return found[0]


async def _added(session: Session, org_id: str, key: "PublicKey") -> str:
    from commands.auditing import note
    from core.accounts_store import add_key
    from core.audit import Event
    from core.organizations_store import organization_by_id

    async with session.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        await add_key(
            connection,
            key=key.text,
            fingerprint=key.fingerprint,
            comment=key.comment,
            now=session.clock.now(),
            org_no=organization.no,
        )
        await note(session, connection, Event.KEY_ADDED, org_id=org_id, detail=key.fingerprint)
    return organization.settings.login


async def _listed(session: Session, org_id: str) -> "list[LoginKey]":
    from core.accounts_store import keys_of
    from core.organizations_store import organization_by_id

    async with session.reading() as connection:
        organization = await organization_by_id(connection, org_id)
        return await keys_of(connection, org_no=organization.no)


async def _removed(session: Session, org_id: str, fingerprint: str) -> "LoginKey":
    from commands.auditing import note
    from core.accounts_store import keys_of, remove_key
    from core.audit import Event
    from core.organizations_store import organization_by_id

    async with session.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        key = chosen_key(
            await keys_of(connection, org_no=organization.no), fingerprint, command=f"org key list {org_id}"
        )
        await remove_key(connection, key.id)
        await note(session, connection, Event.KEY_REMOVED, org_id=org_id, detail=key.fingerprint)
    return key
