"""Limits (rule U9): what is too much is decided here and nowhere else; pure but for small counters.

Each decision returns the sentence that the client reads, or None. It begins with the reason and ends with `(U9)`.
"""

from collections import Counter, deque
from collections.abc import Hashable
from datetime import datetime

from core.organization_settings import OrganizationSettings
from core.recent_drops import HOUR
from core.settings import Settings

MAX_CHANNELS = 8
MAX_UNACCEPTED = 1_000  # uploads of an organization that are partial, temporary or being written
MAX_FAILED_PER_HOUR = (
    1_000  # uploads of an organization that broke off or were refused: each is a row of the trail
)
MAX_RENAMES = 100  # of one drop that was taken: each is a row of the audit trail
MAX_EXTENTS = 10_000  # ranges of one upload that writes in no order
MIB = 1 << 20


def settings_of(settings: Settings, organization: OrganizationSettings) -> Settings:
    """Return the operator's settings with what is less for this organization; where it has set nothing, they count.

    No organization gets more than the operator's setting: that is what the machine was sized for.
    """

    def least(operators: int, name: str, unit: int = 1) -> int:
        chosen = organization.limit(name)
        return operators if chosen is None else min(operators, chosen * unit)

    return settings.model_copy(
        update={
            "max_file_size_bytes": least(settings.max_file_size_bytes, "max_file_mib", MIB),
            "org_space_bytes": least(settings.org_space_bytes, "max_space_mib", MIB),
            "max_sessions_per_org": least(settings.max_sessions_per_org, "max_sessions"),
        }
    )


def connection_refusal(settings: Settings, *, connections: int, startups: int, of_address: int) -> str | None:
    """Judge a new connection; the numbers count the others, `of_address` those before login from its address."""
    if connections >= settings.max_sessions:
        return "Too many connections: try again later (U9)"
    if startups >= settings.max_startups:
        return "Too many connections that have not logged in: try again later (U9)"
    if of_address >= settings.max_startups_per_address:
        return "Too many connections of your address that have not logged in: try again later (U9)"
    return None


def login_refusal(settings: Settings, *, sessions_of_org: int) -> str | None:
    """Judge a login with the right password."""
    if sessions_of_org < settings.max_sessions_per_org:
        return None
    return (
        f"Too many sessions: your organization has {sessions_of_org} open, close some or try again later (U9)"
    )


def tries_refusal(settings: Settings, *, failures: int) -> str | None:
    """Judge a connection after a wrong password."""
    if failures < settings.max_login_tries:
        return None
    return f"Too many failed logins on this connection: {failures} (U9)"


def channel_refusal(*, channels: int) -> str | None:
    """Judge one more channel on a connection that has `channels`."""
    if channels < MAX_CHANNELS:
        return None
    return f"Too many channels: a connection may have {MAX_CHANNELS} (U9)"


def handle_refusal(settings: Settings, *, handles: int) -> str | None:
    """Judge one more open file or listing of a session."""
    if handles < settings.max_handles_per_session:
        return None
    return f"Too many open files: a session may have {settings.max_handles_per_session}, close some (U9)"


def upload_refusal(settings: Settings, *, uploads: int) -> str | None:
    """Judge one more upload of an organization: `uploads` were accepted within the hour or are running."""
    if uploads < settings.max_drops_per_hour:
        return None
    return f"Too many uploads: an organization may send {settings.max_drops_per_hour} files an hour, send it later (U9)"


def failed_refusal(*, failed: int) -> str | None:
    """Judge one more upload after so many that broke off or were refused within the hour."""
    if failed < MAX_FAILED_PER_HOUR:
        return None
    return f"{MAX_FAILED_PER_HOUR} uploads of your organization failed within an hour: send it later (U9)"


def unaccepted_refusal(*, uploads: int) -> str | None:
    """Judge one more upload beside those that are not accepted: partial, temporary or being written."""
    if uploads < MAX_UNACCEPTED:
        return None
    return f"There are {MAX_UNACCEPTED} unfinished files in /local: rename or remove some of them first (U9)"


def rename_refusal(*, renames: int) -> str | None:
    """Judge one more RENAME of a drop that was taken (U4)."""
    if renames < MAX_RENAMES:
        return None
    return f"The file was taken, and its name was changed {MAX_RENAMES} times: send it again (U9)"


def size_refusal(settings: Settings, *, end: int) -> str | None:
    """Judge a write up to `end` of a file."""
    if end <= settings.max_file_size_bytes:
        return None
    return f"The file is too large: at most {_size(settings.max_file_size_bytes)} are taken, split it (U9)"


def space_refusal(settings: Settings, *, used_bytes: int, free_bytes: int) -> str | None:
    """Judge a write by what lies in the organization's folder and what the disk has left."""
    if used_bytes > settings.org_space_bytes:
        return f"No space left: your folder may hold {_size(settings.org_space_bytes)} (U9)"
    if free_bytes < settings.min_free_disk_bytes:
        return "The disk is nearly full: send the file again later (U9)"
    return None


def extents_refusal(*, extents: int) -> str | None:
    """Judge a file that is written in pieces."""
    if extents <= MAX_EXTENTS:
        return None
    return "The file is written in too many separate pieces: write it from begin to end (U9)"


class Tally:
    """Counts what is open by key; keys that fall to zero take no memory."""

    def __init__(self) -> None:
        self._counts: Counter[Hashable] = Counter()

    def __getitem__(self, key: Hashable) -> int:
        return self._counts.get(key, 0)

    @property
    def total(self) -> int:
        """The sum over all keys."""
        return self._counts.total()

    def enter(self, key: Hashable) -> None:
        """Count one more."""
        self._counts[key] += 1

    def leave(self, key: Hashable) -> None:
        """Count one less."""
        self._counts[key] -= 1
        if self._counts[key] <= 0:
            del self._counts[key]


class HourCount:
    """Counts what happened within the last hour."""

    def __init__(self) -> None:
        self._moments: deque[datetime] = deque()

    def add(self, now: datetime) -> None:
        """Count one."""
        self._moments.append(now)

    def at(self, now: datetime) -> int:
        """Return how many there were in the hour before `now`."""
        while self._moments and self._moments[0] <= now - HOUR:
            self._moments.popleft()
        return len(self._moments)


def _size(size_bytes: int) -> str:
    return f"{size_bytes // MIB} MiB" if size_bytes >= MIB else f"{size_bytes} bytes"
