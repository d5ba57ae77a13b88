"""Collects who names whom as manager while rows are read, and links them all at the end (rules P6, H6)."""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress, islice

import numpy as np

from core.addresses import address_key
from processor.directory.digests import ABSENT, Numbers
from processor.directory.directory_store import DirectoryReader
from processor.directory.first_look import FirstLook
from processor.directory.held_values import SEVERAL
from processor.directory.links import NOBODY, Links, refused_links
from processor.directory.manager_names import By, Named, Namesakes, manager_of
from processor.directory.odd_ids import with_zeros
from processor.directory.people import Person, person_on_the_way
from processor.directory.plan import Plan
from processor.directory.remarks import Remarks, note_of_users_named_only
from processor.findings import Note, Problem
from processor.reading.catalogue import problem
from processor.reading.header import Header
from processor.reading.plain_columns import PlainPeople
from processor.reading.user_rows import UserRow

CHANGED, REPLACED, SILENT = (
    1,
    2,
    4,
)  # what a row is known to do without its link; SILENT: deactivated, not noted yet
ERASED = -2  # R3
_NOBODY = {SEVERAL: "manager-ambiguous", ERASED: "manager-erased"}
_UNKNOWN = {By.EMPLOYEE_ID: "manager-unknown-id", By.NAME: "manager-unknown-name"}
RECORDED_AT_ONCE = 10_000
TRIED_AT_MOST = 1_000  # unknown ids that are tried with zeros in front
_NO_LINK = -1  # in `above`: the clear word


@dataclass(slots=True, kw_only=True)
class Linked:
    """What came of the links: people made on the way, known people changed by nothing else, people with a finding."""

    made: list[Person] = field(default_factory=list)
    newly_changed: int = 0
    with_finding: set[int] = field(default_factory=set)


class ManagerLinks:
    """Links of one users file; 40 bytes each, and each manager once."""

    def __init__(
        self,
        *,
        plan: Plan,
        remarks: Remarks,
        directory: DirectoryReader,
        header: Header,
        namesakes: Namesakes,
        first_new: int,
        has_former: bool,
    ) -> None:
        self._plan = plan
        self._remarks = remarks
        self._directory = directory
        self._header = header
        self._namesakes = namesakes
        self._first_new = first_new
        self._has_former = has_former
        self._people: array[int] = array("q")  # of the rows that count, in the order of the first look
        self._flags = bytearray()
        self._links = Links()  # `above` holds places in the next list until they are resolved
        self._named: list[Named] = []
        self._places: dict[tuple[By, str], int] = {}
        self._made_places: list[int] = []  # of those who are made because they are named
        self._new_addresses: list[
            str
        ] = []  # keys that belong to somebody else, or anybody, only since this file

    @property
    def people(self) -> Numbers:
        """Everybody whom a row of the file means that was parsed."""
        return np.frombuffer(self._people, dtype=np.int64) if self._people else np.empty(0, dtype=np.int64)

    def skip(self) -> None:
        """Keep the places of the first look for a row that was refused after all."""
        self._people.append(NOBODY)

    def add(self, row: UserRow, *, after: Person, known: Person | None, flags: int) -> list[Note]:
        """Take one row; returns a note where it names the person himself (P6)."""
        self._people.append(after.id)
        if known is not None and known.email != after.email:
            self._plan.moved.append((known.id, address_key(known.email)))
        if self._has_former and (known is None or known.email != after.email):
            self._new_addresses.append(row.email_key)
        id_field = self._namesakes.field
        before_id = json.loads(known.custom).get(id_field) if known is not None and id_field else None
        self._namesakes.add(row, after=after, known=known, before_id=before_id)
        manager = manager_of(row)
        stored = NOBODY if known is None else known.manager_id or NOBODY
        if manager is None:
            if "manager" in row.cleared and stored != NOBODY:
                self._add(_NO_LINK, after.id, stored, row.line, flags)
            return []
        if manager.by is By.ADDRESS and manager.key == row.email_key:
            return [problem("manager-self", line=row.line, column=self._label(By.ADDRESS))]
        self._add(self._place(manager), after.id, stored, row.line, flags)
        return []

    def add_new(self, plain: PlainPeople, ids: Sequence[int], lines: Sequence[int]) -> None:
        """Take rows of new people; none names himself, and nobody is named but by his address."""
        self._people.extend(ids)
        if self._has_former:
            self._new_addresses += plain.keys
        pairs = list(zip(plain.managers, plain.called, strict=True))
        places = {
            pair: self._place(Named(By.ADDRESS, pair[0].key, pair[0].text, pair[1]))
            for pair in dict.fromkeys(pairs)
            if pair[0] is not None
        }
        named = [manager is not None for manager in plain.managers]
        below = list(compress(ids, named))
        above = [places[pair] for pair in compress(pairs, named)]
        self._flags += bytes([CHANGED | REPLACED]) * len(below)
        self._links.add_all(below=below, above=above, lines=list(compress(lines, named)))

    def _add(self, place: int, person: int, stored: int, line: int, flags: int) -> None:
        self._flags.append(flags)
        self._links.add(below=person, above=place, stored=stored, line=line)

    def _place(self, manager: Named) -> int:
        place = self._places.setdefault((manager.by, manager.key), len(self._named))
        if place == len(self._named):
            self._named.append(manager)
        elif manager.called and self._named[place].called is None:
            self._named[place].called = manager.called
        return place

    def _label(self, by: By) -> str | None:
        columns = self._header.of(by.value)
        return columns[0].label if columns else None

    async def resolve(self, *, look: FirstLook, next_id: int) -> Linked:
        """Rules P6, H6: find or make the managers, break circles, and put what is left into the plan."""
        linked = Linked()
        ids = await self._ids(look, next_id, linked)
        look.release_addresses()
        links = self._links
        named = np.frombuffer(links.above, dtype=np.int64) if len(links) else np.empty(0, dtype=np.int64)
        above = np.append(ids, NOBODY)[named]  # the last stands for the clear word, at place -1
        self._note_who_is_made(named)
        self._leave_unknown(above, named, linked, await self._without_zeros(ids))
        links.above = array("q", above.tobytes())
        refused = set(refused_links(links, await self._stored_above(links)))
        for place in sorted(refused):
            column = self._label(self._named[int(named[place])].by)
            self._refuse(problem("manager-circle", line=links.lines[place], column=column))
            linked.with_finding.add(links.below[place])
        await self._keep(refused, linked)
        return linked

    def release(self) -> None:
        """Give the links back, when they are in the plan (F4)."""
        self._links = Links()
        self._named, self._places = [], {}

    async def make_lines_stale(self) -> bool:
        """Rule H6: whether known lines may mean other managers after this file than when they were read."""
        if await self._directory.former_ids(self._new_addresses):
            return True
        return await self._namesakes.moved()

    async def _ids(self, look: FirstLook, next_id: int, linked: Linked) -> Numbers:
        ids = np.zeros(len(self._named), dtype=np.int64)
        places = [place for place, named in enumerate(self._named) if named.by is By.ADDRESS]
        keys = [self._named[place].key for place in places]
        rows = look.rows_of(keys)
        known = await self._directory.found_by_address(
            [key for key, row in zip(keys, rows, strict=True) if row == ABSENT]
        )
        for place, key, row in zip(places, keys, rows, strict=True):
            if row != ABSENT:
                ids[place] = self._people[row]
            elif key in known:
                ids[place] = known[key]
            elif key in self._directory.erased:
                ids[place] = ERASED
            else:
                named = self._named[place]
                person = person_on_the_way(
                    person_id=next_id + len(linked.made), email=named.text, name=named.called
                )
                linked.made.append(person)
                self._made_places.append(place)
                ids[place] = person.id
        self._namesakes.add_made(linked.made)
        for by in (By.EMPLOYEE_ID, By.NAME):
            places = [place for place, named in enumerate(self._named) if named.by is by]
            if places:
                ids[places] = await self._namesakes.find(by, [self._named[place].key for place in places])
        return ids

    def _note_who_is_made(self, named: Numbers) -> None:
        """Rule P6: a mistyped address makes a user, so it is said who was made so."""
        lines = (self._links.lines[at] for at in np.flatnonzero(np.isin(named, self._made_places)).tolist())
        column = self._label(By.ADDRESS)
        self._plan.add_notes(
            note_of_users_named_only(len(self._made_places), lines, column=column, role="manager")
        )

    async def _without_zeros(self, ids: Numbers) -> set[int]:
        """Return the places of managers whose id fits nobody, and with zeros in front somebody (P1)."""
        unknown = (
            (place, named.key)
            for place, named in enumerate(self._named)
            if named.by is By.EMPLOYEE_ID and ids[place] == NOBODY
        )
        keys = [(place, form) for place, key in islice(unknown, TRIED_AT_MOST) for form in with_zeros(key)]
        found = await self._namesakes.find(By.EMPLOYEE_ID, [key for _, key in keys]) if keys else []
        return {place for (place, _), one in zip(keys, found, strict=True) if one != NOBODY}

    def _leave_unknown(self, above: Numbers, named: Numbers, linked: Linked, without_zeros: set[int]) -> None:
        """Rule H6: an id or name that fits nobody or several is a problem of that cell; himself is a note (P6)."""
        links = self._links
        below = np.frombuffer(links.below, dtype=np.int64) if len(links) else above
        for place in np.flatnonzero((named >= 0) & ((above <= NOBODY) | (above == below))).tolist():
            manager = self._named[int(named[place])]
            line, column = links.lines[place], self._label(manager.by)
            if above[place] == below[place]:
                self._plan.add_notes([problem("manager-self", line=line, column=column)])
            else:
                found = int(above[place])
                code = _NOBODY.get(found) or _UNKNOWN[manager.by]
                self._refuse(problem(code, line=line, column=column))
                if int(named[place]) in without_zeros:
                    self._remarks.take_manager_without_zeros(line)
            linked.with_finding.add(links.below[place])
            above[place] = links.stored[place]

    def _refuse(self, found: Problem) -> None:
        self._plan.add_problems([found])
        self._plan.counts.cells_refused += 1

    async def _stored_above(self, links: Links) -> dict[int, int]:
        """Return the stored links of all above those in the file, level by level (some ten in real companies)."""
        if not len(links):
            return {}
        below, above, stored = links.columns()
        ours = below if np.all(below[:-1] <= below[1:]) else np.sort(below)
        others: dict[int, int] = {}
        frontier = {*_elsewhere(above, ours), *_elsewhere(stored, ours)}
        while frontier:
            level = await self._directory.managers(frontier)
            others.update(level)
            met = np.fromiter(set(level.values()) - others.keys(), dtype=np.int64)
            frontier = _elsewhere(met, ours)
        return others

    async def _keep(self, refused: set[int], linked: Linked) -> None:
        links, plan = self._links, self._plan
        if not len(links):
            return
        below, above, stored = links.columns()
        kept = np.ones(len(links), dtype=bool)
        kept[list(refused)] = False
        new = kept & (below >= self._first_new) & (above != NOBODY)
        plan.managers_of_new.set(below[new], above[new])
        changed: list[int] = np.flatnonzero(kept & (below < self._first_new) & (above != stored)).tolist()
        for place in changed:
            flags = self._flags[place]
            linked.newly_changed += not flags & CHANGED
            plan.guarded.replaced += links.stored[place] != NOBODY and not flags & REPLACED
            if flags & SILENT:
                linked.with_finding.add(links.below[place])
                plan.add_notes([problem("deactivated-updated", line=links.lines[place])])
        for start in range(0, len(changed), RECORDED_AT_ONCE):
            some = changed[start : start + RECORDED_AT_ONCE]
            plan.relinked.append([(links.above[place], links.below[place]) for place in some])
            plan.changes.append(await self._changes(some, linked.made))

    async def _changes(self, changed: list[int], made: list[Person]) -> list[tuple[object, ...]]:
        links = self._links
        ids = {
            one for place in changed for one in (links.below[place], links.above[place], links.stored[place])
        }
        emails = await self._directory.emails(ids - {NOBODY})
        emails.update((person.id, person.email) for person in made)
        emails.update(self._emails_in_file(ids - emails.keys() - {NOBODY}))
        return [
            (
                "user",
                links.below[place],
                emails[links.below[place]],
                "manager_email",
                emails.get(links.stored[place]),
                emails.get(links.above[place]),
            )
            for place in changed
        ]

    def _emails_in_file(self, ids: set[int]) -> dict[int, str]:
        """Return the addresses of people whom this file makes in a row of their own."""
        if not ids:
            return {}
        return {row[0]: row[1] for batch in self._plan.new_users.batches() for row in batch if row[0] in ids}


def _elsewhere(people: Numbers, ours: Numbers) -> set[int]:
    """Return those of the people who are not among `ours`, which are sorted."""
    at = np.searchsorted(ours, people)
    at[at == len(ours)] = 0
    return set(people[(ours[at] != people) & (people != NOBODY)].tolist())
