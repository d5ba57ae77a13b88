"""The report of `rosterdrop check`: text that one can forward to a customer (rule H7)."""

from pathlib import Path
from typing import TYPE_CHECKING

from commands.findings import FIRST_CHANGES, print_changes, print_findings
from commands.output import print_table, say
from processor.imports import Counts, Kind, Outcome
from processor.reading.meanings import in_words

if TYPE_CHECKING:
    from core.organizations import Organization
    from processor.checking import DryRun

# Field of the counts, what an import would do to one, to many.
WOULD = (
    ("users_created", "create 1 user", "create {} users"),
    ("users_updated", "update 1 user", "update {} users"),
    ("users_unchanged", "leave 1 user as it is", "leave {} users as they are"),
    ("teams_created", "create 1 team", "create {} teams"),
    ("teams_updated", "update 1 team", "update {} teams"),
    ("memberships_added", "add 1 user to a team", "add {} memberships of teams"),
    ("fields_created", "make 1 custom field", "make {} custom fields"),
    ("deactivations_planned", "plan to deactivate 1 user", "plan to deactivate {} users"),
    ("rows_refused", "refuse 1 row", "refuse {} rows"),
    (
        "cells_refused",
        "leave out 1 cell: what is known stays, what is new goes without",
        "leave out {} cells: what is known stays, what is new goes without",
    ),
)


def print_check(name: str, organization: "Organization | None", found: "DryRun", *, everything: bool) -> None:
    """Print what the file is, its columns, problems, notes, and what an import would do."""
    against = "" if organization is None else f", checked for {organization.name} ({organization.id})"
    kinds = {
        Kind.USERS: "a users file",
        Kind.TEAMS: "a teams file",
        None: "no file that can be imported as it stands",
    }
    say(f"{name}: {kinds[found.kind]}{against}")
    if found.headers:
        say("\nHow its columns are understood")
        types = {field.label: field.type for field in found.new_fields}
        rows = [(label, in_words(meaning, types)) for label, meaning in found.headers]
        print_table(("Label", "Meaning"), rows, nothing="")
    print_findings("Problems", found.problems)
    print_findings("Notes", found.notes)
    if found.outcome is Outcome.REFUSED:
        say("\nAn import would refuse this file as a whole and change nothing.")
        return
    count = found.counts.rows
    say(f"\nAn import of its {count:,} row{'' if count == 1 else 's'} would")
    for line in would(found.counts) or ["change nothing"]:
        say(f"  {line}")
    if found.counts.users_missing:
        say(
            f"\n{found.counts.users_missing:,} active users whom the previous users file named are not in this one. "
            "They would stay as they are."
        )
        missing = found.details.missing
        for email in missing if everything else missing[:FIRST_CHANGES]:
            say(f"  {email}")
        if not everything and len(missing) > FIRST_CHANGES:
            say(f"  and {found.counts.users_missing - FIRST_CHANGES:,} more: --all shows them")
    if found.hold is not None:
        say(f"\nIt would be held until somebody approves it: {found.hold}")
    if found.changes:
        say("\nChange by change")
        shown = found.changes if everything else found.changes[:FIRST_CHANGES]
        print_changes(
            shown, total=len(found.changes), more_by="--all shows them", created=found.details.created
        )


def write_check_page(page: Path, name: str, organization: "Organization | None", found: "DryRun") -> None:
    """Write the same report as a self-contained page of HTML."""
    from processor.filing.check_page import render_check

    types = {field.label: field.type for field in found.new_fields}
    headers = [(label, in_words(meaning, types)) for label, meaning in found.headers]
    page.write_text(
        render_check(found, name=name, organization=organization, headers=headers), encoding="utf-8"
    )


def would(counts: Counts) -> list[str]:
    """Return what an import would do, one sentence for each count that is not 0."""
    values = counts.as_dict()
    return [
        one if values[field] == 1 else many.format(f"{values[field]:,}")
        for field, one, many in WOULD
        if values[field]
    ]
