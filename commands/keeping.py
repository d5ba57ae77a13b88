"""`rosterdrop users reactivate` and `users keep`: what a file cannot do about deactivations (rule P8)."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from commands.output import say, shown
from commands.session import Session, open_session, run
from commands.users import last_day
from core.errors import NotFoundError, ServiceError

if TYPE_CHECKING:
    from processor.directory.deactivations_store import UserState

OrgArgument = Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)]
EmailArgument = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The user's address.", show_default=False)
]

Change = Callable[..., Awaitable[None]]


class NothingToDoError(ServiceError):
    """The user stands so already."""

    code = "nothing_to_do"


def reactivate(ctx: typer.Context, org: OrgArgument, email: EmailArgument) -> None:
    """Bring a deactivated user back; the same date in a later file does not deactivate again.

    Example: `rosterdrop users reactivate 007 ann@mavericks.example`
    """
    found, _ = run(_reactivate(open_session(ctx), org, email))
    say(f"{shown(found.email)} is active again.")


def keep(ctx: typer.Context, org: OrgArgument, email: EmailArgument) -> None:
    """Cancel a planned deactivation; the same date in a later file does not plan it again.

    Example: `rosterdrop users keep 007 ann@mavericks.example`
    """
    found, zone = run(_keep(open_session(ctx), org, email))
    day = last_day(found.deactivates_at or "", zone)
    say(f"{shown(found.email)} stays: the deactivation planned for {day} is cancelled.")


async def _reactivate(session: Session, org_id: str, email: str) -> "tuple[UserState, ZoneInfo]":
    from processor.directory import deactivations_store as store

    def check(user: "UserState") -> None:
        if user.deactivated_at is None:
            plan = f"; `rosterdrop users keep {org_id} EMAIL` cancels a plan" if user.deactivates_at else ""
            raise NothingToDoError(f"{user.email} is active: nothing was changed{plan}.")

    return await _change(session, org_id, email, check, store.reactivate, "person.reactivated")


async def _keep(session: Session, org_id: str, email: str) -> "tuple[UserState, ZoneInfo]":
    from processor.directory import deactivations_store as store

    def check(user: "UserState") -> None:
        if user.deactivates_at is None:
            away = f"; `rosterdrop users reactivate {org_id} EMAIL` brings the user back"
            raise NothingToDoError(
                f"{user.email} has no planned deactivation: nothing was changed{away if user.deactivated_at else ''}."
            )

    return await _change(session, org_id, email, check, store.cancel_plan, "person.kept")


async def _change(
    session: Session,
    org_id: str,
    email: str,
    check: "Callable[[UserState], Any]",
    change: Change,
    event: str,
) -> "tuple[UserState, ZoneInfo]":
    """Judge, change and audit in one transaction; return how the user stood before, and the time zone."""
    from commands.auditing import note
    from core.audit import Event
    from core.organizations_store import organization_by_id
    from processor.directory.deactivations import number_of
    from processor.directory.deactivations_store import state_of

    async with session.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        user = await state_of(connection, org_no=organization.no, email=email)
        if user is None:
            raise NotFoundError(
                f"{organization.name} has no user with that address: `rosterdrop users list --org {org_id}` shows all."
            )
        check(user)
        await change(connection, user, org_no=organization.no, now=session.now())
        await note(session, connection, Event(event), org_id=org_id, detail=f"user {number_of(user.id)}")
    return user, ZoneInfo(organization.settings.time_zone)
