"""`rosterdrop support`: accounts that look at all organizations' files by SFTP, read-only (rule A6)."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import support_key
from commands.output import JsonOption, print_json, print_pairs, print_table, say, warn
from commands.session import Session, open_session, run
from core.errors import UsageError

if TYPE_CHECKING:
    from core.accounts import SupportAccount
    from server.public_keys import PublicKey

app = typer.Typer(no_args_is_help=True, help="Support accounts: they look at all organizations' files.")
app.add_typer(support_key.app, name="key")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose account it is.", show_default=False)]


PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command("add")
def add(
    ctx: typer.Context,
    name: Name,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", help="A public key that may log in, too; may be repeated."),
    ] = None,
    password_stdin: PasswordStdin = False,
    as_json: JsonOption = False,
) -> None:
    """Make a support account and print its user name and password. The password is shown once.

    Example: `rosterdrop support add "Ann Smith" --key ann.pub`
    """
    from commands.access import password_from
    from commands.org_key import read_key

    keys = [read_key(file) for file in key or []]
    password = password_from(stdin=password_stdin)
    session = open_session(ctx)
    account = run(_added(session, name, password, keys))
    if as_json:
        print_json({"name": account.name, "username": account.username, "password": password})
        return
    _print_access(session, account, password)


def _print_access(session: Session, account: "SupportAccount", password: str) -> None:
    from commands.access import public_address

    host, port = public_address(session)
    print_pairs(
        [
            ("Name", account.name),
            ("Host", host),
            ("Port", port),
            ("Username", account.username),
            ("Password", password),
        ]
    )
    warn("the password is shown this once; `rosterdrop support password` makes another.")


@app.command("list")
def list_all(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show all support accounts.

    Example: `rosterdrop support list --json`
    """
    found = run(_listed(open_session(ctx)))
    if as_json:
        print_json(
            [
                {"name": one.name, "username": one.username, "created_at": one.created_at, "keys": keys}
                for one, keys in found
            ]
        )
        return
    print_table(
        ("Name", "Username", "Made", "Keys"),
        ((one.name, one.username, one.created_at, keys) for one, keys in found),
        nothing="There are no support accounts: `rosterdrop support add NAME` makes one.",
    )


@app.command("password")
def password(
    ctx: typer.Context, name: Name, password_stdin: PasswordStdin = False, as_json: JsonOption = False
) -> None:
    """Give a support account a new password; the old one counts no more, and open sessions end. It is shown once.

    Example: `rosterdrop support password Ann_Smith`
    """
    from commands.access import password_from

    session = open_session(ctx)
    run(_one(session, name))
    new = password_from(stdin=password_stdin)
    account = run(_changed(session, name, new))
    if as_json:
        print_json({"name": account.name, "username": account.username, "password": new})
        return
    _print_access(session, account, new)


@app.command("remove")
def remove(ctx: typer.Context, name: Name) -> None:
    """Remove a support account, named by its name or user name; open sessions of it end.

    Example: `rosterdrop support remove Ann_Smith`
    """
    account = run(_removed(open_session(ctx), name))
    say(f"{account.name} ({account.username}) can log in no more.")


def username_for(name: str) -> str:
    """Return the user name of a support account: letters, digits, `_` and `-`, at most 64.

    Raises:
        UsageError: the name is blank or cannot be printed.
    """
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise UsageError("The support account needs a name of printable characters.")
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]


async def _added(session: Session, name: str, password: str, keys: "list[PublicKey]") -> "SupportAccount":
    from commands.auditing import note
    from core.accounts_store import add_key, add_support
    from core.audit import Event
    from core.passwords import hash_password

    username, hashed, now = username_for(name), hash_password(password), session.clock.now()
    async with session.database() as database, database.writing() as connection:
        account = await add_support(
            connection, name=" ".join(name.split()), username=username, password_hash=hashed, now=now
        )
        await note(session, connection, Event.SUPPORT_ADDED, detail=account.username)
        for key in keys:
            await add_key(
                connection,
                key=key.text,
                fingerprint=key.fingerprint,
                comment=key.comment,
                now=now,
                support_no=account.no,
            )
            detail = f"{account.username} {key.fingerprint}"
            await note(session, connection, Event.KEY_ADDED, detail=detail)
    return account


async def _one(session: Session, name: str) -> "SupportAccount":
    from core.accounts_store import support_by_name

    async with session.reading() as connection:
        return await support_by_name(connection, name)


async def _changed(session: Session, name: str, new: str) -> "SupportAccount":
    from commands.auditing import note
    from core.accounts_store import replace_support_password, support_by_name
    from core.audit import Event
    from core.passwords import hash_password

    hashed = hash_password(new)
    async with session.writing() as connection:
        account = await support_by_name(connection, name)
        await replace_support_password(connection, account.no, password_hash=hashed)
        await note(session, connection, Event.PASSWORD_CHANGED, detail=account.username)
    return account


async def _listed(session: Session) -> "list[tuple[SupportAccount, list[str]]]":
    from core.accounts_store import all_support, keys_of

    async with session.reading() as connection:
        return [
            (one, [key.fingerprint for key in await keys_of(connection, support_no=one.no)])
            for one in await all_support(connection)
        ]


async def _removed(session: Session, name: str) -> "SupportAccount":
    from commands.auditing import note
    from core.accounts_store import remove_support, support_by_name
    from core.audit import Event

    async with session.writing() as connection:
        account = await support_by_name(connection, name)
        await remove_support(connection, account.no)
        await note(session, connection, Event.SUPPORT_REMOVED, detail=account.username)
    return account
