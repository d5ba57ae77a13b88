"""Who holds which value (an employee id, a full name): look-ups by digest, 24 bytes for each person."""

from collections.abc import Sequence

import numpy as np

from processor.directory.digests import Halves, Numbers, digest_halves

NOBODY = 0
SEVERAL = -1


class HeldValues:
    """Values with the people who hold them; several may hold an equal one."""

    def __init__(self) -> None:
        self._first: list[Halves] = []
        self._second: list[Halves] = []
        self._people: list[Numbers] = []
        self._sorted: tuple[Halves, Halves, Numbers] | None = None

    def add(self, people: Sequence[int], values: Sequence[str]) -> None:
        """Take a batch: each person's value."""
        first, second = digest_halves(map(str.encode, values))
        self._first.append(first)
        self._second.append(second)
        self._people.append(np.array(people, dtype=np.int64))
        self._sorted = None

    def without(self, people: Sequence[int]) -> "HeldValues":
        """Return the same without what these people hold."""
        first, second, holders = self._all()
        kept = ~np.isin(holders, np.array(people, dtype=np.int64))
        other = HeldValues()
        other._take(first[kept], second[kept], holders[kept])
        return other

    def joined(self, other: "HeldValues") -> "HeldValues":
        """Return what both hold."""
        both = HeldValues()
        for one in (self, other):
            both._take(*one._all())
        return both

    def _take(self, first: Halves, second: Halves, people: Numbers) -> None:
        self._first.append(first)
        self._second.append(second)
        self._people.append(people)

    def holders(self, values: Sequence[str]) -> list[int]:
        """Return who holds each value (of several the one known longest), `NOBODY` where nobody does."""
        return [people[0] if people else NOBODY for people in self._found(values)]

    def only_holders(self, values: Sequence[str]) -> list[int]:
        """Return the only one who holds each value, `NOBODY`, or `SEVERAL`."""
        return [
            NOBODY if not people else people[0] if len(people) == 1 else SEVERAL
            for people in self._found(values)
        ]

    def have_value(self, people: Sequence[int]) -> list[bool]:
        """Say of each person whether he holds any value."""
        found: list[bool] = np.isin(np.array(people, dtype=np.int64), self._all()[2]).tolist()
        return found

    def _found(self, values: Sequence[str]) -> list[list[int]]:
        first, second, holders = self._all()
        ours, others = digest_halves(map(str.encode, values))
        starts = np.searchsorted(first, ours, side="left").tolist()
        ends = np.searchsorted(first, ours, side="right").tolist()
        return [
            sorted(holders[start:end][second[start:end] == other].tolist()) if start < end else []
            for start, end, other in zip(starts, ends, others, strict=True)
        ]

    def _all(self) -> tuple[Halves, Halves, Numbers]:
        if self._sorted is None:
            empty = np.empty(0, dtype=np.uint64)
            first = np.concatenate([empty, *self._first])
            second = np.concatenate([empty, *self._second])
            people = np.concatenate([np.empty(0, dtype=np.int64), *self._people])
            order = np.argsort(first, kind="stable")
            self._sorted = first[order], second[order], people[order]
        return self._sorted
