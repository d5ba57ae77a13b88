"""The second pass over a users file: rows that count against what is known; links and roles at the end (section P).

Which rows count is known from `first_look`. Nothing is written and nothing is locked here; the result is a `Plan`.
"""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.addresses import address_key
from core.organization_settings import OrganizationSettings
from processor.directory.admins import AdminLedger, Loss
from processor.directory.digests import Numbers
from processor.directory.directory_store import DirectoryReader
from processor.directory.fingerprints import LineIndex, NewLines
from processor.directory.first_look import BAD_KEY, COUNTS, ERASED, REPEATED_ADDRESS, TWO_USERS
from processor.directory.guard import is_guarded
from processor.directory.manager_links import CHANGED, REPLACED, SILENT, ManagerLinks
from processor.directory.manager_names import Namesakes
from processor.directory.memberships import TeamsOfUsers
from processor.directory.new_people import Judged, NewPeople
from processor.directory.people import FieldChange, Person, Today, new_person, updated_person
from processor.directory.plan import Plan
from processor.directory.remarks import Remarks
from processor.directory.spill import Row
from processor.directory.users_file import UsersFile
from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.keys import filled
from processor.reading.labels import Meaning
from processor.reading.plain_columns import PlainPeople
from processor.reading.table import Batch, Record
from processor.reading.user_rows import UserRow

TEAM_LIMIT = 100_000  # U9


class LastAdminError(Exception):
    """The plan would leave no active administrator: make it again and keep the roles of these lines (P7, P8)."""

    def __init__(self, lines: frozenset[int]) -> None:
        super().__init__("the last active administrator")
        self.lines = lines


class StaleLinesError(Exception):
    """Known lines mean something else after this file (a manager's new address, name or id): read it without (H6)."""


@dataclass(slots=True)
class _Pending:
    """Rows of one batch, before they are handed to the plan."""

    created: list[Row] = field(default_factory=list)
    updated: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _One:
    """A row that counts, as it was read; None where that refused it after all."""

    row: UserRow | None
    record: Record
    person: int  # whom it means, 0 for a new one


@dataclass(frozen=True, slots=True)
class _Many:
    """Rows that make people, read together."""

    plain: PlainPeople
    rows: Sequence[Judged]


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
        file: UsersFile,
    ) -> None:
        self._plan = plan
        self._counts = plan.counts
        self._directory = directory
        self._settings = settings
        self._today = today
        self._lines = lines
        self._file = file
        self._verdicts: Iterator[tuple[int, int]] = zip(
            file.look.verdicts.people, file.look.verdicts.why, strict=True
        )
        self._date_label = file.label(Meaning.DEACTIVATION_DATE)
        self._status_label = file.label(Meaning.STATUS)
        self.new_lines = NewLines(evidence_values=lines.evidence_values)
        self.without_fingerprint: set[int] = set()
        self._base = directory.state.org_no << 32
        self._next = self._base + directory.state.users_made + 1
        self._remarks = Remarks(header=file.header, match_field=file.look.match_field)
        self._links = ManagerLinks(
            plan=plan,
            remarks=self._remarks,
            directory=directory,
            header=file.header,
            namesakes=Namesakes(directory=directory, header=file.header, fields=file.fields),
            first_new=self._next,
            has_former=file.has_former,
        )
        self._pending = _Pending()
        self._stray: frozenset[int] = frozenset()  # of the batch at hand

    async def make(self) -> None:
        """Plan the whole file.

        Raises:
            LastAdminError: make it again with these lines in `keep_admins`.
            StaleLinesError: make it again without fingerprints.
        """
        directory, state = self._directory, self._directory.state
        self._everybody = await directory.everybody()
        self._by_id = None if self._everybody is None else {one.id: one for one in self._everybody.values()}
        self._admins = AdminLedger(await directory.active_admins())
        self._teams = TeamsOfUsers(
            plan=self._plan,
            known=await directory.teams(),
            first_id=self._base + state.teams_made + 1,
            owner=await directory.owner(self._settings.owner),
            replace=self._settings.teams == "replace",
            limit=TEAM_LIMIT,
        )
        self._new = NewPeople(
            plan=self._plan,
            today=self._today,
            admins=self._admins,
            teams=self._teams,
            links=self._links,
            remarks=self._remarks,
            survey=self._file.survey,
            lines=self.new_lines,
            read=self._file.plain_reader(self._remarks.id_fields),
        )
        self._counts.rows, self._counts.users_unchanged = self._file.look.rows, self._file.look.passed
        for batch in self._file.batches:
            await self._take(batch)
        await self._finish()

    @property
    def named(self) -> Numbers:
        """Everybody whom the file names in a row that counts (P2)."""
        passed = self._lines.passed_people()
        parsed = self._links.people
        return np.concatenate((passed, parsed[~np.isin(parsed, passed)]))

    def not_named(self, earlier: Numbers) -> list[int]:
        """Rule P2: return those of earlier named people whom this file does not name."""
        missing: list[int] = earlier[~np.isin(earlier, self.named)].tolist()
        return missing

    async def _take(self, batch: Batch) -> None:
        steps: list[_One | _Many] = []
        two_users: list[Record] = []
        for some, plain in self._new.segments(batch, self._judged(batch)):
            if plain is not None:
                steps.append(_Many(plain, some))
                continue
            for record, (person, why) in some:
                row = self._file.read_row(record.line, record.cells) if why == COUNTS else None
                if why == TWO_USERS:
                    two_users.append(record)
                if not isinstance(row, UserRow):
                    self._refuse(batch, record, row or self._refusal(record, why))
                if why == COUNTS:
                    steps.append(_One(row if isinstance(row, UserRow) else None, record, person))
        await self._remark_on(two_users)
        self._stray = batch.stray
        if steps:
            await self._apply_all(steps)
            self._flush()

    async def _apply_all(self, steps: list[_One | _Many]) -> None:
        rows = [(one.row, one.person) for one in steps if isinstance(one, _One) and one.row is not None]
        known = (
            self._by_id
            if self._by_id is not None
            else await self._directory.people_by_id([person for _, person in rows if person])
        )
        joining = [person for row, person in rows if person and (row.teams or "teams" in row.cleared)]
        memberships = await self._directory.memberships(joining)
        for step in steps:
            if isinstance(step, _Many):
                self._create_all(step.plain, step.rows)
            elif step.row is None:
                self._links.skip()
            else:
                self._apply(
                    step.row, step.record, known.get(step.person), memberships.get(step.person, set())
                )

    def _create_all(self, plain: PlainPeople, rows: Sequence[Judged]) -> None:
        ids = range(self._next, self._next + len(rows))
        self._next = ids.stop
        made, changes = self._new.take(plain, rows, ids)
        self._pending.created.extend(made)
        self._pending.changes.extend(changes)

    async def _remark_on(self, two_users: list[Record]) -> None:
        """Rule P1: look why the key of these rows is not that of the user with their address."""
        keys = [self._file.look.read_key(record.line, record.cells) for record in two_users]
        known = await self._directory.people([key.address for key in keys if not isinstance(key, Problem)])
        for record, key in zip(two_users, keys, strict=True):
            if not isinstance(key, Problem):
                self._remarks.take_refused(record.line, key.chosen, known.get(key.address))

    def _judged(self, batch: Batch) -> list[Judged]:
        return list(zip(filled(batch.records), self._verdicts, strict=False))

    def _refusal(self, record: Record, why: int) -> Problem:
        label = self._file.key_label
        if why == BAD_KEY:
            found = self._file.read_row(record.line, record.cells)
            if isinstance(found, Problem):
                return found
            return problem("key-missing", line=record.line, column=label)
        if why == TWO_USERS:
            return problem("key-of-two-users", line=record.line, column=label, label=label)
        email = self._file.label(Meaning.USER_EMAIL)
        if why == ERASED:
            return problem("person-erased", line=record.line, column=email)
        if why < 0:
            return problem("repeated-address", line=record.line, column=email, first=-why - REPEATED_ADDRESS)
        return self._repeated(record.line, why)

    def _repeated(self, line: int, first: int) -> Problem:
        code = "repeated-address" if self._file.look.by_address else "repeated-key"
        return problem(code, line=line, column=self._file.key_label, first=first)

    def _refuse(self, batch: Batch, record: Record, why: Problem) -> None:
        """Rule P11: the row is refused whole, and kept for `rejected.csv` (R1)."""
        self._counts.rows_refused += 1
        self._plan.add_problems([why])
        start = batch.block.offset_of(record.line)
        self._plan.refused_ranges.add(start, start + len(record.raw))

    def _apply(self, row: UserRow, record: Record, known: Person | None, teams: set[int]) -> None:
        """Rules P2, P5, P6: make or update the person of a row."""
        if known is not None:
            row = self._with_admin_kept(row, known)
            after, flags = self._update(row, known, teams)
        else:
            after, flags = self._create(row), CHANGED | REPLACED
            if after.deactivated_at is not None:
                self._note("created-deactivated", row, after)
        noted = self._links.add(row, after=after, known=known, flags=flags)
        if row.line in self._stray:
            noted.append(problem("text-after-quote", line=row.line))
        remarked = self._remarks.take(row, known, after)
        remarked |= self._remarks.take_width(row.line, len(record.cells))
        if row.findings or row.notes or noted or remarked:
            self._plan.add_problems(row.findings)
            self._plan.add_notes([*row.notes, *noted])
            self._counts.cells_refused += len(row.findings)
        elif len(record.raw.splitlines()) == 1:
            self.new_lines.add(record.raw, after.id, self._file.survey.add(record.cells))

    def _with_admin_kept(self, row: UserRow, known: Person) -> UserRow:
        """Rules P7, P8: note a row that would take an active administrator; refuse what an earlier try found."""
        if not known.is_org_admin or known.deactivated_at is not None:
            return row
        day = row.deactivation_date
        leaves = day is not None and day != known.deactivation_date
        leaves = leaves or (day is None and row.leaver and not known.leaver)
        loses = row.is_org_admin is False
        if row.line in self._file.keep_admins:
            found = list(row.findings)
            if loses:
                role = self._file.label(Meaning.IS_ORG_ADMIN)
                found.append(problem("last-admin", line=row.line, column=role))
            if leaves:
                found.append(problem("last-admin-date", line=row.line, column=self._date_label))
            return row._replace(
                is_org_admin=None,
                deactivation_date=known.deactivation_date if leaves else day,
                leaver=bool(known.leaver) if leaves else row.leaver,
                findings=tuple(found),
            )
        if loses or leaves:
            self._admins.losses.append(Loss(row.line, known.id))
        return row

    def _create(self, row: UserRow) -> Person:
        person = new_person(row, person_id=self._next, today=self._today)
        self._next += 1
        self._counts.users_created += 1
        self._counts.deactivations_planned += person.deactivates_at is not None
        if person.is_org_admin and person.deactivated_at is None:
            self._admins.gained.add(person.id)
        self._pending.created.append((*person, row.email_key))
        self._pending.changes.append(("user", person.id, person.email, "created", None, person.email))
        if row.teams:
            self._teams.join(person.id, row.teams, known=None)
        return person

    def _update(self, row: UserRow, known: Person, teams: set[int]) -> tuple[Person, int]:
        after, changes = updated_person(
            row, known, today=self._today, has_status=self._status_label is not None
        )
        if row.is_org_admin is not None and row.is_org_admin != bool(known.is_org_admin):
            after = after._replace(is_org_admin=int(row.is_org_admin))
            changes.append(("is_org_admin", bool(known.is_org_admin), row.is_org_admin))
            if row.is_org_admin and known.deactivated_at is None:
                self._admins.gained.add(known.id)
        if after != known:
            self._pending.updated.append((*after, address_key(after.email)))
        if after.deactivates_at != known.deactivates_at and after.deactivates_at is not None:
            self._counts.deactivations_planned += 1
            self._plan.guarded.deactivated += known.deactivated_at is None
        if "teams" in row.cleared:
            changes += self._teams.leave(known.id, teams)
        elif row.teams:
            changes += self._teams.join(known.id, row.teams, known=teams)
        self._pending.changes.extend(("user", known.id, known.email, *change) for change in changes)
        if changes:
            self._counts.users_updated += 1
        else:
            self._counts.users_unchanged += 1
        replaced = any(is_guarded(change) for change in changes)
        self._plan.guarded.replaced += replaced
        silent = known.deactivated_at is not None and not self._notes(row, known, changes)
        return after, CHANGED * bool(changes) | REPLACED * replaced | SILENT * silent

    def _notes(self, row: UserRow, known: Person, changes: list[FieldChange]) -> bool:
        """Rule P8: say that a file reactivates nobody, and that a plan stays though its cell is blank."""
        day = row.deactivation_date
        if known.deactivated_at is not None:
            left = row.leaver if day is None else self._today.is_past(day)
            if changes or not left:
                return self._note("deactivated-updated", row, known)
        elif (
            known.deactivates_at is not None
            and day is None
            and not row.leaver
            and self._date_label is not None
        ):
            return self._note("plan-kept", row, known)
        return False

    def _note(self, code: str, row: UserRow, known: Person) -> bool:
        column = self._date_label if row.deactivation_date or not row.leaver else self._status_label
        self._plan.add_notes([problem(code, line=row.line, column=column)])
        self.without_fingerprint.add(known.id)
        return True

    def _flush(self) -> None:
        self._plan.new_users.append(self._pending.created)
        self._plan.updated_users.append(self._pending.updated)
        self._plan.changes.append(self._pending.changes)
        self._pending = _Pending()
        self._teams.flush()
        self.new_lines.pack()

    async def _finish(self) -> None:
        if refused := self._admins.refused():
            raise LastAdminError(self._file.keep_admins | {loss.line for loss in refused})
        self._refuse_passed()
        self._verdicts = iter(())
        self._file.look.release()
        linked = await self._links.resolve(look=self._file.look, next_id=self._next)
        self._next += len(linked.made)
        self._counts.users_created += len(linked.made)
        self._counts.users_updated += linked.newly_changed
        self._counts.users_unchanged -= linked.newly_changed
        self.without_fingerprint |= linked.with_finding
        self._plan.new_users.append([(*person, address_key(person.email)) for person in linked.made])
        self._plan.changes.append(
            [("user", person.id, person.email, "created", None, person.email) for person in linked.made]
        )
        self._plan.users_made = self._next - 1 - self._base
        self._plan.teams_made = self._directory.state.teams_made + self._teams.made
        if len(self._lines) and await self._links.make_lines_stale():
            raise StaleLinesError
        self._links.release()
        self._plan.add_notes(self._remarks.notes(passed=self._file.look.passed))

    def _refuse_passed(self) -> None:
        """Rule P10: known lines that are repeats after all."""
        refused = self._file.look.refused_passed
        self._counts.rows_refused += len(refused)
        self._plan.add_problems([self._repeated(line, first) for line, first in refused.items()])
