"""`rosterdrop imports undo`: take back what an import changed (rule G3), and say what was left."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.output import JsonOption, print_json, say, shown
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from processor.directory.undo_store import Undone
    from processor.imports import Change

FIRST_LEFT = 20
TOLD = (
    ("values_restored", "value restored", "values restored"),
    ("memberships_taken_back", "membership taken back", "memberships taken back"),
    ("plans_taken_back", "planned deactivation taken back", "planned deactivations taken back"),
    (
        "users_deactivated",
        "user deactivated whom the import had made",
        "users deactivated whom the import had made",
    ),
    ("left", "change left", "changes left"),
)


def undo(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The import's number.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Take back what an import changed, where nothing changed it since, and list what was left and why.

    Users whom it made are deactivated, teams stay. The same file dropped again is applied again.

    Example: `rosterdrop imports undo 17`
    """
    undone = run(_undo(open_session(ctx), number))
    if as_json:
        print_json({"number": number, **undone_as_dict(undone)})
        return
    say(f"Import {number} is undone.")
    print_undone(undone)


def undone_as_dict(undone: "Undone") -> dict[str, Any]:
    """Section X: what an undo did and left."""
    from commands.findings import change_as_dict
    from processor.directory.undo_plan import WHY

    return {
        "undone_at": undone.at,
        "undone_by": undone.who,
        "counts": undone.counts,
        "changes": [change_as_dict(change) for change in undone.changes],
        "left": [
            {**change_as_dict(change), "code": code, "why": plain(WHY[code])} for change, code in undone.left
        ],
    }


def print_undone(undone: "Undone") -> None:
    """Print what went back and what did not."""
    for name, one, several in TOLD:
        if count := undone.counts.get(name, 0):
            say(f"  {count:>9,}  {one if count == 1 else several}")
    if not any(undone.counts.values()):
        say("  It had changed nothing.")
    if undone.left:
        _print_left(undone.left)


def plain(text: str) -> str:
    """Return a sentence without the marks of code."""
    return text.replace("`", "")


def _print_left(left: "Sequence[tuple[Change, str]]") -> None:
    from commands.findings import in_words
    from processor.directory.undo_plan import WHY

    say("\nLeft as it is")
    for change, code in left[:FIRST_LEFT]:
        what = f"new {change.kind}" if change.field == "created" else in_words(change)
        say(f"  {shown(change.key)}: {what}")
        say(f"      {WHY[code]}")
    if len(left) > FIRST_LEFT:
        say(f"  and {len(left) - FIRST_LEFT:,} more; --json gives all")


async def _undo(session: Session, number: int) -> "Undone":
    from commands.auditing import operator
    from processor.undoing import undo_import

    async with session.existing_database() as database:
        return await undo_import(database=database, clock=session.clock, number=number, who=operator())
