"""All that one file would change, complete before any lock is taken; `apply_store.py` writes it, `check` shows it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import dropwhile, islice
from pathlib import Path
from types import TracebackType

import numpy as np

from processor.directory.digests import Numbers
from processor.directory.file_findings import FileFindings
from processor.directory.fingerprints import Fingerprints
from processor.directory.people import Person
from processor.directory.spill import Row, Spill
from processor.findings import Note, Problem
from processor.imports import Change, Counts, Kind, Outcome
from processor.ranges import ByteRanges

FIELD = 3  # its place in a row of `changes`: kind, target, key, field, old, new
ALL_CREATED = "all created"  # in the place of a field: `new` users are made, from the target on


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField:
    """A custom field that this file makes (C1)."""

    label: str
    key: str
    type: str


class ManagersOfNew:
    """Managers of users whom the plan makes; a dict of a million would take 100 MB (F4)."""

    def __init__(self) -> None:
        self._users = np.empty(0, dtype=np.int64)
        self._managers = np.empty(0, dtype=np.int64)

    def set(self, users: Numbers, managers: Numbers) -> None:
        """Take all of them, once."""
        order = np.argsort(users)
        self._users, self._managers = users[order], managers[order]

    def of(self, users: list[int]) -> list[int | None]:
        """Return the manager of each user, None where there is none."""
        if not len(self._users):
            return [None] * len(users)
        wanted = np.array(users, dtype=np.int64)
        at = np.searchsorted(self._users, wanted)
        at[at == len(self._users)] = 0
        found = np.where(self._users[at] == wanted, self._managers[at], 0).tolist()
        return [manager or None for manager in found]


@dataclass(slots=True)
class Guarded:
    """What the guards look at (G1): known active users to be deactivated, known users with a value replaced."""

    deactivated: int = 0
    replaced: int = 0

    @property
    def is_any(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.deactivated or self.replaced)


@dataclass(slots=True, kw_only=True)
class Plan:
    """Rows ready to be written, in temporary files where they are many; counts; what was found."""

    kind: Kind | None
    version: int = 0  # of the directory it was made against
    counts: Counts = field(default_factory=Counts)
    new_users: Spill
    updated_users: Spill
    new_teams: Spill
    updated_teams: Spill
    memberships: Spill
    ended_memberships: Spill
    relinked: Spill  # (manager, user) of known users
    changes: Spill
    moved: list[tuple[int, str]] = field(
        default_factory=list
    )  # user, key of the address that he had before (P1)
    guarded: Guarded = field(default_factory=Guarded)
    findings: FileFindings
    new_fields: list[NewField] = field(default_factory=list)
    changed_fields: list[tuple[str, str]] = field(default_factory=list)  # label key, new type (C2)
    managers_of_new: ManagersOfNew = field(default_factory=ManagersOfNew)
    users_made: int = 0
    teams_made: int = 0
    fingerprints: Fingerprints | None = None
    date_order: str | None = None  # what the file proved (P9)
    refused_ranges: ByteRanges = field(default_factory=ByteRanges)  # of refused rows, for rejected.csv
    header_range: tuple[int, int] = (0, 0)
    hold: str | None = None  # why a guard holds the file (G1)
    missing: list[str] = field(
        default_factory=list
    )  # addresses of the first whom the file names no more (P2)
    headers: list[tuple[str, str]] = field(
        default_factory=list
    )  # what columns are understood as, where asked for
    created: dict[tuple[str, str], tuple[Change, ...]] = field(
        default_factory=dict
    )  # values, where asked for
    problems: int = 0
    refused: bool = False  # the file as a whole
    labels: Sequence[str] = ()  # as the file writes them

    @property
    def outcome(self) -> Outcome:
        """What an import with this plan ends in; a file none of whose rows counts is refused."""
        if self.refused or (self.counts.rows and self.counts.rows == self.counts.rows_refused):
            return Outcome.REFUSED
        return Outcome.PARTIAL if self.problems else Outcome.IMPORTED

    def all_changes(self) -> Iterator[list[Row]]:
        """Yield all changes in batches, each creation by itself."""
        made = (row for batch in self.new_users.batches() for row in batch)
        for batch in self.changes.batches():
            found: list[Row] = []
            for row in batch:
                if row[FIELD] != ALL_CREATED:
                    found.append(row)
                    continue
                users = dropwhile(partial(_is_other, row[1]), made)
                found += [
                    ("user", user[0], user[1], "created", None, user[1]) for user in islice(users, row[-1])
                ]
            yield found

    def would_be_active(self, wanted: set[str]) -> set[str]:
        """Return those of the address keys whose users this plan would make, active (H8)."""
        active = Person._fields.index("deactivated_at")
        rows = (row for batch in self.new_users.batches() for row in batch)
        return {row[-1] for row in rows if row[active] is None and row[-1] in wanted}

    def forget_what_is_not_applied(self) -> None:
        """Section W: a refused file applies nothing; what its rows and cells were refused for stays counted."""
        counts = self.counts
        self.counts = Counts(
            rows=counts.rows, rows_refused=counts.rows_refused, cells_refused=counts.cells_refused
        )
        self.fingerprints = None
        self.changes.clear()
        self.missing = []

    def add_problems(self, found: Sequence[Problem]) -> None:
        """Take problems."""
        self.problems += len(found)
        self.findings.add(found, is_note=False)

    def add_notes(self, found: Sequence[Note]) -> None:
        """Take notes, which never change the outcome."""
        self.findings.add(found, is_note=True)

    def refuse_file(self, problems: list[Problem]) -> None:
        """Rule F2: nothing of the file is applied."""
        self.add_problems(problems)
        self.refused = True


def _is_other(person: int, row: Row) -> bool:
    return bool(row[0] != person)


class FileRefusedError(Exception):
    """Nothing of the file may be applied."""

    def __init__(self, refusal: Problem) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class PlanSpace:
    """Makes plans and gives their temporary files back."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()

    def new_plan(self, kind: Kind | None = None) -> Plan:
        """Return an empty plan."""
        return Plan(
            kind=kind,
            new_users=self.new_spill(),
            updated_users=self.new_spill(),
            new_teams=self.new_spill(),
            updated_teams=self.new_spill(),
            memberships=self.new_spill(),
            ended_memberships=self.new_spill(),
            relinked=self.new_spill(),
            changes=self.new_spill(),
            findings=FileFindings(spill=self.new_spill()),
        )

    def new_spill(self) -> Spill:
        """Return a place for rows of another kind."""
        return self._open.enter_context(Spill(folder=self._folder))

    def __enter__(self) -> "PlanSpace":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
