"""What commands write into the audit trail (rule A5): in the transaction of the change itself."""

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commands.session import Session
    from core.audit import Event
    from core.organization_settings import OrganizationSettings

ADDRESSES = ("owner", "recipients")


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


def setting_changes(old: "OrganizationSettings", new: "OrganizationSettings") -> list[str]:
    """Return a detail for each setting that changed; people's addresses are left out (rule R3)."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return [
        key if key in ADDRESSES else f"{key}: {_shown(before[key])} -> {_shown(after[key])}"
        for key in after
        if before[key] != after[key]
    ]


def _shown(value: Any) -> str:
    from commands.output import shown

    return (shown(value) or "none") if not isinstance(value, dict) else f"{len(value)} entries"
