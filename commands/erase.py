"""`rosterdrop users erase`: remove a person for good (rule R3)."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, say
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from processor.erasing import Erasure


def erase(
    ctx: typer.Context,
    org: Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The user's address.", show_default=False)],
    again: Annotated[
        bool, typer.Option("--allow-again", help="The person came back: files may make the user again.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Don't ask; without a terminal nobody is asked.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a person from directory, history and exports, and name the files that mention the address still.

    It cannot be undone. A keyed hash of the address is kept, so that the next file does not make the person again.

    Example: `rosterdrop users erase 007 bo@mavericks.example`
    """
    if again:
        run(_allow_again(open_session(ctx), org, email))
        say("A file may make this person again.")
        return
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Erase {email} for good?", abort=True)
    erasure = run(_erase(open_session(ctx), org, email))
    if as_json:
        print_json({"number": erasure.number, "files": erasure.files})
        return
    if erasure.number is None:
        say("This person was erased before; the exports are renewed.")
    else:
        say(f"User {erasure.number} is erased from directory, history and exports.")
    if erasure.files:
        say(
            "\nThese files of the organization mention the address still; they go when their retention is over,"
        )
        say("or remove them by hand:")
        for path in erasure.files:
            say(f"  {path}")


async def _allow_again(session: Session, org_id: str, email: str) -> None:
    from processor.erasing import allow_again

    async with session.existing_database() as database:
        await allow_again(database=database, keys_dir=session.settings.keys_dir, org_id=org_id, email=email)


async def _erase(session: Session, org_id: str, email: str) -> "Erasure":
    from commands.auditing import operator
    from processor.erasing import erase_person

    async with session.existing_database() as database:
        return await erase_person(
            database=database,
            clock=session.clock,
            keys_dir=session.settings.keys_dir,
            root=session.inbox().folders(org_id).root,
            org_id=org_id,
            email=email,
            who=operator(),
        )
