"""`rosterdrop audit`: who did what, when, from where, and what came of it (rule A5)."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.moments import FORM, parse_moment
from commands.output import JsonOption, print_json_array, print_table, say
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.audit import AuditLine

FIRST = 50  # a terminal shows so many
LABELS = ("at", "org", "who", "address", "event", "outcome", "detail")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run it (E2)


def audit(
    ctx: typer.Context,
    org: Annotated[str | None, typer.Option(metavar="ORG", help="Of this organization only.")] = None,
    who: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this account, or operator:USER, only.")
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(metavar="EVENT", help="Such as login.refused, or login for all that begin so."),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help=f"From then on: {FORM}.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all of it into a CSV file.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="The newest N; 0 shows all.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Search the audit trail, newest first: logins, refusals, uploads, downloads, approvals, changes of settings, keys.

    Example: `rosterdrop audit --org 007 --event login --since 2026-11-01 --csv logins.csv`
    """
    chosen: dict[str, Any] = {
        "org_id": org,
        "who": who,
        "event": event,
        "since": None if since is None else parse_moment(since, "--since"),
        "until": None if until is None else parse_moment(until, "--until"),
    }
    session = open_session(ctx)
    if csv_file is not None:
        count = run(_exported(session, csv_file, chosen))
        say(f"{count:,} lines in {csv_file}, the oldest first.")
    elif as_json:
        run(_printed(session, chosen, limit))
    else:
        _print_table(run(_found(session, chosen, (limit or FIRST) + 1)), limit or FIRST)


def _print_table(lines: "list[AuditLine]", limit: int) -> None:
    print_table(
        ("At", "Org", "Who", "Address", "Event", "Outcome", "Detail"),
        (tuple(asdict(line).values()) for line in lines[:limit]),
        nothing="The audit trail has nothing of that kind.",
    )
    if len(lines) > limit:
        say(f"These are the newest {limit}; --limit, --csv or --json gives more.")


async def _found(session: Session, chosen: dict[str, Any], limit: int) -> "list[AuditLine]":
    from core.audit_store import search
    from core.organizations_store import check_known

    async with session.reading() as connection:
        if chosen["org_id"] is not None:
            await check_known(connection, chosen["org_id"])
        return await search(connection, **chosen, limit=limit)


async def _printed(session: Session, chosen: dict[str, Any], limit: int) -> None:
    await print_json_array(_each(await _found(session, chosen, limit)))


async def _each(lines: "list[AuditLine]") -> "AsyncIterator[dict[str, Any]]":
    for line in lines:
        yield asdict(line)


async def _exported(session: Session, path: Path, chosen: dict[str, Any]) -> int:
    from core.audit_store import stream
    from core.organizations_store import check_known

    count = 0
    async with session.reading() as connection:
        if chosen["org_id"] is not None:
            await check_known(connection, chosen["org_id"])
        with path.open("w", encoding="utf-8", newline="") as file:  # nobody else waits
            writer = csv.writer(file)
            writer.writerow(LABELS)
            async for line in stream(connection, **chosen):
                writer.writerow([_harmless(cell) for cell in asdict(line).values()])
                count += 1
    return count


def _harmless(cell: str | None) -> str | None:
    """Rule E2: keep a spreadsheet from running what a client wrote."""
    return f"'{cell}" if cell and cell.startswith(FORMULA) else cell
