"""`rosterdrop import`: drops a file through the same door as an upload and waits for its outcome (section K)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, say, warn
from commands.session import NO, Session, open_session, run
from core.errors import NotFoundError, ServiceError

if TYPE_CHECKING:
    from commands.import_page import ImportPage
    from core.inbox import Drop


class QueueStandsError(ServiceError):
    """The organization's queue is not worked."""

    code = "queue_stands"


def import_file(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="A users or teams file."
        ),
    ],
    org: Annotated[str, typer.Option(metavar="ORG", help="The organization's id.", show_default=False)],
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Don't wait for the outcome.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import a file as if the organization had uploaded it, and say what came of it.

    Without a running daemon the file is imported by this command. The exit status is 0 when it was imported (or, in
    test mode, checked) without a problem, else 1.

    Example: `rosterdrop import users.csv --org 007`
    """
    from core.logs import configure_logs

    configure_logs(level="error")
    session = open_session(ctx)
    drop = run(_dropped(session, file, org))
    session.nudge(org)
    if no_wait:
        _print_accepted(session, drop, as_json=as_json)
        return
    try:
        page = run(_outcome(session, drop))
    except KeyboardInterrupt:
        warn(
            f"the file was accepted and is imported all the same; `rosterdrop imports list --org {org}` shows it."
        )
        raise
    _print_outcome(page, as_json=as_json)
    if page.record.outcome not in ("imported", "checked"):
        raise typer.Exit(NO)


def _print_outcome(page: "ImportPage", *, as_json: bool) -> None:
    from commands.import_page import print_outcome
    from commands.imports import page_as_dict

    if as_json:
        print_json(page_as_dict(page))
        return
    record = page.record
    say(f"Import {record.number}: {record.name}: {record.outcome}")
    print_outcome(page)
    if record.filed_as:
        say(f"\nFiled as {record.filed_as}, with the report beside it.")


def _print_accepted(session: Session, drop: "Drop", *, as_json: bool) -> None:
    from commands.daemon import running_daemon

    if running_daemon(session.data_dir) is None:
        warn("no daemon is running; the file is imported when one is started (`rosterdrop serve`).")
    if as_json:
        print_json({"uid": drop.meta.uid, "org": drop.org_id, "name": drop.meta.name})
    else:
        say(
            f"{drop.meta.name} was accepted; `rosterdrop imports list --org {drop.org_id}` shows what comes of it."
        )


async def _dropped(session: Session, file: Path, org_id: str) -> "Drop":
    """Copy the file in, and accept it; what breaks off leaves nothing in the queue."""
    import asyncio

    from commands.auditing import note
    from commands.dropping import drop_file
    from core.audit import Event
    from core.organizations_store import organization_by_id
    from processor.imports_store import highest_seqs

    async with session.reading() as connection:
        organization = await organization_by_id(connection, org_id)
        floor = (await highest_seqs(connection)).get(org_id, 0)
    if not organization.enabled:
        raise QueueStandsError(
            f"{organization.name} is disabled and its queue stands still: `rosterdrop org enable {org_id}` first."
        )
    drop = await asyncio.to_thread(drop_file, session, file, org_id=org_id, floor=floor)
    async with session.writing() as connection:
        detail = f"{drop.meta.name} ({drop.meta.size_bytes} bytes)"
        await note(session, connection, Event.UPLOAD_ACCEPTED, org_id=org_id, detail=detail)
    return drop


async def _outcome(session: Session, drop: "Drop") -> "ImportPage":
    from commands.import_page import ImportPage
    from commands.waiting import wait_for_outcome
    from processor.imports_store import changes_of, findings_of

    async with session.database() as database:
        record = await wait_for_outcome(session, database, drop)
        if record is None:
            raise NotFoundError(f"{drop.meta.name} was withdrawn before it was imported.")
        async with database.reading() as connection:
            return ImportPage(
                record=record,
                problems=await findings_of(connection, record.number, notes=False),
                notes=await findings_of(connection, record.number, notes=True),
                changes=await changes_of(connection, record.number),
            )
