"""`rosterdrop users`: the people of an organization's directory."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from commands.output import JsonOption, print_json, print_json_array, print_pairs, print_table, say
from commands.session import Session, open_session, run
from core.errors import NotFoundError

if TYPE_CHECKING:
    from processor.directory.listing_store import ListedUser

FIRST = 1_000  # a terminal shows so many

app = typer.Typer(no_args_is_help=True, help="Users of an organization's directory.")


@app.command("list")
def list_all(
    ctx: typer.Context,
    org: Annotated[str, typer.Option(metavar="ORG", help="The organization's id.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show an organization's users by address.

    Example: `rosterdrop users list --org 007 --json`
    """
    session = open_session(ctx)
    if as_json:
        run(_print_json(session, org))
        return
    shown, more, zone = run(_first(session, org))
    print_table(
        ("Email", "Name", "Type", "Admin", "Status", "Manager", "Teams"),
        (
            (
                u.email,
                u.name,
                u.account_type,
                u.is_org_admin,
                status(u, zone),
                u.manager_email,
                teams_in_words(u.teams),
            )
            for u in shown
        ),
        nothing="There are no users.",
    )
    if more:
        say(f"These are the first {FIRST:,}; --json gives all.")


@app.command("show")
def show(
    ctx: typer.Context,
    org: Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The user's address.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show one user with all fields.

    Example: `rosterdrop users show 007 ann@mavericks.example`
    """
    user, deactivated_at = run(_one(open_session(ctx), org, email))
    if as_json:
        print_json(asdict(user))
        return
    labels = {
        "email": "Email",
        "name": "Name",
        "first_name": "First name",
        "last_name": "Last name",
        "account_type": "Account type",
        "is_org_admin": "Administrator",
        "status": "Status",
        "deactivation_date": "Deactivation date",
        "deactivates_at": "Deactivates at",
        "manager_email": "Manager",
        "teams": "Teams",
    }
    values = {**asdict(user), "teams": teams_in_words(user.teams)}
    if deactivated_at is not None:
        labels["deactivates_at"], values["deactivates_at"] = "Deactivated at", deactivated_at
    print_pairs([(label, values[name]) for name, label in labels.items()] + list(user.custom.items()))


def teams_in_words(names: Iterable[str]) -> str:
    """Return the names of teams as a file writes them: a name with a comma stands in quotation marks (P5)."""
    from processor.reading.values import join_teams

    return ", ".join(join_teams([name]) for name in names)


def status(user: "ListedUser", zone: ZoneInfo) -> str:
    """Say whether a user is active, and until which day of the organization's time zone (P8)."""
    return f"active until {last_day(user.deactivates_at, zone)}" if user.deactivates_at else user.status


def last_day(deactivates_at: str, zone: ZoneInfo) -> str:
    """Return the day of the organization's time zone until which a user is active."""
    return f"{datetime.fromisoformat(deactivates_at).astimezone(zone):%Y-%m-%d}"


async def _print_json(session: Session, org_id: str) -> None:
    from processor.directory.listing_store import ListedUser

    names = [field.name for field in fields(ListedUser)]  # asdict() copies each value, too slow for a million

    async def dicts() -> AsyncIterator[dict[str, Any]]:
        async for user in _users(session, org_id):
            yield {name: getattr(user, name) for name in names}

    await print_json_array(dicts())


async def _first(session: Session, org_id: str) -> "tuple[list[ListedUser], bool, ZoneInfo]":
    from core.organizations_store import organization_by_id

    async with session.reading() as connection:
        zone = ZoneInfo((await organization_by_id(connection, org_id)).settings.time_zone)
    found: list[ListedUser] = []
    async for user in _users(session, org_id):
        if len(found) == FIRST:
            return found, True, zone
        found.append(user)
    return found, False, zone


async def _users(session: Session, org_id: str) -> "AsyncIterator[ListedUser]":
    from core.organizations_store import organization_by_id
    from processor.directory.listing_store import users_of

    async with session.reading() as connection:
        organization = await organization_by_id(connection, org_id)
        async for user in users_of(connection, organization.no):
            yield user


async def _one(session: Session, org_id: str, email: str) -> "tuple[ListedUser, str | None]":
    """Return a user, and when he was deactivated."""
    from core.organizations_store import organization_by_id
    from processor.directory.deactivations_store import state_of
    from processor.directory.listing_store import user_of

    async with session.reading() as connection:
        organization = await organization_by_id(connection, org_id)
        user = await user_of(connection, organization.no, email)
        if user is None:
            raise NotFoundError(
                f"{organization.name} has no user with that address: `rosterdrop users list` shows all."
            )
        state = await state_of(connection, org_no=organization.no, email=email)
        return user, None if state is None else state.deactivated_at
