"""`rosterdrop fields`: the custom fields of an organization (rules C1, C2)."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, print_table
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from processor.directory.listing_store import ListedField

app = typer.Typer(no_args_is_help=True, help="Custom fields of an organization's users.")


@app.callback()
def fields() -> None:
    """Custom fields of an organization's users."""


@app.command("list")
def list_all(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(metavar="ORG", help="The organization's id.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show an organization's custom fields in the order in which they were made.

    Example: `rosterdrop fields list --org 007`
    """
    found = run(_fields(open_session(ctx), org))
    if as_json:
        print_json([asdict(field) for field in found])
        return
    print_table(
        ("Label", "Type"),
        ((field.label, field.type) for field in found),
        nothing="There are no custom fields: a label that is none of ours makes one.",
    )


async def _fields(session: Session, org_id: str) -> "list[ListedField]":
    from core.organizations_store import organization_by_id
    from processor.directory.listing_store import fields_of

    async with session.reading() as connection:
        return await fields_of(connection, (await organization_by_id(connection, org_id)).no)
