"""`rosterdrop org map`: an organization's header map, their labels to ours (rule H5)."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import JsonOption, print_json, print_table, say
from commands.session import Session, open_session, run
from core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from core.organizations import Organization


def show_or_change(
    ctx: typer.Context,
    org: Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)],
    entries: Annotated[
        list[str] | None,
        typer.Argument(metavar="THEIRS=OURS", help="Entries to add or replace.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="Take an entry out; may be repeated.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take all entries out first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what an organization's own labels mean: one of ours, `ignore`, or the name of a custom field.

    Several of theirs for one of ours: the first that is not blank in the row counts. Without entries the map is shown.

    Example: `rosterdrop org map 007 "Work E-mail=User Email" "Cost Center=ignore"`
    """
    session = open_session(ctx)
    wanted = dict(_entry(text) for text in entries or [])
    changing = bool(wanted or remove or clear)
    organization = run(
        _changed(session, org, wanted, remove or [], clear) if changing else _found(session, org)
    )
    if changing:
        session.nudge(org)
    _print(organization, as_json=as_json)


def _entry(text: str) -> tuple[str, str]:
    """Read `THEIRS=OURS`; an empty right side takes the preset's entry for that label away."""
    theirs, sign, ours = text.rpartition("=")
    if not sign or not theirs.strip():
        raise UsageError(f'"{text}" is no entry of a map; write it as "Their label=Our label".')
    return theirs.strip(), ours.strip()


async def _found(session: Session, org_id: str) -> "Organization":
    from core.organizations_store import organization_by_id

    async with session.reading() as connection:
        return await organization_by_id(connection, org_id)


async def _changed(
    session: Session, org_id: str, wanted: dict[str, str], remove: list[str], clear: bool
) -> "Organization":
    from commands.auditing import note, setting_changes
    from core.audit import Event
    from core.organizations_store import change_organization, organization_by_id

    async with session.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        header_map = {} if clear else dict(organization.settings.header_map)
        for label in remove:
            if header_map.pop(label.strip(), None) is None:
                raise NotFoundError(
                    f"The map of {org_id} has no entry {label!r}: `rosterdrop org map {org_id}` shows it."
                )
        header_map.update(wanted)
        settings = organization.settings.changed({"header_map": header_map})
        await change_organization(connection, org_id, settings=settings)
        for detail in setting_changes(organization.settings, settings):
            await note(session, connection, Event.SETTING_CHANGED, org_id=org_id, detail=detail)
        return await organization_by_id(connection, org_id)


def _print(organization: "Organization", *, as_json: bool) -> None:
    from processor.reading.presets import load_preset, map_of

    settings = organization.settings
    preset = load_preset(settings.preset) if settings.preset else None
    if as_json:
        print_json(
            {
                "map": settings.header_map,
                "preset": settings.preset,
                "in_force": map_of(preset, settings.header_map),
            }
        )
        return
    rows = [
        (
            theirs,
            _meaning(theirs, ours),
            "own" if theirs in settings.header_map else f"preset {settings.preset}",
        )
        for theirs, ours in map_of(preset, settings.header_map).items()
    ]
    print_table(
        ("Label", "Means", "From"),
        rows,
        nothing="The map is empty: labels are understood as they stand.",
    )
    if taken := [theirs for theirs, ours in settings.header_map.items() if not ours]:
        say(f"Without the preset's entry: {', '.join(taken)}")


def _meaning(theirs: str, ours: str) -> str:
    from processor.reading.labels import Meaning
    from processor.reading.maps import read_target

    target = read_target(theirs, ours)
    match target.meaning:
        case Meaning.CUSTOM:
            return f"custom field {target.field}"
        case Meaning.STATUS:
            return f"{target.meaning} ({', '.join(target.words)})" if target.words else str(target.meaning)
        case _:
            return str(target.meaning)
