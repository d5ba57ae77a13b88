"""`rosterdrop pull`: servers of customers that files are fetched from (rule S2): name, show and forget them."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import JsonOption, print_json, print_table, say, warn
from commands.pull_page import pull_pages, short, trouble_of
from commands.session import Session, open_session, run
from core.errors import UsageError

if TYPE_CHECKING:
    from processor.intake.pulls import Pull, PullServer
    from processor.intake.ssh_connection import HostKey

AFTERWARDS = "remember|rename|delete"
GLANCE_S = 5.0  # for a look at the host keys of a server whose key is given
STOP_S = 15.0  # in which the daemon lets go of a pull that was removed

app = typer.Typer(no_args_is_help=True, help="Customers' own servers: name them, test them, fetch from them.")

Id = Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)]


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - one for each option
    ctx: typer.Context,
    org: Id,
    host: Annotated[str | None, typer.Option(metavar="HOST", help="The server's name or address.")] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", min=1, max=65535, help="Its TCP port. Default: 22.")
    ] = None,
    user: Annotated[str | None, typer.Option(metavar="NAME", help="The user name to log in with.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Log in with this private key; a copy is kept.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="PATH", help="The folder in which the files are.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="Names of the files, such as 'users*.csv'. Default: *."),
    ] = None,
    host_key: Annotated[
        str | None,
        typer.Option(metavar="SHA256:...", help="The server's fingerprint; without it you are asked."),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="at once (every few minutes), HH:MM, or a cron expression. Default: at once."
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(
            metavar=AFTERWARDS,
            help="What happens at the server to a file that was accepted. Default: remember.",
        ),
    ] = None,
    replace_it: Annotated[
        bool, typer.Option("--replace", help="Change the server that is there; what is not given stays.")
    ] = False,
) -> None:
    """Name the server that an organization's files are fetched from; password or key are stored encrypted.

    Example: `rosterdrop pull add 007 --host sftp.mavericks.example --user roster --password-stdin --folder /out`
    """
    session = open_session(ctx)
    given = {
        "host": host,
        "port": port,
        "username": user,
        "folder": folder,
        "pattern": pattern,
        "host_key": host_key,
        "schedule": schedule,
        "after": _after(after),
    }
    values = {name: value for name, value in given.items() if value is not None} | _secret(
        stdin=password_stdin, key=key
    )
    added = run(_added(session, org, values, replace_it=replace_it))
    server = added.server
    place = f"{server.place} as {server.username}"
    if added.shown is not None:
        say(
            f"{place} is noted, but nothing is fetched from there yet: {server.host} shows the host key "
            f"{added.shown.fingerprint} ({added.shown.kind}), and {server.host_key} is pinned."
        )
        say(
            "Ask the customer which one is right. If it is the one shown: "
            f"`rosterdrop pull add {org} --replace --host-key {added.shown.fingerprint}`."
        )
    elif not added.is_enabled:
        say(
            f"{place} is noted, but nothing is fetched while {org} is disabled: `rosterdrop org enable {org}`."
        )
    else:
        say(f"Files of {org} are fetched from {place}, {_when(server)}.")
        say(f"`rosterdrop pull test {org}` shows what would be fetched now.")


@app.command("list")
def list_all(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show the servers that files are fetched from, and how that stands.

    Example: `rosterdrop pull list`
    """
    found = run(_listed(open_session(ctx)))
    if as_json:
        print_json(found)
        return
    print_table(
        ("Org", "Server", "Schedule", "After", "State", "Last look", "Last fetched", "Next look", "Trouble"),
        (
            (
                one["org"],
                one["place"],
                one["schedule"],
                one["after"],
                one["state"],
                short(one["tried_at"]),
                short(one["fetched_at"]),
                short(one["next_at"]),
                trouble_of(one),
            )
            for one in found
        ),
        nothing="No files are fetched from customers' servers.",
    )


@app.command("remove")
def remove(ctx: typer.Context, org: Id) -> None:
    """Fetch no more for an organization, and forget its server, password or key, and what was fetched.

    Example: `rosterdrop pull remove 007`
    """
    run(_removed(open_session(ctx), org))
    say(f"Nothing is fetched for {org} any more; password or key are deleted here.")


def _secret(*, stdin: bool, key: Path | None) -> dict[str, str | None]:
    """Read what to log in with; reading neither changes nothing."""
    from processor.intake.ssh_connection import check_private_key

    if stdin and key is not None:
        raise UsageError("--password-stdin and --key: one of them, not both.")
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise UsageError("--password-stdin: there is no password on standard input.")
        return {"password": password, "private_key": None}
    if key is None:
        return {}
    try:
        text = key.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"--key: {key} cannot be read as a private key.") from exc
    check_private_key(text)
    return {"password": None, "private_key": text}


def _after(text: str | None) -> Any:
    from processor.intake.pulls import After

    if text is not None and text not in list(After):
        raise UsageError(f"--after: {text!r} is none of {', '.join(After)}.")
    return None if text is None else After(text)


def _when(server: "PullServer") -> str:
    from core.organization_settings import AT_ONCE

    if server.schedule == AT_ONCE:
        return "every few minutes"
    return f"at {server.schedule} in the organization's time zone"


@dataclass(frozen=True, slots=True)
class _Added:
    """A server that was noted; `shown` is the host key that it shows where that is not the pinned one."""

    server: "PullServer"
    shown: "HostKey | None"
    is_enabled: bool


async def _added(session: Session, org_id: str, values: dict[str, Any], *, replace_it: bool) -> _Added:
    from commands.auditing import note
    from core.audit import Event
    from core.organizations_store import organization_by_id
    from core.secrets_key_store import secrets_key_to_keep_with
    from processor.intake import pulls_store
    from processor.intake.pulls import PullState

    async with session.existing_database() as database:
        key = await secrets_key_to_keep_with(database, session.settings.keys_dir, now=session.clock.now())
        async with database.reading() as connection:
            organization = await organization_by_id(connection, org_id)
            old = await _old(connection, org_id, values, key, replace_it=replace_it)
        server, shown = await _complete(old.server if old else None, values)
        state = PullState(added_at=old.state.added_at if old else session.now())
        if old is not None:
            state = replace(state, started_at=old.state.started_at, succeeded_at=old.state.succeeded_at)
        event = Event.PULL_CHANGED if old else Event.PULL_ADDED
        async with database.writing() as connection:
            if old is not None and _elsewhere(old.server, server):
                await pulls_store.forget_files(connection, organization.no)
                state = PullState(added_at=session.now())
            await pulls_store.save_server(connection, organization.no, server, state, key=key)
            detail = (
                f"{server.place} as {server.username}, {server.host_key}, {server.schedule}, {server.after}"
            )
            await note(session, connection, event, org_id=org_id, detail=detail)
    return _Added(server, shown, organization.enabled)


async def _old(
    connection: Any, org_id: str, values: dict[str, Any], key: bytes, *, replace_it: bool
) -> "Pull | None":
    """Return the pull that is there; its secret is needed only where none is given."""
    from processor.intake import pulls_store
    from processor.intake.pulls import NoPullError

    needs_secret = not ({"password", "private_key"} & values.keys())
    try:
        old = await pulls_store.pull_of(connection, org_id, key=key if replace_it and needs_secret else None)
    except NoPullError:
        if replace_it:
            raise
        return None
    if not replace_it:
        raise UsageError(
            f"Files of {org_id} are fetched from {old.server.place} already: --replace changes that, "
            f"`rosterdrop pull remove {org_id}` ends it."
        )
    return old


async def _complete(old: "PullServer | None", values: dict[str, Any]) -> "tuple[PullServer, HostKey | None]":
    """Return the server with all that is known of it; its host key is looked at, and confirmed where it is new.

    The other value is the host key that it shows where that is not the one given.
    """
    from commands.pull_host_key import confirmed_host_key, look_for_host_key
    from processor.intake.pulls import PullServer, check_server

    if old is None:
        missing = [f"--{name}" for name in ("host", "user", "folder") if _field(name) not in values]
        if not {"password", "private_key"} & values.keys():
            missing.append("--password-stdin or --key")
        if missing:
            raise UsageError(f"What is missing: {', '.join(missing)}.")
    known = {} if old is None else {name: getattr(old, name) for name in PullServer.__dataclass_fields__}
    merged = {"port": 22, **known, **values}
    shown = None
    moved = old is not None and (old.host, old.port) != (merged["host"], merged["port"])
    if "host_key" in values:
        merged["host_key_kind"] = None
        check_server(PullServer(**merged))
        merged["host_key_kind"], shown = await look_for_host_key(
            merged["host"], merged["port"], values["host_key"], within_s=GLANCE_S
        )
    elif old is None or moved:
        check_server(PullServer(**merged | {"host_key": f"SHA256:{'A' * 43}"}))
        found = await confirmed_host_key(merged["host"], merged["port"])
        merged |= {"host_key": found.fingerprint, "host_key_kind": found.kind}
    return check_server(PullServer(**merged)), shown


def _field(option: str) -> str:
    return "username" if option == "user" else option


def _elsewhere(old: "PullServer", new: "PullServer") -> bool:
    """Whether the files are others now: what was fetched there says nothing about them."""
    return (old.host, old.port, old.folder) != (new.host, new.port, new.folder)


async def _listed(session: Session) -> list[dict[str, Any]]:
    async with session.reading() as connection:
        return await pull_pages(session, connection)


async def _removed(session: Session, org_id: str) -> None:
    import asyncio

    from commands.auditing import note
    from core.audit import Event
    from processor.intake import pulls_store
    from processor.intake.fetching import partials
    from processor.intake.pulling import PullBusyError, turn_of

    inbox = session.inbox()
    async with session.writing() as connection:
        pull = await pulls_store.pull_of(connection, org_id)
        await pulls_store.remove_server(connection, pull.org_no)
        await note(session, connection, Event.PULL_REMOVED, org_id=org_id, detail=pull.server.place)
    try:
        async with turn_of(inbox.folders(org_id).root, wait_s=STOP_S):
            for incoming in (await asyncio.to_thread(partials, inbox, org_id)).values():
                await asyncio.to_thread(inbox.discard, incoming)
    except PullBusyError:
        warn("a file is being fetched still; it is the last one.")
