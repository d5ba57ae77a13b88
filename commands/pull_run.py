"""`rosterdrop pull test` and `rosterdrop pull run`: look at a customer's server, and fetch from it now (rule S2)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.daemon import running_daemon
from commands.output import JsonOption, fail, print_json, print_table, say, warn
from commands.progress import progress_bar
from commands.session import NO, Session, open_session, run
from core.errors import ServiceError

if TYPE_CHECKING:
    from processor.intake.pulling import Report
    from processor.intake.remote_choice import Candidate

TURN_S = 30.0

Id = Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)]


class StandsStillError(ServiceError):
    """A disabled organization gets no files."""

    code = "organization_disabled"


def look(ctx: typer.Context, org: Id, as_json: JsonOption = False) -> None:
    """Log in to an organization's server, and show what would be fetched now, and what not and why.

    Example: `rosterdrop pull test 007`
    """
    _log_errors_only()
    files = run(_tested(open_session(ctx), org))
    if as_json:
        print_json(files)
        return
    print_table(
        ("File", "Bytes", "Changed", "Fetched", "Why not"),
        ((one["name"], one["size_bytes"], one["modified_at"], one["fetch"], one["reason"]) for one in files),
        nothing="The folder is empty.",
    )
    count = sum(one["fetch"] for one in files)
    say(
        f"\nLogin and folder are right. {count} {'file' if count == 1 else 'files'} would be fetched, in this order."
    )


def run_now(ctx: typer.Context, org: Id, as_json: JsonOption = False) -> None:
    """Fetch an organization's files now, whatever its schedule says; also after a pull was stopped.

    Example: `rosterdrop pull run 007`
    """
    _log_errors_only()
    session = open_session(ctx)
    report = run(_fetched(session, org))
    if report.fetched and running_daemon(session.data_dir) is None:
        warn("no daemon is running; the files are imported when one is started (`rosterdrop serve`).")
    if as_json:
        print_json(_as_dict(report))
    else:
        _print(report, org)
    if report.complaint:
        fail(f"{report.complaint}{_advice(report, org)}")
        raise typer.Exit(NO)


def _log_errors_only() -> None:
    from core.logs import configure_logs

    configure_logs(level="error")


def _print(report: "Report", org: str) -> None:
    for file in report.fetched:
        say(f"{file.name} was fetched ({file.size_bytes:,} bytes).")
    for name in report.changing:
        say(f"{name} is still being written; the next look finds it.")
    if report.deferred:
        say("That is all for now (U9); the rest follows.")
    if report.fetched:
        say(f"`rosterdrop imports list --org {org}` shows what comes of them.")
    elif not report.changing and not report.complaint:
        say("There is nothing new.")


def _advice(report: "Report", org: str) -> str:
    """Say what to do where the message cannot know it: of which organization the server is."""
    from processor.intake.ssh_connection import HostKeyChangedError

    if isinstance(report.error, HostKeyChangedError) and report.error.shown:
        return f" If it was: `rosterdrop pull add {org} --replace --host-key {report.error.shown}`."
    return ""


def _as_dict(report: "Report") -> dict[str, Any]:
    return {
        "fetched": [
            {"name": one.name, "size_bytes": one.size_bytes, "sha256": one.sha256, "uid": one.uid}
            for one in report.fetched
        ],
        "changing": list(report.changing),
        "skipped": [{"name": one.name, "reason": one.reason} for one in report.skipped],
        "deferred": report.deferred,
        "error": report.complaint,
    }


async def _tested(session: Session, org_id: str) -> list[dict[str, Any]]:

    from commands.pull_room import pull_room
    from core.organizations_store import organization_by_id
    from core.secrets_key_store import secrets_key_of
    from processor.intake import pulls_store
    from processor.intake.pulling import two_looks
    from processor.intake.remote_session import open_session as open_remote

    async with session.reading() as connection:
        key = await secrets_key_of(connection, session.settings.keys_dir)
        organization = await organization_by_id(connection, org_id)
        pull = await pulls_store.pull_of(connection, org_id, key=key)
        known = pulls_store.known_files(await pulls_store.rows_of_files(connection, pull.org_no))
    room = pull_room(session.settings, session.inbox(), organization)
    async with open_remote(pull.server.account) as remote:
        choice, _ = await two_looks(
            remote, pull.server, known, quiet_time_s=session.settings.pull_quiet_time_s
        )
    return [
        *(_line(one, room.size_refusal(one.size_bytes)) for one in choice.fetch),
        *(_line(one, "it is still being written") for one in choice.changing),
        *(
            {
                "name": one.name,
                "size_bytes": None,
                "modified_at": None,
                "fetch": False,
                "reason": one.reason,
            }
            for one in choice.skipped
        ),
    ]


def _line(file: "Candidate", reason: str | None) -> dict[str, Any]:
    changed = datetime.fromtimestamp(file.mtime, UTC).isoformat(timespec="seconds")
    return {
        "name": file.name,
        "size_bytes": file.size_bytes,
        "modified_at": changed,
        "fetch": reason is None,
        "reason": reason,
    }


async def _fetched(session: Session, org_id: str) -> "Report":
    from commands.auditing import operator
    from commands.pull_room import pull_room
    from core.organizations_store import organization_by_id
    from processor.imports_store import highest_seqs
    from processor.intake.pull_keeper import Tools, pull_once

    inbox = session.inbox()
    async with session.existing_database() as database:
        async with database.reading() as connection:
            organization = await organization_by_id(connection, org_id)
            floor = (await highest_seqs(connection)).get(org_id, 0)
        if not organization.enabled:
            raise StandsStillError(
                f"{organization.name} is disabled and gets no files: `rosterdrop org enable {org_id}` first."
            )
        inbox.raise_floor(org_id, floor)
        tools = Tools(
            database=database,
            inbox=inbox,
            clock=session.clock,
            settings=session.settings,
            room=lambda one: pull_room(session.settings, inbox, one),
            who=operator(),
        )
        with progress_bar("Fetching") as progress:
            report = await pull_once(
                tools, org_id, turn_s=TURN_S, progressed=progress, log_outcome=lambda *_: None
            )
    session.nudge(org_id)
    return report
