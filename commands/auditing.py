"""What commands write into the audit trail (rule A5): in the transaction of the change itself."""

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commands.session import Session
    from core.audit import Event


async def note(
    session: "Session",
    connection: Any,
    event: "Event",
    *,
    org_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Write one line; who is the system user that runs the command, and there is no address."""
    from core.audit import AuditEntry
    from core.audit_store import append

    entry = AuditEntry(at=session.clock.now(), event=event, who=operator(), org_id=org_id, detail=detail)
    await append(connection, [entry])


def operator() -> str:
    """Return who runs this command: `operator:` and the system's user name."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):
        return "operator:unknown"
