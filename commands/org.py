"""`rosterdrop org`: organizations, made, shown, changed (section K)."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands import org_key, org_map, org_remove
from commands.output import JsonOption, print_json, print_table, say, warn
from commands.session import Session, open_session, run

if TYPE_CHECKING:
    from core.database import Connection
    from core.organization_settings import OrganizationSettings
    from core.organizations import Organization

LONGEST_OVERLAP_H = 24 * 30  # of two passwords
WORDS_ARE_SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": True}

app = typer.Typer(no_args_is_help=True, help="Organizations: make, show and change them.")
app.command("map")(org_map.show_or_change)
app.add_typer(org_key.app, name="key")

Id = Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)]
Settings = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Any setting of the organization.", show_default=False),
]
Owner = Annotated[str | None, typer.Option(metavar="EMAIL", help="The first user: active, administrator.")]
Recipients = Annotated[
    list[str] | None,
    typer.Option("--recipient", metavar="EMAIL", help="Who gets a mail for each import; may be repeated."),
]
Mode = Annotated[str | None, typer.Option(metavar="live|test", help="In test mode files are only checked.")]
Preset = Annotated[str | None, typer.Option(metavar="SYSTEM", help="The HR system that writes the files.")]
Dates = Annotated[str | None, typer.Option(metavar="auto|dmy|mdy", help="How 03/04/2026 is read.")]
TimeZone = Annotated[str | None, typer.Option(metavar="ZONE", help="IANA name, such as Europe/Berlin.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command("add", context_settings=WORDS_ARE_SETTINGS)
def add(  # noqa: PLR0913, PLR0917 - every option is a parameter
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The organization's name.", show_default=False)],
    words: Settings = None,
    org_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id; default: the next free number.")
    ] = None,
    owner: Owner = None,
    recipient: Recipients = None,
    mode: Mode = None,
    preset: Preset = None,
    dates: Dates = None,
    time_zone: TimeZone = None,
    password_stdin: PasswordStdin = False,
    as_json: JsonOption = False,
) -> None:
    """Make an organization and print what its HR system needs to connect. The password is shown once.

    Example: `rosterdrop org add Mavericks --owner ann@mavericks.example --recipient hr@mavericks.example`
    """
    from commands.access import password_from, print_access
    from commands.assignments import split_words, with_options
    from commands.new_organization import add_organization
    from core.errors import UsageError
    from core.organization_settings import parse_organization_settings

    plain, settings = split_words(words or [])
    if plain:
        raise UsageError(f"{plain[0]!r} is no KEY=VALUE; a name with spaces needs quotes.")
    values = with_options(
        settings,
        owner=owner,
        recipients=recipient,
        mode=mode,
        preset=preset,
        dates=dates,
        time_zone=time_zone,
    )
    if "owner" not in values:
        raise UsageError(
            "Say who owns the organization: --owner EMAIL. It becomes its first user and administrator."
        )
    chosen = parse_organization_settings(values)
    password = password_from(stdin=password_stdin)
    session = open_session(ctx)
    organization = run(
        add_organization(session, name=name, org_id=org_id, settings=chosen, password=password)
    )
    session.nudge(organization.id)
    if not chosen.recipients:
        warn(
            f"nobody gets mails about imports but the owner; "
            f"`rosterdrop org set {organization.id} recipients=EMAIL,...` names recipients."
        )
    print_access(session, organization, password, as_json=as_json)


@app.command("list")
def list_all(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show all organizations.

    Example: `rosterdrop org list --json`
    """
    found = run(_all(open_session(ctx)))
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "name": one.name,
                    "username": one.username,
                    "enabled": one.enabled,
                    "mode": one.settings.mode,
                    "owner": one.settings.owner,
                    "created_at": one.created_at,
                }
                for one in found
            ]
        )
        return
    print_table(
        ("ID", "Name", "Username", "Enabled", "Mode", "Owner"),
        ((o.id, o.name, o.username, o.enabled, o.settings.mode, o.settings.owner) for o in found),
        nothing="There are no organizations: `rosterdrop org add NAME --owner EMAIL` makes one.",
    )


@app.command("show")
def show(ctx: typer.Context, org: Id, as_json: JsonOption = False) -> None:
    """Show an organization's settings, and recipients who get no mail because they are not active users.

    Example: `rosterdrop org show 007`
    """
    from commands.org_page import print_organization

    print_organization(open_session(ctx), org, as_json=as_json)


@app.command("set", context_settings=WORDS_ARE_SETTINGS)
def change(
    ctx: typer.Context,
    org: Id,
    words: Settings = None,
    owner: Owner = None,
    recipient: Recipients = None,
    mode: Mode = None,
    preset: Preset = None,
    dates: Dates = None,
    time_zone: TimeZone = None,
) -> None:
    """Change settings; all or, if one is wrong, none.

    Example: `rosterdrop org set 007 time_zone=Europe/Berlin dates=dmy --mode live`
    """
    from commands.assignments import split_words, with_options
    from core.errors import UsageError

    plain, settings = split_words(words or [])
    values = with_options(
        settings,
        owner=owner,
        recipients=recipient,
        mode=mode,
        preset=preset,
        dates=dates,
        time_zone=time_zone,
    )
    if plain or not values:
        raise UsageError(
            "Say what to set: `rosterdrop org set ORG KEY=VALUE ...`; docs/commands.md lists the keys."
        )
    session = open_session(ctx)
    changed = run(_set(session, org, values))
    session.nudge(org)
    say(f"{changed.name} ({org}): {', '.join(f'{key} = {_told(changed, key)}' for key in values)}")


@app.command("password")
def password(
    ctx: typer.Context,
    org: Id,
    password_stdin: PasswordStdin = False,
    keep_old_hours: Annotated[
        float,
        typer.Option(
            metavar="HOURS", min=0, max=LONGEST_OVERLAP_H, help="How long the old one is good, too."
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Give an organization a new password; the old one counts no more, or for some hours. It is shown once.

    Example: `rosterdrop org password 007 --keep-old-hours 24`
    """
    from commands.access import password_from, print_access

    session = open_session(ctx)
    run(_one(session, org))
    new = password_from(stdin=password_stdin)
    organization, until = run(_replace_password(session, org, new, keep_old_hours))
    session.nudge(org)
    if until is not None:
        warn(f"the old password is good, too, until {until}.")
    print_access(session, organization, new, as_json=as_json)


app.command("remove")(org_remove.remove)


@app.command("enable")
def enable(ctx: typer.Context, org: Id) -> None:
    """Let an organization log in again; what waited in its queue is imported.

    Example: `rosterdrop org enable 007`
    """
    session = open_session(ctx)
    organization = run(_switch(session, org, disabled_at=None))
    session.nudge(org)
    say(f"{organization.name} ({org}) is enabled.")


@app.command("disable")
def disable(ctx: typer.Context, org: Id) -> None:
    """Keep an organization from logging in; its queue and planned deactivations stand still.

    Example: `rosterdrop org disable 007`
    """
    session = open_session(ctx)
    organization = run(_switch(session, org, disabled_at=session.now()))
    session.nudge(org)
    say(f"{organization.name} ({org}) is disabled: it cannot log in, and its queue stands still.")


async def _all(session: Session) -> "list[Organization]":
    from core.organizations_store import all_organizations

    async with session.reading() as connection:
        return await all_organizations(connection)


async def _one(session: Session, org_id: str) -> "Organization":
    from core.organizations_store import organization_by_id

    async with session.reading() as connection:
        return await organization_by_id(connection, org_id)


async def _set(session: Session, org_id: str, values: dict[str, object]) -> "Organization":
    from dataclasses import replace

    from commands.auditing import note, setting_changes
    from core.audit import Event
    from core.organizations_store import change_organization, organization_by_id
    from processor.expectations_store import note_setting

    async with session.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        settings = organization.settings.changed(values)
        if settings.owner != organization.settings.owner:
            await _check_owner(connection, organization, settings.owner)
        await change_organization(connection, org_id, settings=settings)
        await note_setting(connection, replace(organization, settings=settings), now=session.clock.now())
        for detail in setting_changes(organization.settings, settings):
            await note(session, connection, Event.SETTING_CHANGED, org_id=org_id, detail=detail)
        return await organization_by_id(connection, org_id)


async def _check_owner(connection: "Connection", organization: "Organization", owner: str) -> None:
    """Refuse an owner who is nobody: teams without an owner and mails would be his (rules T2, N2).

    Raises:
        UsageError: the address is not that of an active user.
    """
    from core.addresses import address_key
    from core.errors import UsageError
    from processor.directory.listing_store import active_keys

    if not await active_keys(connection, organization.no, [address_key(owner)]):
        raise UsageError(
            f"owner: {owner} is not an active user of {organization.name}, so nothing was changed: "
            f"`rosterdrop users list --org {organization.id}` shows who is, and a users file makes more."
        )


async def _replace_password(
    session: Session, org_id: str, new: str, keep_old_hours: float
) -> "tuple[Organization, str | None]":
    from datetime import timedelta

    from commands.auditing import note
    from core.accounts_store import password_hash_of, replace_password
    from core.audit import Event
    from core.clock import to_text
    from core.organizations_store import organization_by_id
    from core.passwords import hash_beside, hash_password

    async with session.reading() as connection:
        old = await password_hash_of(connection, org_id)
    until = session.clock.now() + timedelta(hours=keep_old_hours) if keep_old_hours else None
    hashed = hash_beside(new, old) if until else hash_password(new)
    detail = f"the old one is good until {to_text(until)}" if until else None
    async with session.writing() as connection:
        await replace_password(
            connection,
            org_id,
            password_hash=hashed,
            old_password_hash=old if until else None,
            old_password_until=until,
        )
        await note(session, connection, Event.PASSWORD_CHANGED, org_id=org_id, detail=detail)
        organization = await organization_by_id(connection, org_id)
    return organization, None if until is None else to_text(until)


async def _switch(session: Session, org_id: str, *, disabled_at: str | None) -> "Organization":
    from commands.auditing import note
    from core.audit import Event
    from core.organizations_store import change_organization, organization_by_id

    event = Event.ORGANIZATION_DISABLED if disabled_at else Event.ORGANIZATION_ENABLED
    async with session.writing() as connection:
        await change_organization(connection, org_id, disabled_at=disabled_at)
        await note(session, connection, event, org_id=org_id)
        return await organization_by_id(connection, org_id)


def _told(organization: "Organization", key: str) -> str:
    from commands.output import shown

    settings: OrganizationSettings = organization.settings
    return shown(getattr(settings, key)) or "none"
