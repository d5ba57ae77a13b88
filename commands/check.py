"""`rosterdrop check`: what a file is and what an import of it would do, without changing anything (rule H7)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, say
from commands.progress import progress_bar
from commands.session import NO, Session, open_session, run
from core.errors import UsageError

if TYPE_CHECKING:
    from core.organizations import Organization
    from processor.checking import DryRun

TITLE = "Checking"
NOBODY = "the-owner@your-organization.example"  # owns new teams where there is no organization


def check(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="A users or teams file."
        ),
    ],
    org: Annotated[
        str | None,
        typer.Option(metavar="ORG", help="Check by the settings and the directory of this organization."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="SYSTEM", help="The HR system that wrote the file, such as workday.")
    ] = None,
    dates: Annotated[str | None, typer.Option(metavar="auto|dmy|mdy", help="How 03/04/2026 is read.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every change, not only the first.")] = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="PAGE", dir_okay=False, help="Write a page that can be mailed to the customer."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read a sample file and say what it is, how each label is understood, every problem, and what would change.

    Nothing is changed, and without --org no data folder is needed. The exit status is 1 when there are problems.

    Example: `rosterdrop check people.csv --preset workday`
    """
    from commands.findings import change_as_dict, finding_as_dict
    from core.logs import configure_logs

    configure_logs(level="error")
    if not file.is_file():
        raise UsageError(f"{file.name} is no regular file.")
    wanted = {name: value for name, value in (("preset", preset), ("dates", dates)) if value is not None}
    organization, found = run(_checked(open_session(ctx), file, org, wanted))
    if html is not None:
        from commands.check_page import write_check_page

        write_check_page(html, file.name, organization, found)
    if as_json:
        print_json(
            {
                "kind": None if found.kind is None else str(found.kind),
                "headers": [{"label": label, "meaning": meaning} for label, meaning in found.headers],
                "problems": [finding_as_dict(problem) for problem in found.problems],
                "notes": [finding_as_dict(note) for note in found.notes],
                "would": found.counts.as_dict(),
                "would_hold": found.hold is not None,
                "changes": [change_as_dict(change) for change in found.changes],
            }
        )
    elif html is not None:
        say(f"The report is in {html}.")
    else:
        from commands.check_page import print_check

        print_check(file.name, organization, found, everything=everything)
    if found.problems:
        raise typer.Exit(NO)


async def _checked(
    session: Session, file: Path, org_id: str | None, wanted: dict[str, str]
) -> "tuple[Organization | None, DryRun]":
    from core.organization_settings import parse_organization_settings
    from core.organizations_store import organization_by_id
    from processor.checking import dry_run

    if org_id is None:
        chosen = parse_organization_settings({"owner": NOBODY, **wanted})
        with progress_bar(TITLE) as progress:
            return None, await dry_run(
                database=None,
                clock=session.clock,
                path=file,
                org=None,
                organization_settings=chosen,
                progress=progress,
            )
    async with session.existing_database() as database:
        async with database.reading() as connection:
            organization = await organization_by_id(connection, org_id)
        chosen = organization.settings.changed(dict(wanted))
        with progress_bar(TITLE) as progress:
            return organization, await dry_run(
                database=database,
                clock=session.clock,
                path=file,
                org=organization,
                organization_settings=chosen,
                progress=progress,
            )
