"""Which lines the last users file had, and whom each gave: equal lines need no parsing (docs/developers/importing.md).

A fingerprint says: this very line, under this meaning (header, map, settings, fields, rules), was applied to this
person without problem or note, and nothing but imports has touched the person since. The store drops those of
touched people before this module sees them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_128_digest

from processor.directory.digests import DigestTable, Halves, Numbers, digest_halves
from processor.reading.table import Places

Kinds = npt.NDArray[np.uint16]
Scalar = TypeVar("Scalar", bound=np.generic)
Lines = tuple[Halves, Halves, Numbers, Kinds]  # digests, people, evidence

EVIDENCE_LIMIT = 1 << 16  # kinds of rows; those of more kinds get no fingerprint
RULES_VERSION = "2"  # raise it when the same line would be read otherwise than before


def meaning_of(*parts: str) -> bytes:
    """Return the digest of all that gives a line its meaning."""
    return xxh3_128_digest("\x1f".join((RULES_VERSION, *parts)).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """What is stored for an organization; equal positions in the arrays are one person."""

    meaning: bytes
    first: Halves
    second: Halves
    people: Numbers  # users.id
    evidence: Kinds  # what the row says about its columns, as places in `evidence_values` (C2, P9)
    evidence_values: tuple[int, ...]
    orders: str  # the orders of dates that were decided; otherwise decided, a line means something else (P9)
    named: Numbers  # people whom that file named in a row without a fingerprint (P2)

    @property
    def everybody(self) -> Numbers:
        """Whom the organization's last users file named."""
        return np.concatenate((self.people, self.named))

    def without(self, touched: Numbers) -> "Fingerprints":
        """Return the same without the lines of these people, who stay named."""
        good = ~np.isin(self.people, touched)
        return replace(
            self,
            first=self.first[good],
            second=self.second[good],
            people=self.people[good],
            evidence=self.evidence[good],
            named=np.concatenate((self.named, self.people[~good])),
        )


def no_fingerprints(named: Numbers | None = None) -> Fingerprints:
    """Return what an organization has before its first users file, or when lines changed their meaning."""
    nothing = np.empty(0, dtype=np.int64)
    halves = np.empty(0, dtype=np.uint64)
    return Fingerprints(
        meaning=b"",
        first=halves,
        second=halves,
        people=nothing,
        evidence=nothing.astype(np.uint16),
        evidence_values=(),
        orders="",
        named=nothing if named is None else named,
    )


class LineIndex:
    """Finds known lines while a file is read, and keeps which of them stood where."""

    def __init__(self, known: Fingerprints) -> None:
        self._known = known
        size = len(known.people)
        self._table = DigestTable(
            first=known.first, second=known.second, numbers=np.arange(size, dtype=np.int32)
        )
        self._line_of = np.zeros(size, dtype=np.int32)  # where the known line stands in this file; 0: nowhere
        self._by_person = np.argsort(known.people, kind="stable").astype(np.int32)
        self._found: list[Places] = []
        self.repeated: list[tuple[int, int]] = []  # (line, line of the first) of known lines that stand twice

    def __len__(self) -> int:
        return len(self._line_of)

    @property
    def evidence_values(self) -> tuple[int, ...]:
        """The kinds of rows that the known lines have."""
        return self._known.evidence_values

    def find(self, lines: list[bytes]) -> Places:
        """Return the place of each known line, -1 for the others; keeps the answer for `find_again`."""
        found = self._table.find(*digest_halves(lines)).astype(np.int32)
        self._found.append(found)
        return found

    def find_again(self) -> Callable[[list[bytes]], Places]:
        """Return a `find` for a second reading of the same file: the answers of the first, block by block."""
        answers = iter(self._found)
        return lambda _lines: next(answers)

    def passed(self, places: Places, lines: Numbers) -> int:
        """Take note of known lines that were passed over; returns how many counted, repeats left out (P10)."""
        earlier = self._line_of[places]
        fresh = earlier == 0
        self._line_of[places[fresh][::-1]] = lines[fresh][::-1]  # the first of equal places wins
        standing = self._line_of[places]
        twice = np.flatnonzero(standing != lines)
        self.repeated.extend((int(lines[at]), int(standing[at])) for at in twice)
        return len(places) - len(twice)

    def pass_all(self) -> None:
        """Take note that the file has each known line once, and no other; where they stand matters to nobody then."""
        self._line_of.fill(1)

    def lines_of(self, people: Numbers) -> Numbers:
        """Return the line at which a known line of each person was passed over so far; 0 where none was."""
        known = self._known.people
        if not len(known):
            return np.zeros(len(people), dtype=np.int64)
        at = np.searchsorted(known, people, sorter=self._by_person)
        at[at == len(known)] = 0
        places = self._by_person[at]
        return np.where(known[places] == people, self._line_of[places], 0).astype(np.int64)

    def evidence(self, *, without: set[int]) -> int:
        """All that the passed lines say about their columns (C2, P9), but for those of the people `without`."""
        counting = self._line_of > 0
        if without:
            counting &= ~np.isin(self._known.people, np.fromiter(without, dtype=np.int64))
        places = np.flatnonzero(np.bincount(self._known.evidence[counting])).tolist()
        return reduce(or_, (self._known.evidence_values[place] for place in places), 0)

    def kept(self, *, without: set[int]) -> Lines:
        """Return digests, people and evidence of the lines passed over, but those of the people `without`."""
        places = np.flatnonzero(self._line_of > 0)
        if without:
            places = places[~np.isin(self._known.people[places], np.fromiter(without, dtype=np.int64))]
        known = self._known
        return known.first[places], known.second[places], known.people[places], known.evidence[places]

    def passed_people(self) -> Numbers:
        """Return everybody whose line was passed over."""
        return self._known.people[self._line_of > 0]


class NewLines:
    """Fingerprints of the rows that this import parsed and applied without a finding."""

    def __init__(self, *, evidence_values: Sequence[int] = ()) -> None:
        self._evidence_places = {value: place for place, value in enumerate(evidence_values)}
        self._lines: list[bytes] = []
        self._people: list[int] = []
        self._evidence: list[int] = []
        self._packed: list[Lines] = []

    def add(self, line: bytes, person: int, evidence: int) -> None:
        """Take one row's line."""
        places = self._evidence_places
        place = places.setdefault(evidence, len(places))
        if place < EVIDENCE_LIMIT:
            self._lines.append(line)
            self._people.append(person)
            self._evidence.append(place)

    def add_all(self, lines: Iterable[bytes], people: Iterable[int], evidence: Sequence[int]) -> None:
        """Take several rows' lines."""
        places = self._evidence_places
        found = {value: places.setdefault(value, len(places)) for value in dict.fromkeys(evidence)}
        if len(places) > EVIDENCE_LIMIT:
            for line, person, value in zip(lines, people, evidence, strict=True):
                self.add(line, person, value)
            return
        self._lines.extend(lines)
        self._people.extend(people)
        self._evidence.extend(map(found.__getitem__, evidence))

    def pack(self) -> None:
        """Turn the lines taken so far into digests (after each batch, F4)."""
        first, second = digest_halves(self._lines)
        evidence = np.array(self._evidence, dtype=np.uint16)
        self._packed.append((first, second, as_numbers(self._people), evidence))
        self._lines, self._people, self._evidence = [], [], []

    def merged(
        self,
        kept: Lines,
        *,
        meaning: bytes,
        orders: str,
        named: Numbers,
        without: set[int],
    ) -> Fingerprints:
        """Return what is stored after this import: lines kept and new ones, but new ones of the people `without`."""
        before, packed = len(kept[2]), [kept, *self._packed]
        first = [lines[0] for lines in packed]
        second = [lines[1] for lines in packed]
        people = [lines[2] for lines in packed]
        evidence = [lines[3] for lines in packed]
        self._packed.clear()  # each column is freed when it has been put together (F4)
        del kept, packed
        everybody = _joined(people)
        good = np.ones(len(everybody), dtype=bool)
        if without:
            good[before:] = ~np.isin(everybody[before:], np.fromiter(without, dtype=np.int64))
        others = named[~np.isin(named, everybody[good])]
        digests = _joined(first)
        order = np.argsort(digests, kind="stable").astype(np.int32)
        order = order[good[order]]
        return Fingerprints(
            meaning=meaning,
            first=digests[order],
            second=_joined(second)[order],
            people=everybody[order],
            evidence=_joined(evidence)[order],
            evidence_values=tuple(self._evidence_places)[:EVIDENCE_LIMIT],
            orders=orders,
            named=others,
        )


def _joined(parts: list[npt.NDArray[Scalar]]) -> npt.NDArray[Scalar]:
    """Return the parts as one array, and give them back."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def as_numbers(values: Sequence[int]) -> Numbers:
    """Return the values as an array."""
    return np.array(values, dtype=np.int64)
