"""The first pass over a users file: which rows count and whom they mean, and what their values say of the columns.

Rules P1, P10, C1, P9. Rows are judged here once and for all; the second pass (`users_plan`) reads the verdicts in the
same order. 24 bytes are kept of each parsed row, and 20 of its key (F4).
"""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from processor.directory.digests import ABSENT, DigestIndex, digest_halves
from processor.directory.directory_store import DirectoryReader
from processor.directory.fingerprints import LineIndex, as_numbers
from processor.directory.identity import NoPerson, who_is_meant
from processor.findings import Problem
from processor.reading.keys import ReadKeys, RowKey, filled
from processor.reading.survey import Survey
from processor.reading.table import Batch, Record
from processor.reading.values import key_text

ReadKey = Callable[[int, Sequence[str]], "RowKey | Problem"]

REPEATS_LIMIT = 10_000
COUNTS = 0
BAD_KEY = -1  # for its width or its key, as the second pass finds again
TWO_USERS = -2
ERASED = -3  # R3
REPEATED_ADDRESS = (
    10  # anything above 0 is the line of the first row with the same key, below -10 with the address
)


@dataclass(frozen=True, slots=True)
class _Meant:
    """Whom a row means, and the known users with its key and its address (0 for none)."""

    who: int | NoPerson
    by_key: int
    by_address: int


@dataclass(slots=True)
class Verdicts:
    """One entry for each parsed row that is not blank, in the order of the file."""

    people: array[int]  # the known user whom the row means, 0 for a new one
    why: array[int]  # COUNTS, BAD_KEY, TWO_USERS, or which line was the first


class FirstLook:
    """Judges rows by their keys, and shows the rows that count to the survey."""

    def __init__(
        self,
        *,
        directory: DirectoryReader,
        lines: LineIndex,
        survey: Survey,
        read_key: ReadKey,
        read_keys: ReadKeys,
        match_field: str | None,
    ) -> None:
        self._directory = directory
        self._lines = lines
        self._survey = survey
        self.read_key = read_key
        self._read_keys = read_keys
        self.match_field = match_field
        self._addresses = DigestIndex()  # of rows that count -> place in the next list
        self._keys = DigestIndex()  # the same for the chosen key
        self._counted: dict[
            int, int
        ] = {}  # known person -> line of the parsed row that counts; beside known lines only
        self._lines_of_rows: array[int] = array("i")
        self._people_of_rows: array[int] = array("q")
        self.verdicts = Verdicts(array("q"), array("i"))
        self.refused_passed: dict[int, int] = {}  # line of a known line that is a repeat -> line of the first
        self.replaced_people: set[int] = set()  # whose known line is such a repeat, while another row counts
        self.gave_up = False  # so many known lines stand twice that the file is better read without (F4)
        self.rows = 0
        self.passed = 0  # known lines that count

    async def look(self, batches: Iterable[Batch]) -> None:
        """Judge the whole file."""
        self._known = await self._directory.everybody()
        for batch in batches:
            self.rows += len(batch.passed)
            self.passed += self._lines.passed(batch.passed, batch.passed_lines)
            await self._judge(batch)
            if len(self._lines.repeated) > REPEATS_LIMIT:
                self.gave_up = True
                return
        self._judge_passed()
        self._survey.merge(self._lines.evidence(without=self.replaced_people))

    def take_repeat(self) -> None:
        """Judge the last file once more: known lines only (G2)."""
        self._lines.pass_all()
        self.rows = self.passed = len(self._lines)
        self._survey.merge(self._lines.evidence(without=set()))

    def release(self) -> None:
        """Give back what the second pass has read, and keep what `rows_of` needs (F4)."""
        self._keys = DigestIndex()
        self._lines_of_rows, self._people_of_rows = array("i"), array("q")
        self.verdicts = Verdicts(array("q"), array("i"))

    def release_addresses(self) -> None:
        """Give back what `rows_of` needs, when managers are found (F4)."""
        self._addresses = DigestIndex()

    @property
    def by_address(self) -> bool:
        """Whether users are known by their address, not by a chosen key (P1)."""
        return self.match_field is None

    def rows_of(self, addresses: list[str]) -> list[int]:
        """Return, for each address key, the place of the row that counts for it; ABSENT for none."""
        places: list[int] = self._addresses.find_texts(addresses).tolist()
        return places

    async def _judge(self, batch: Batch) -> None:
        records = filled(batch.records)
        self.rows += len(records)
        if await self._judge_at_once(records):
            return
        rows: list[tuple[int, list[str], RowKey]] = []
        places: list[int] = []
        for record in records:
            key = self.read_key(record.line, record.cells)
            self.verdicts.people.append(0)
            self.verdicts.why.append(BAD_KEY)
            if not isinstance(key, Problem):
                rows.append((record.line, record.cells, key))
                places.append(len(self.verdicts.why) - 1)
        if rows:
            await self._identify(rows, places)

    async def _judge_at_once(self, records: list[Record]) -> bool:
        """Judge rows with plain keys, none of which was there before: as in a first load (0.9 microseconds a row)."""
        if len(self._lines) or self._directory.erased.hashes:
            return False
        cells = [record.cells for record in records]
        keys = self._read_keys(cells)
        if not keys or len(set(keys)) != len(keys):
            return False
        first, second = digest_halves(map(str.encode, keys))
        if np.any(self._addresses.find(first, second) != ABSENT):
            return False
        known = await self._ids(keys)
        people = [known.get(key, 0) for key in keys] if known else [0] * len(keys)
        self.verdicts.people.extend(people)
        self.verdicts.why.extend([COUNTS] * len(keys))
        self._survey.see(cells)
        start = len(self._lines_of_rows)
        self._lines_of_rows.extend([record.line for record in records])
        self._people_of_rows.extend(people)
        self._addresses.add(first, second, np.arange(start, start + len(keys), dtype=np.int32))
        return True

    async def _identify(self, rows: list[tuple[int, list[str], RowKey]], places: list[int]) -> None:
        keys = [key for _, _, key in rows]
        meant = await self._meant(keys)
        earlier = self._earlier(keys)
        passed_by_key = self._lines.lines_of(as_numbers([one.by_key for one in meant])).tolist()
        passed_by_address = self._lines.lines_of(as_numbers([one.by_address for one in meant])).tolist()
        here: dict[str, int] = {}
        counted: list[tuple[int, int, RowKey]] = []
        for at, ((line, cells, key), place, one) in enumerate(zip(rows, places, meant, strict=True)):
            chosen, address = f"={key.chosen}", f"@{key.address}"
            by_key = here.get(chosen, 0) or earlier[at][0] or self._above(passed_by_key[at], one.by_key, line)
            by_address = (
                here.get(address, 0)
                or earlier[at][1]
                or self._above(passed_by_address[at], one.by_address, line)
            )
            if key.chosen is not None and by_key:
                self.verdicts.why[place] = by_key
            elif by_address:
                self.verdicts.why[place] = (
                    by_address if key.chosen is None else -by_address - REPEATED_ADDRESS
                )
            elif one.who is NoPerson.TWO_USERS:
                self.verdicts.why[place] = TWO_USERS
            elif one.who is NoPerson.NEW and key.address in self._directory.erased:
                self.verdicts.why[place] = ERASED
            else:
                person = one.who if isinstance(one.who, int) else 0
                here[address] = here[chosen] = line
                if person and len(self._lines):
                    self._counted[person] = line
                self.verdicts.why[place] = COUNTS
                self.verdicts.people[place] = person
                counted.append((line, person, key))
                self._survey.add(cells)
        self._remember(counted)

    def _above(self, passed_line: int, person: int, line: int) -> int:
        """Return the line at which a known line of the person counts above this one; 0 for none."""
        if not 0 < passed_line < line or self._counted.get(person, line) < passed_line:
            return 0
        return passed_line

    async def _meant(self, keys: list[RowKey]) -> list[_Meant]:
        by_address = await self._ids([key.address for key in keys])
        addressed = [by_address.get(key.address) for key in keys]
        if self.match_field is None:
            return [_Meant(NoPerson.NEW if one is None else one, 0, one or 0) for one in addressed]
        chosen = await self._directory.values_of(self.match_field, key_text)
        holders = chosen.holders([key.chosen or "" for key in keys])
        have_key = chosen.have_value([one or 0 for one in addressed])
        return [
            _Meant(
                who_is_meant(by_key=holder or None, by_address=one, address_has_key=has_key), holder, one or 0
            )
            for holder, one, has_key in zip(holders, addressed, have_key, strict=True)
        ]

    async def _ids(self, addresses: list[str]) -> dict[str, int]:
        if self._known is not None:
            known = self._known
            return {address: known[address].id for address in addresses if address in known}
        return await self._directory.ids(addresses)

    def _earlier(self, keys: list[RowKey]) -> list[tuple[int, int]]:
        """Return for each row the lines of earlier rows that count: by the chosen key, by the address; 0 for none."""
        by_address = self._addresses.find_texts([key.address for key in keys]).tolist()
        by_key = [ABSENT] * len(keys)
        if self.match_field is not None:
            by_key = self._keys.find_texts([key.chosen or "" for key in keys]).tolist()
        return [(self._line(one), self._line(other)) for one, other in zip(by_key, by_address, strict=True)]

    def _line(self, place: int) -> int:
        return 0 if place == ABSENT else self._lines_of_rows[place]

    def _remember(self, counted: list[tuple[int, int, RowKey]]) -> None:
        start = len(self._lines_of_rows)
        self._lines_of_rows.extend(line for line, _, _ in counted)
        self._people_of_rows.extend(person for _, person, _ in counted)
        numbers = np.arange(start, start + len(counted), dtype=np.int32)
        self._addresses.add_texts([key.address for _, _, key in counted], numbers)
        if self.match_field is not None:
            self._keys.add_texts([key.chosen or "" for _, _, key in counted], numbers)

    def _judge_passed(self) -> None:
        """Rule P10 for known lines: those below a row that counts for the same person, and those that stand twice."""
        people = (
            np.frombuffer(self._people_of_rows, dtype=np.int64) if self._people_of_rows else as_numbers([])
        )
        standing = self._lines.lines_of(people)
        for place in np.flatnonzero(standing).tolist():
            self.refused_passed[int(standing[place])] = self._lines_of_rows[place]
            self.replaced_people.add(int(people[place]))
        self.passed -= len(self.replaced_people)
        for line, first in self._lines.repeated:
            self.refused_passed[line] = self.refused_passed.get(first, first)
