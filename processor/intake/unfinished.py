"""Files at a customer's server that are written for ever (rule S2): what is said of them, to whom, and once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from core.clock import from_text
from core.database import Connection
from core.organizations import Organization
from core.settings import Settings
from processor.intake.pulls import Pull, PullState
from processor.mail import outbox_store
from processor.mail.pull_notices import compose_unfinished_mail
from processor.telling import audience_of, tell, tell_operator

SHOWN = 3  # names


def complaint_of(names: Sequence[str]) -> str:
    """Say what is wrong and what helps."""
    return (
        f"For more than an hour each look has found a file that was still being written, now {shown(names)}: the "
        "customer's system should write under a temporary name, and rename the file when it is complete."
    )


def shown(names: Sequence[str]) -> str:
    """Return some names in a line."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(sorted(names)[:SHOWN]) + more


async def tell_of_unfinished(
    connection: Connection,
    *,
    pull: Pull,
    organization: Organization,
    state: PullState,
    names: Sequence[str],
    settings: Settings,
    now: datetime,
) -> None:
    """Rules S2, N2: write to recipients and operator, once until a look has found all files complete."""
    if state.changing_since is None:
        return
    identity = f"pull-unfinished:{organization.no}:{state.changing_since}"
    audience = await audience_of(connection, organization, settings=settings)
    for_recipient, for_operator = (
        compose_unfinished_mail(
            organization=organization,
            place=pull.server.place,
            names=shown(names),
            since=from_text(state.changing_since),
            for_operator=is_operator,
        )
        for is_operator in (False, True)
    )
    await tell(
        connection, organization, audience, for_recipient, settings=settings, now=now, identity=identity
    )
    uuid = uuid5(NAMESPACE_URL, f"rosterdrop:{identity}:operator")
    if not audience.has(settings.operator_email) and not await outbox_store.has(
        connection, uuid, mail_from=settings.mail_from
    ):
        await tell_operator(connection, for_operator, settings=settings, now=now, uuid=uuid)
