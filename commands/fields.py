"""`rosterdrop fields`: the custom fields of an organization (rules C1, C2)."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, print_table, say, shown
from commands.session import Session, open_session, run
from core.errors import UsageError

if TYPE_CHECKING:
    from processor.directory.listing_store import ListedField
    from processor.field_setting import Done

app = typer.Typer(no_args_is_help=True, help="Custom fields of an organization's users.")


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
        ("Type", "Label"),  # a label may be long
        ((field.type, field.label) for field in found),
        nothing="There are no custom fields: a label that is none of ours makes one.",
    )


@app.command("set")
def set_one(
    ctx: typer.Context,
    org: Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)],
    label: Annotated[str, typer.Argument(metavar="LABEL", help="The field's label.", show_default=False)],
    kind: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="TYPE", help="text, date or boolean; no file changes it from then on."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="Another name; files may keep the old label.")
    ] = None,
) -> None:
    """Set a custom field's type, after a check of all stored values, or its name.

    Example: `rosterdrop fields set 007 "Employee ID" --type text --name "Staff Number"`
    """
    if kind is None and name is None:
        raise UsageError("Nothing to set: give --type or --name.")
    done = run(_set(open_session(ctx), org, label, kind, name))
    say(f"{shown(done.field.label)} is of the type {done.field.type}.")
    if done.changed:
        say(f"{done.changed:,} of {done.values:,} stored values are written otherwise.")
    if done.mapped:
        say(f"In files these labels fill it still: {', '.join(done.mapped)} (`rosterdrop org map {org}`).")


async def _set(session: Session, org_id: str, label: str, kind: str | None, name: str | None) -> "Done":
    from commands.auditing import operator
    from processor.field_setting import Wanted, set_field
    from processor.reading.field_types import FieldType

    if kind is not None and kind not in list(FieldType):
        raise UsageError(f"{kind!r} is no type; there are {', '.join(FieldType)}.")
    wanted = Wanted(type=None if kind is None else FieldType(kind), name=name)
    async with session.existing_database() as database:
        return await set_field(
            database=database,
            clock=session.clock,
            org_id=org_id,
            label=label,
            wanted=wanted,
            who=operator(),
        )


async def _fields(session: Session, org_id: str) -> "list[ListedField]":
    from core.organizations_store import organization_by_id
    from processor.directory.listing_store import fields_of

    async with session.reading() as connection:
        return await fields_of(connection, (await organization_by_id(connection, org_id)).no)
