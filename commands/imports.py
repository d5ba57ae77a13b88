"""`rosterdrop imports`: what came of each file (rule R2)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import JsonOption, print_json, print_table
from commands.session import Session, open_session, run
from core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from commands.import_page import ImportPage
    from processor.imports import ImportRecord

app = typer.Typer(no_args_is_help=True, help="Imports: what came of each file.")


@app.command("list")
def list_all(
    ctx: typer.Context,
    org: Annotated[str | None, typer.Option(metavar="ORG", help="Of this organization only.")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            metavar="OUTCOME", help="imported, partial, refused, checked, discarded, waiting or held."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Accepted since then: 2026-11-24 or 2026-11-24T09:30 (UTC)."),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="The newest N; 0 shows all.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show imports, newest first.

    Example: `rosterdrop imports list --org 007 --outcome partial --since 2026-11-01`
    """
    session = open_session(ctx)
    moment = None if since is None else _moment(since)
    records = run(_records(session, org, _outcome(outcome), moment, limit))
    if as_json:
        print_json([as_dict(record) for record in records])
        return
    print_table(
        ("Number", "Org", "Accepted", "File", "Outcome", "Rows", "Created", "Updated", "Refused"),
        (
            (
                record.number,
                record.org_id,
                record.accepted_at[:19].replace("T", " "),
                record.name,
                record.outcome or "running",
                record.counts.rows,
                record.counts.users_created + record.counts.teams_created,
                record.counts.users_updated + record.counts.teams_updated,
                record.counts.rows_refused,
            )
            for record in records
        ),
        nothing="There are no such imports.",
    )


@app.command("show")
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The import's number.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show one import: who sent the file, its counts, its problems, and each value that it changed.

    Example: `rosterdrop imports show 17`
    """
    from commands.import_page import print_page

    page = run(_page(open_session(ctx), number))
    if as_json:
        print_json(page_as_dict(page))
    else:
        print_page(page)


def as_dict(record: "ImportRecord") -> dict[str, Any]:
    """Section X: an element of `imports list`."""
    return {
        "number": record.number,
        "org": record.org_id,
        "name": record.name,
        "outcome": None if record.outcome is None else str(record.outcome),
        "accepted_at": record.accepted_at,
        "finished_at": record.finished_at,
        "counts": record.counts.as_dict(),
        "archived_as": record.filed_as,
    }


def page_as_dict(page: "ImportPage") -> dict[str, Any]:
    """Section X: `imports show`."""
    from commands.findings import change_as_dict, finding_as_dict
    from commands.undo import undone_as_dict
    from processor.findings import number_of

    record = page.record
    return {
        **as_dict(record),
        "started_at": record.started_at,
        "kind": None if record.kind is None else str(record.kind),
        "sha256": record.sha256,
        "size_bytes": record.size_bytes,
        "uploaded_by": record.origin.account,
        "uploaded_from": record.origin.address,
        "client": record.origin.client,
        "hold_reason": record.hold_reason,
        "file_purged_at": record.file_purged_at,
        "log_purged_at": record.log_purged_at,
        "problem_total": number_of(page.problems),
        "note_total": number_of(page.notes),
        "problems": [finding_as_dict(problem) for problem in page.problems],
        "notes": [finding_as_dict(note) for note in page.notes],
        "changes": [change_as_dict(change) for change in page.changes],
        "undone": None if page.undone is None else undone_as_dict(page.undone),
    }


async def _records(
    session: Session, org: str | None, outcome: str | None, since: str | None, limit: int
) -> "list[ImportRecord]":
    from core.organizations_store import organization_by_id
    from processor.imports_store import list_imports

    async with session.reading() as connection:
        if org is not None:
            await organization_by_id(connection, org)
        return await list_imports(connection, org_id=org, outcome=outcome, since=since, limit=limit)


async def _page(session: Session, number: int) -> "ImportPage":
    from commands.import_page import ImportPage
    from processor.directory.undo_store import undone_of
    from processor.imports_store import changes_of, findings_of, record_of

    async with session.reading() as connection:
        record = await record_of(connection, number=number)
        if record is None:
            raise NotFoundError(f"There is no import {number}: `rosterdrop imports list` shows them.")
        return ImportPage(
            record=record,
            problems=await findings_of(connection, number, notes=False),
            notes=await findings_of(connection, number, notes=True),
            changes=await changes_of(connection, number),
            undone=await undone_of(connection, number),
        )


def _outcome(text: str | None) -> str | None:
    from processor.imports import Outcome

    if text is not None and text not in list(Outcome):
        raise UsageError(f"{text!r} is no outcome; there are {', '.join(Outcome)}.")
    return text


def _moment(text: str) -> str:
    """Read a date or a time; without an offset it is UTC."""
    from core.clock import to_text

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(f"{text!r} is no time; write 2026-11-24 or 2026-11-24T09:30.") from exc
    return to_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
