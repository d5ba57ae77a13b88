"""What one session of an organization has read, for the audit trail (rule A5)."""

from typing import TYPE_CHECKING

from core.audit import AuditEntry, Event
from server.visits import Visit

if TYPE_CHECKING:
    from server.grounds import Grounds

MINUTE_S = 60.0


class Downloads:
    """Writes each file down once a minute: who opens one again and again fills no disk with rows."""

    def __init__(self, *, grounds: "Grounds", visit: Visit) -> None:
        self._grounds = grounds
        self._visit = visit
        self._minute = 0
        self._seen: set[str] = set()  # within that minute

    def note(self, path: str) -> None:
        """Rule A5: write down who took what; the same file again within the minute is the same row."""
        minute = int(self._grounds.monotonic() // MINUTE_S)
        if minute != self._minute:
            self._minute, self._seen = minute, set()
        if path in self._seen:
            return
        self._seen.add(path)
        self._grounds.audit(
            AuditEntry(
                at=self._grounds.clock.now(),
                event=Event.FILE_DOWNLOADED,
                who=self._visit.account,
                org_id=self._visit.org_id,
                address=self._visit.address,
                detail=path,
            )
        )
