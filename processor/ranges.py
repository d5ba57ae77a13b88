"""Byte ranges of rows, 16 bytes each: a file of five million refused rows must not fill the memory (rule F4)."""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

from array import array
from collections.abc import Iterable, Sequence
from typing import overload

Range = tuple[int, int]  # from the first byte to the one after the last


class ByteRanges(Sequence[Range]):
    """Ranges in the order in which they were added."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._starts: array[int] = array("q")
        self._ends: array[int] = array("q")
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Take one range."""
        self._starts.append(start)
        self._ends.append(end)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, place: int) -> Range: ...
    @overload
    def __getitem__(self, place: slice) -> ByteRanges: ...
    def __getitem__(self, place: int | slice) -> Range | ByteRanges:
        """Return one range, or some."""
        if isinstance(place, slice):
            return ByteRanges(zip(self._starts[place], self._ends[place], strict=True))
        return self._starts[place], self._ends[place]
