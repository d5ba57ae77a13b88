"""`rosterdrop teams`: the teams of an organization's directory."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, print_table
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from processor.directory.listing_store import ListedTeam

app = typer.Typer(no_args_is_help=True, help="Teams of an organization's directory.")


@app.callback()
def teams() -> None:
    """Teams of an organization's directory."""


@app.command("list")
def list_all(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(metavar="ORG", help="The organization's id.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show an organization's teams by name.

    Example: `rosterdrop teams list --org 007`
    """
    found = run(_teams(open_session(ctx), org))
    if as_json:
        print_json([asdict(team) for team in found])
        return
    print_table(
        ("Name", "Owner", "Parent", "Type"),
        ((team.name, team.owner_email, team.parent, team.type) for team in found),
        nothing="There are no teams.",
    )


async def _teams(session: Session, org_id: str) -> "list[ListedTeam]":
    from core.organizations_store import organization_by_id
    from processor.directory.listing_store import teams_of

    async with session.reading() as connection:
        return await teams_of(connection, (await organization_by_id(connection, org_id)).no)
