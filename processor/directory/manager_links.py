"""Collects who names whom as manager while rows are read, and links them all at the end (rule P6)."""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

from array import array
from dataclasses import dataclass

import numpy as np

from core.addresses import EmailAddress
from processor.directory.digests import ABSENT, DigestIndex, Numbers
from processor.directory.directory_store import DirectoryReader
from processor.directory.managers import NOBODY, Links, refused_links
from processor.directory.people import Person, person_on_the_way
from processor.directory.plan import Plan
from processor.reading.catalogue import problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What came of the links: people made on the way, people changed by nothing else, people with a refused one."""

    made: list[Person]
    newly_changed: int
    refused: set[int]


class ManagerLinks:
    """Links of one users file; 40 bytes each, and each manager's address once."""

    def __init__(self, *, plan: Plan, directory: DirectoryReader, column: str | None) -> None:
        self._plan = plan
        self._directory = directory
        self._column = column
        self._counted = bytearray()  # 1: the row counts as created or updated without its link
        self._links = Links()  # `above` holds places in the lists below until they are resolved
        self._managers: dict[str, int] = {}
        self._spelt: list[tuple[str, str | None]] = []  # address as first spelt, name

    def add(
        self,
        *,
        person: int,
        stored: int | None,
        manager: EmailAddress,
        name: str | None,
        line: int,
        counted: bool,
    ) -> None:
        """Take one row's manager; `counted`: the row counts as created or updated without it."""
        self._counted.append(counted)
        place = self._managers.setdefault(manager.key, len(self._spelt))
        if place == len(self._spelt):
            self._spelt.append((manager.text, name))
        elif name and self._spelt[place][1] is None:
            self._spelt[place] = (self._spelt[place][0], name)
        self._links.add(below=person, above=place, stored=stored or NOBODY, line=line)

    async def resolve(self, *, seen: DigestIndex, people: array[int], first_new: int, next_id: int) -> Linked:
        """Rule P6: find or make the managers, break circles, and put what is left into the plan.

        `people` are the ids behind the places in `seen`; ids from `first_new` on are made by this file.
        """
        ids, made = await self._ids(seen, people, next_id)
        links = self._links
        if not len(links):
            return Linked(made=made, newly_changed=0, refused=set())
        above = ids[np.frombuffer(links.above, dtype=np.int64)]
        links.above = array("q", above.tobytes())
        refused = refused_links(links, await self._stored_above(links))
        return await self._keep(links, set(refused), made, first_new)

    async def _ids(self, seen: DigestIndex, people: array[int], next_id: int) -> tuple[Numbers, list[Person]]:
        keys = list(self._managers)
        places = seen.find_texts(keys)
        ids = np.zeros(len(keys), dtype=np.int64)
        here = places != ABSENT
        ids[here] = np.frombuffer(people, dtype=np.int64)[places[here]] if len(people) else 0
        missing = [keys[place] for place in np.flatnonzero(~here).tolist()]
        known = await self._directory.ids(missing)
        made: list[Person] = []
        for place in np.flatnonzero(~here).tolist():
            found = known.get(keys[place])
            if found is None:
                text, name = self._spelt[place]
                found = next_id + len(made)
                made.append(person_on_the_way(person_id=found, email=text, name=name))
            ids[place] = found
        return ids, made

    async def _stored_above(self, links: Links) -> dict[int, int]:
        """Return the stored links of all above those in the file, level by level (some ten in real companies)."""
        below = set(links.below)
        others: dict[int, int] = {}
        frontier = (set(links.above) | set(links.stored)) - below - {NOBODY}
        while frontier:
            level = await self._directory.managers(frontier)
            others.update(level)
            frontier = set(level.values()) - below - others.keys() - {NOBODY}
        return others

    async def _keep(self, links: Links, refused: set[int], made: list[Person], first_new: int) -> Linked:
        new_managers = self._plan.managers_of_new
        changed: list[int] = []
        for place in range(len(links)):
            if place in refused:
                continue
            person, manager = links.below[place], links.above[place]
            if person >= first_new:
                new_managers[person] = manager
            elif manager != links.stored[place]:
                changed.append(place)
        self._plan.add_problems(
            [
                problem("manager-circle", line=links.lines[place], column=self._column)
                for place in sorted(refused)
            ]
        )
        self._plan.counts.cells_refused += len(refused)
        await self._record(links, changed, made)
        return Linked(
            made=made,
            newly_changed=sum(not self._counted[place] for place in changed),
            refused={links.below[place] for place in refused},
        )

    async def _record(self, links: Links, changed: list[int], made: list[Person]) -> None:
        ids = {
            one for place in changed for one in (links.below[place], links.above[place], links.stored[place])
        }
        emails = await self._directory.emails(ids - {NOBODY})
        emails.update((person.id, person.email) for person in made)
        missing = {links.above[place] for place in changed} - emails.keys()
        emails.update(self._emails_in_file(missing))
        self._plan.relinked.append([(links.above[place], links.below[place]) for place in changed])
        self._plan.changes.append(
            [
                (
                    "user",
                    links.below[place],
                    emails[links.below[place]],
                    "manager_email",
                    emails.get(links.stored[place]),
                    emails[links.above[place]],
                )
                for place in changed
            ]
        )

    def _emails_in_file(self, ids: set[int]) -> dict[int, str]:
        """Return the addresses of people whom this file makes in a row of their own."""
        if not ids:
            return {}
        return {row[0]: row[1] for batch in self._plan.new_users.batches() for row in batch if row[0] in ids}
