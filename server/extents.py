"""Which bytes of a file were written: ranges, kept sorted and merged; no disk here (rules U2, U3)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Extents:
    """Half-open ranges `[start, end)` that were written so far; bytes written twice count once."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Note a write; an empty one changes nothing."""
        if end <= start:
            return
        if self._ends and start == self._ends[-1]:
            self._ends[-1] = end  # nearly every write continues the one before
            return
        first = bisect_left(self._ends, start)
        behind = bisect_right(self._starts, end)
        if first < behind:
            start = min(start, self._starts[first])
            end = max(end, self._ends[behind - 1])
        self._starts[first:behind] = [start]
        self._ends[first:behind] = [end]

    def cut(self, size: int) -> None:
        """Forget what lies at or behind `size`."""
        kept = [(start, min(end, size)) for start, end in self if start < size]
        self._starts = [start for start, _ in kept]
        self._ends = [end for _, end in kept]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(zip(self._starts, self._ends, strict=True))

    @property
    def count(self) -> int:
        """How many ranges there are: 1 for a file without holes."""
        return len(self._starts)

    @property
    def unbroken_end(self) -> int:
        """Rule U3: a partial counts up to here."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    @property
    def end(self) -> int:
        """Where the last written byte lies, plus one."""
        return self._ends[-1] if self._ends else 0

    @property
    def has_hole(self) -> bool:
        """Rule U2: bytes before the end that nobody wrote."""
        return self.unbroken_end < self.end
