"""Events of the audit trail (rule A5): their names, and one line of it; `audit_store.py` keeps them.

People are named by number, never by address; files and paths are named as they are.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Event(StrEnum):
    """What is written down; the part before the dot finds all of a kind."""

    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_REFUSED = "login.refused"
    UPLOAD_ACCEPTED = "upload.accepted"
    UPLOAD_PARTIAL = "upload.partial"
    UPLOAD_REFUSED = "upload.refused"
    UPLOAD_RENAMED = "upload.renamed"  # a taken name (U4): the drop keeps its own
    UPLOAD_REMOVED = "upload.removed"  # a taken name; the drop is discarded where it still waited
    FILE_DOWNLOADED = "file.downloaded"
    FOLDER_LISTED = "folder.listed"  # by support
    IMPORT_APPROVED = "import.approved"
    IMPORT_DISCARDED = "import.discarded"
    IMPORT_UNDONE = "import.undone"
    ORGANIZATION_ADDED = "organization.added"
    ORGANIZATION_ENABLED = "organization.enabled"
    ORGANIZATION_DISABLED = "organization.disabled"
    ORGANIZATION_REMOVED = "organization.removed"
    SETTING_CHANGED = "setting.changed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  # it is an event
    KEY_ADDED = "key.added"
    KEY_REMOVED = "key.removed"
    HOST_KEY_ADDED = "host_key.added"
    HOST_KEY_USED = "host_key.used"
    SECRETS_KEY_REPLACED = "secrets_key.replaced"  # the old one was lost for good (R3, S2)
    SUPPORT_ADDED = "support.added"
    SUPPORT_REMOVED = "support.removed"
    BAN_LIFTED = "ban.lifted"
    PERSON_ERASED = "person.erased"
    PERSON_REACTIVATED = "person.reactivated"
    PERSON_KEPT = "person.kept"  # a planned deactivation was cancelled
    BACKUP_MADE = "backup.made"
    FILES_PURGED = "files.purged"
    HISTORY_PURGED = "history.purged"
    PULL_ADDED = "pull.added"  # a customer's own server (S2)
    PULL_CHANGED = "pull.changed"
    PULL_REMOVED = "pull.removed"
    PULL_FETCHED = "pull.fetched"
    PULL_FAILED = "pull.failed"
    PULL_STOPPED = "pull.stopped"  # its host key changed
    PULL_RECOVERED = "pull.recovered"
    AUDIT_LOST = "audit.lost"


OK = "ok"
REFUSED = "refused"
DAEMON = "daemon"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line; `who` is an account, `operator:` and a system user, or `daemon`."""

    at: datetime
    event: Event
    who: str
    org_id: str | None = None
    address: str | None = None
    outcome: str = OK
    detail: str | None = None
    times: int = 1  # of refused logins: how many it stands for

    @property
    def minute(self) -> tuple[str | None, str, str | None, str]:
        """What refused logins of one row have in common (A2): organization, name, address, minute."""
        return (self.org_id, self.who, self.address, self.at.strftime("%Y-%m-%dT%H:%M"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One line as it was kept (section X)."""

    at: str
    org: str | None
    who: str
    address: str | None
    event: str
    outcome: str
    detail: str | None
