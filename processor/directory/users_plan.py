"""Plans a users file: rows against what is known, batch by batch; links and administrators at the end (section P).

Nothing is written and nothing is locked here; the result is a `Plan`.
"""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.addresses import address_key
from core.organization_settings import OrganizationSettings
from processor.directory.admins import AdminLedger, Loss
from processor.directory.digests import ABSENT, DigestIndex, Numbers
from processor.directory.directory_store import DirectoryReader
from processor.directory.fingerprints import LineIndex, NewLines, as_numbers
from processor.directory.manager_links import Linked, ManagerLinks
from processor.directory.memberships import TeamsOfUsers
from processor.directory.people import FieldChange, Person, Today, new_person, updated_person
from processor.directory.plan import Plan
from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.keys import is_blank_row
from processor.reading.survey import Survey
from processor.reading.table import Batch, Record
from processor.reading.user_rows import ReadRow, UserRow


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersFile:
    """What a users file was understood to be."""

    batches: Iterable[Batch]
    read_row: ReadRow
    survey: Survey
    key_label: str
    manager_label: str | None
    admin_label: str | None
    date_label: str | None
    has_status: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that counts, with its person if that one is known."""

    row: UserRow
    record: Record
    known: Person | None


class UsersPlan:
    """The making of one plan."""

    def __init__(
        self,
        *,
        plan: Plan,
        directory: DirectoryReader,
        settings: OrganizationSettings,
        today: Today,
        lines: LineIndex,
    ) -> None:
        self._plan = plan
        self._counts = plan.counts
        self._directory = directory
        self._settings = settings
        self._today = today
        self._lines = lines
        self.new_lines = NewLines(evidence_values=lines.evidence_values)
        self.without_fingerprint: set[int] = set()
        self._first_new = (directory.state.org_no << 32) + directory.state.users_made + 1
        self._next = self._first_new
        self._seen = DigestIndex()  # address key -> place in the two arrays below
        self._seen_lines: array[int] = array("q")
        self._seen_people: array[int] = array("q")
        self._late: list[Taken] = []  # rows that would take an administrator away
        self.repeated_people: set[int] = set()  # whose known line stands below a row that counts
        self.refused_lines: list[int] = []  # known lines that were refused after all
        self._created: list[Person] = []
        self._keys: list[str] = []  # address keys of those created
        self._changed = False  # whether the row at hand changed a known person
        self._updated: list[Person] = []
        self._changes: list[tuple[object, ...]] = []

    async def make(self, file: UsersFile) -> None:
        """Plan the whole file."""
        directory, state = self._directory, self._directory.state
        self._file = file
        self._everybody = await directory.everybody()
        self._admins = AdminLedger(await directory.active_admins())
        self._links = ManagerLinks(plan=self._plan, directory=directory, column=file.manager_label)
        self._teams = TeamsOfUsers(
            plan=self._plan,
            known=await directory.teams(),
            first_id=(state.org_no << 32) + state.teams_made + 1,
            owner=await directory.owner(self._settings.owner),
            replace=self._settings.teams == "replace",
        )
        for batch in file.batches:
            await self._take(batch)
        await self._finish()

    @property
    def named(self) -> Numbers:
        """Everybody whom the file names in a row that counts (P2)."""
        parsed = np.frombuffer(self._seen_people, dtype=np.int64) if self._seen_people else as_numbers([])
        passed = self._lines.passed_people()
        return np.concatenate((passed, parsed[~np.isin(parsed, passed)]))

    @property
    def team_count(self) -> int:
        """How many teams the organization has after this file."""
        return len(self._teams)

    def not_named(self, earlier: Numbers) -> list[int]:
        """Rule P2: return those of earlier named people whom this file does not name."""
        missing: list[int] = earlier[~np.isin(earlier, self.named)].tolist()
        return missing

    async def _take(self, batch: Batch) -> None:
        self._counts.rows += len(batch.passed)
        self._counts.users_unchanged += self._lines.passed(batch.passed, batch.passed_lines)
        rows: list[tuple[UserRow, Record]] = []
        for record in batch.records:
            if is_blank_row(record.cells):
                continue
            self._counts.rows += 1
            row = self._file.read_row(record.line, record.cells)
            if isinstance(row, Problem):
                self._refuse(batch, record, row)
            else:
                rows.append((row, record))
        if rows:
            await self._apply(await self._first_ones(batch, rows))
            self._flush()

    async def _first_ones(self, batch: Batch, rows: list[tuple[UserRow, Record]]) -> list[Taken]:
        """Rule P10: keep the first row of each address; later ones are refused and name its line."""
        keys = [row.email_key for row, _ in rows]
        places = self._seen.find_texts(keys).tolist()
        known = self._everybody if self._everybody is not None else await self._directory.people(keys)
        people = as_numbers([person.id if (person := known.get(key)) else 0 for key in keys])
        passed = self._lines.lines_of(people).tolist()
        taken: list[Taken] = []
        here: dict[str, int] = {}
        for (row, record), key, place, passed_line in zip(rows, keys, places, passed, strict=True):
            first = here.get(key) or (self._seen_lines[place] if place != ABSENT else 0)
            if not first and 0 < passed_line < row.line:
                first = passed_line
            if first:
                self._refuse(batch, record, self._repeated(row.line, first))
            else:
                here[key] = row.line
                taken.append(Taken(row, record, known.get(key)))
        return taken

    def _repeated(self, line: int, first: int) -> Problem:
        return problem("repeated-address", line=line, column=self._file.key_label, first=first)

    def _refuse(self, batch: Batch, record: Record, why: Problem) -> None:
        """Rule P11: the row is refused whole, and kept for `rejected.csv` (R1)."""
        self._counts.rows_refused += 1
        self._plan.add_problems([why])
        start = batch.block.offset_of(record.line)
        self._plan.refused_ranges.append((start, start + len(record.raw)))

    async def _apply(self, taken: list[Taken]) -> None:
        joining = [item.known.id for item in taken if item.known is not None and item.row.teams]
        memberships = await self._directory.memberships(joining)
        start = len(self._seen_lines)
        for item in taken:
            self._seen_lines.append(item.row.line)
            if self._takes_admin_away(item):
                assert item.known is not None
                self._late.append(item)
                self._seen_people.append(item.known.id)
            else:
                self._seen_people.append(self._apply_row(item, memberships))
        numbers = np.arange(start, start + len(taken), dtype=np.int64)
        self._seen.add_texts([item.row.email_key for item in taken], numbers)

    def _takes_admin_away(self, item: Taken) -> bool:
        """Rules P7, P8: whether the row can only be judged after the file's last `Yes`."""
        row, known = item.row, item.known
        if known is None or not known.is_org_admin or known.deactivated_at is not None:
            return False
        leaves = row.deactivation_date is not None and row.deactivation_date != known.deactivation_date
        if row.is_org_admin is False or leaves:
            self._admins.losses.append(Loss(row.line, known.id))
            return True
        return False

    def _apply_row(self, item: Taken, memberships: dict[int, set[int]]) -> int:
        """Rules P2, P5: make or update the person of a row; returns the id."""
        row, known = item.row, item.known
        if known is None:
            person = self._create(row)
        else:
            person = self._update(row, known, memberships)
        if row.manager_email is not None and row.manager_email.key != row.email_key:
            stored = None if known is None else known.manager_id
            self._links.add(
                person=person,
                stored=stored,
                manager=row.manager_email,
                name=row.manager_called,
                line=row.line,
                counted=known is None or self._changed,
            )
        self._plan.add_problems(list(row.findings))
        self._plan.add_notes(list(row.notes))
        self._counts.cells_refused += len(row.findings)
        raw = item.record.raw
        if (
            not (row.findings or row.notes or person in self.without_fingerprint)
            and len(raw.splitlines()) == 1
        ):
            self.new_lines.add(raw, person, self._file.survey.add(item.record.cells))
        return person

    def _create(self, row: UserRow) -> int:
        person = new_person(row, person_id=self._next, today=self._today)
        self._next += 1
        self._counts.users_created += 1
        self._counts.deactivations_planned += person.deactivates_at is not None
        if person.is_org_admin and person.deactivated_at is None:
            self._admins.gained.add(person.id)
        self._created.append(person)
        self._keys.append(row.email_key)
        self._changes.append(("user", person.id, person.email, "created", None, person.email))
        if row.teams:
            self._teams.join(person.id, row.teams, known=None)
        return person.id

    def _update(self, row: UserRow, known: Person, memberships: dict[int, set[int]]) -> int:
        after, changes = updated_person(row, known, today=self._today, has_status=self._file.has_status)
        if row.is_org_admin is not None and row.is_org_admin != bool(known.is_org_admin):
            after = after._replace(is_org_admin=int(row.is_org_admin))
            changes.append(("is_org_admin", bool(known.is_org_admin), row.is_org_admin))
            if row.is_org_admin and known.deactivated_at is None:
                self._admins.gained.add(known.id)
        if after != known:
            self._updated.append(after)
        if after.deactivates_at != known.deactivates_at and after.deactivates_at is not None:
            self._counts.deactivations_planned += 1
        if row.teams:
            changes += self._teams.join(known.id, row.teams, known=memberships.get(known.id, set()))
        self._changes.extend(("user", known.id, known.email, *change) for change in changes)
        if changes:
            self._counts.users_updated += 1
        else:
            self._counts.users_unchanged += 1
        self._changed = bool(changes)
        self._notes(row, known, changes)
        return known.id

    def _notes(self, row: UserRow, known: Person, changes: Sequence[FieldChange]) -> None:
        """Rule P8: say that a file reactivates nobody, and that a plan stays though its cell is blank."""
        day = row.deactivation_date
        if known.deactivated_at is not None:
            if changes or day is None or not self._today.is_past(day):
                self._note("deactivated-updated", row, known)
        elif known.deactivates_at is not None and day is None and self._file.date_label is not None:
            self._note("plan-kept", row, known)

    def _note(self, code: str, row: UserRow, known: Person) -> None:
        self._plan.add_notes([problem(code, line=row.line, column=self._file.date_label)])
        self.without_fingerprint.add(known.id)

    def _flush(self) -> None:
        self._plan.new_users.append(
            [(*person, key) for person, key in zip(self._created, self._keys, strict=True)]
        )
        self._plan.updated_users.append([tuple(person) for person in self._updated])
        self._plan.changes.append(self._changes)
        self._created, self._keys, self._updated, self._changes = [], [], [], []
        self._teams.flush()
        self.new_lines.pack()

    async def _finish(self) -> None:
        await self._judge_admins()
        self._repeats_of_passed_lines()
        self._flush()
        linked = await self._links.resolve(
            seen=self._seen, people=self._seen_people, first_new=self._first_new, next_id=self._next
        )
        self._count_links(linked)
        made = linked.made
        self._next += len(made)
        self._counts.users_created += len(made)
        self._plan.new_users.append([(*person, address_key(person.email)) for person in made])
        self._plan.changes.append(
            [("user", person.id, person.email, "created", None, person.email) for person in made]
        )
        org_base = self._directory.state.org_no << 32
        self._plan.users_made = self._next - 1 - org_base
        self._plan.teams_made = self._directory.state.teams_made + self._teams.made

    async def _judge_admins(self) -> None:
        """Rules P7, P8: apply the rows that were put off, without what would take the last administrator."""
        refused = {loss.line for loss in self._admins.refused()}
        for item in self._late:
            judged = self._keep_admin(item) if item.row.line in refused else item
            memberships = await self._directory.memberships([item.known.id] if item.known else [])
            self._apply_row(judged, memberships)

    def _keep_admin(self, item: Taken) -> Taken:
        row, line = item.row, item.row.line
        found = list(row.findings)
        if row.is_org_admin is False:
            found.append(problem("last-admin", line=line, column=self._file.admin_label))
        if row.deactivation_date is not None:
            found.append(problem("last-admin-date", line=line, column=self._file.date_label))
        kept = row._replace(is_org_admin=None, deactivation_date=None, findings=tuple(found))
        return Taken(kept, item.record, item.known)

    def _repeats_of_passed_lines(self) -> None:
        """Rule P10: known lines that were passed over although an earlier row counts for the same person."""
        people = np.frombuffer(self._seen_people, dtype=np.int64) if self._seen_people else as_numbers([])
        passed = self._lines.lines_of(people)
        for place in np.flatnonzero(passed).tolist():
            self._refuse_passed(int(passed[place]), self._seen_lines[place])
            self._counts.users_unchanged -= 1
            self.repeated_people.add(int(people[place]))
        for line, first in self._lines.repeated:
            self._refuse_passed(line, first)

    def _refuse_passed(self, line: int, first: int) -> None:
        self._counts.rows_refused += 1
        self._plan.add_problems([self._repeated(line, first)])
        self.refused_lines.append(line)

    def _count_links(self, linked: Linked) -> None:
        self._counts.users_updated += linked.newly_changed
        self._counts.users_unchanged -= linked.newly_changed
        self.without_fingerprint |= linked.refused
