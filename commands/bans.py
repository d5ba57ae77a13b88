"""`rosterdrop bans`: addresses that are banned and names that are locked after failed logins (rule A2)."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import JsonOption, print_json, print_table, say
from commands.session import Session, open_session, run
from core.errors import NotFoundError

if TYPE_CHECKING:
    from core.bans import GuardRecord

app = typer.Typer(no_args_is_help=True, help="Bans after failed logins: show and lift them.")


@app.command("list")
def list_all(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show addresses that are banned and names that are locked, the first to end first.

    Example: `rosterdrop bans list --json`
    """
    found = [_told(record) for record in run(_banned(open_session(ctx)))]
    if as_json:
        print_json(found)
        return
    print_table(
        ("Kind", "Value", "Only from", "Until", "Failures"),
        ((one["kind"], one["value"], one.get("address"), one["until"], one["failures"]) for one in found),
        nothing="Nobody is banned.",
    )


@app.command("lift")
def lift(
    ctx: typer.Context,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="An address or a user name.", show_default=False)
    ],
) -> None:
    """Let an address or a name try again at once; its counts and the doubling of its bans are forgotten.

    Example: `rosterdrop bans lift 203.0.113.7`
    """
    session = open_session(ctx)
    if not run(_lifted(session, value)):
        raise NotFoundError(
            f"Nothing is known of {value}: `rosterdrop bans list` shows what is banned. "
            "A running daemon forgets failures of the last second, too."
        )
    say(f"{value} may try again; a running daemon obeys within two seconds.")


def _told(record: "GuardRecord") -> dict[str, Any]:
    """Section X: what a program is told; a name that is banned from one address only has that address, too."""
    from core.bans import Kind
    from core.clock import to_text

    assert record.until is not None
    kind = record.key.kind
    told: dict[str, Any] = {
        "kind": str(Kind.NAME if kind is Kind.PAIR else kind),
        "value": record.key.address if kind is Kind.ADDRESS else record.shown,
        "until": to_text(record.until),
        "failures": record.failed,
    }
    return told | ({"address": record.key.address} if kind is Kind.PAIR else {})


async def _banned(session: Session) -> "list[GuardRecord]":
    from core.bans_store import banned

    async with session.reading() as connection:
        return await banned(connection, session.clock.now())


async def _lifted(session: Session, value: str) -> int:
    from commands.auditing import note
    from core.audit import Event
    from core.bans import address_group
    from core.bans_store import lift as lift_bans

    value = address_group(value)
    async with session.writing() as connection:
        found = await lift_bans(connection, value, now=session.clock.now())
        if found:
            await note(session, connection, Event.BAN_LIFTED, detail=value)
    return found
