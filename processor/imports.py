"""One import: what is kept of it (rule R2) and what it counted (section X)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from core.inbox import Origin


class Outcome(StrEnum):
    """Outcomes, final, exactly one for each import; `waiting` and `held` may still change."""

    IMPORTED = "imported"
    PARTIAL = "partial"
    REFUSED = "refused"
    CHECKED = "checked"
    DISCARDED = "discarded"
    WAITING = "waiting"
    HELD = "held"

    @property
    def is_final(self) -> bool:
        """Whether nothing can change it any more."""
        return self not in (Outcome.WAITING, Outcome.HELD)

    @property
    def folder(self) -> str:
        """Rule R1: where the file is filed."""
        return "error" if self in (Outcome.REFUSED, Outcome.DISCARDED) else "archive"


class Kind(StrEnum):
    """What a file brings."""

    USERS = "users"
    TEAMS = "teams"


@dataclass(slots=True)
class Counts:
    """People and teams once each, those created on the way included."""

    rows: int = 0
    rows_refused: int = 0
    cells_refused: int = 0
    users_created: int = 0
    users_updated: int = 0
    users_unchanged: int = 0
    deactivations_planned: int = 0
    teams_created: int = 0
    teams_updated: int = 0
    memberships_added: int = 0
    fields_created: int = 0
    users_missing: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by their JSON names."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """The row of one import."""

    number: int
    org_no: int
    org_id: str
    uid: str
    seq: int
    name: str
    size_bytes: int
    sha256: str | None = None
    origin: Origin
    accepted_at: str
    started_at: str | None = None
    finished_at: str | None = None
    kind: Kind | None = None
    outcome: Outcome | None = None
    counts: Counts = field(default_factory=Counts)
    hold_reason: str | None = None
    approved_at: str | None = None
    run_now: bool = False
    attempts: int = 0  # times that it ended a worker or raised what nothing foresaw
    filed_as: str | None = None
    file_purged_at: str | None = None  # R3: the file and those beside it are gone since then
    log_purged_at: str | None = None  # R3: problems and changes are
    column_numbers: Mapping[str, int] = field(default_factory=dict)  # of labels that may be data (N1)


@dataclass(frozen=True, slots=True)
class Change:
    """One value that an import changed (rule R2); a creation has the field `created`."""

    kind: str  # user, team
    key: str  # address or team name before the change
    field: str  # JSON name, `custom.<label>`, `teams` for one membership, `created`
    old: object
    new: object
