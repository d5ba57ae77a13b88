"""`rosterdrop uploads`: files that are arriving, broke off, keep a temporary name, or were accepted lately (U3, U5)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import JsonOption, print_json, print_table
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from core.inbox import Inbox

RECENT = 20


def uploads(
    ctx: typer.Context,
    org: Annotated[str | None, typer.Option(metavar="ORG", help="Of this organization only.")] = None,
    limit: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="How many accepted ones are shown, the newest; 0 shows all."),
    ] = RECENT,
    as_json: JsonOption = False,
) -> None:
    """Show uploads: running, partial and temporary ones, then those accepted lately, newest first.

    Example: `rosterdrop uploads --org 007 --json`
    """
    session = open_session(ctx)
    found = run(_found(session, org, limit))
    if as_json:
        print_json(found)
        return
    print_table(
        ("Org", "Name", "State", "Bytes", "Started", "Age", "Rate"),
        ((*upload.values(), *_age_and_rate(upload, session.clock.now())) for upload in found),
        nothing="There are no uploads.",
    )


def _age_and_rate(upload: dict[str, Any], now: datetime) -> tuple[str, str]:
    """Return how long ago it began, and of a running one how fast it comes on the whole."""
    from core.clock import from_text

    age_s = max(0.0, (now - from_text(upload["started_at"])).total_seconds())
    age = str(timedelta(seconds=round(age_s)))
    if upload["state"] != "running" or age_s < 1:
        return age, ""
    return age, f"{upload['size_bytes'] / age_s / 1024:,.0f} KiB/s"


async def _found(session: Session, org: str | None, limit: int) -> list[dict[str, Any]]:
    """Section X: what lies in `incoming/` and is not accepted, then the drops that have an import."""
    from core.organizations_store import all_organizations, organization_by_id
    from processor.imports_store import list_imports

    async with session.reading() as connection:
        chosen = [await organization_by_id(connection, org)] if org else await all_organizations(connection)
        accepted = await list_imports(connection, org_id=org, limit=limit)
    inbox = session.inbox()
    arriving = [line for one in chosen for line in _arriving(inbox, one.id)]
    done = {record.uid for record in accepted}
    queued = [line for one in chosen for line in _queued(inbox, one.id, done)]
    return [
        *arriving,
        *queued[::-1],
        *(
            _line(record.org_id, record.name, "accepted", record.size_bytes, record.accepted_at)
            for record in accepted
        ),
    ]


def _arriving(inbox: "Inbox", org_id: str) -> list[dict[str, Any]]:
    from core.inbox import boot_id
    from server.overview import uploads_of

    return [
        _line(
            org_id, seen.incoming.meta.name, seen.state.value, seen.size_bytes, seen.incoming.meta.started_at
        )
        for seen in uploads_of(inbox, org_id, boot=boot_id())
    ]


def _queued(inbox: "Inbox", org_id: str, known: set[str]) -> list[dict[str, Any]]:
    """Accepted a moment ago, or while no daemon ran: they have no import yet."""
    return [
        _line(org_id, drop.meta.name, "accepted", drop.meta.size_bytes, drop.meta.started_at)
        for drop in inbox.queue(org_id)
        if drop.meta.uid not in known
    ]


def _line(org_id: str, name: str, state: str, size_bytes: int, started_at: str) -> dict[str, Any]:
    return {"org": org_id, "name": name, "state": state, "size_bytes": size_bytes, "started_at": started_at}
