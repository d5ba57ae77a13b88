from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.extents import Extents

writes = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=40,
)


def bytes_of(ranges: list[tuple[int, int]]) -> set[int]:
    return {byte for start, end in ranges for byte in range(start, end)}


@given(writes)
def test_u03_extents_hold_exactly_the_bytes_that_were_written(ranges: list[tuple[int, int]]) -> None:
    extents = Extents(ranges)
    assert bytes_of(list(extents)) == bytes_of(ranges)


@given(writes)
def test_u03_extents_are_sorted_and_never_touch(ranges: list[tuple[int, int]]) -> None:
    kept = list(Extents(ranges))
    assert all(start < end for start, end in kept)
    assert all(before[1] < after[0] for before, after in pairwise(kept))


@given(writes)
def test_u03_the_unbroken_end_is_the_first_byte_that_nobody_wrote(ranges: list[tuple[int, int]]) -> None:
    written = bytes_of(ranges)
    extents = Extents(ranges)
    assert extents.unbroken_end == next(byte for byte in range(100) if byte not in written)
    assert extents.end == max(written, default=-1) + 1
    assert extents.has_hole == (len(written) < extents.end)


@given(writes, st.integers(0, 90))
def test_u03_cutting_forgets_what_lies_behind(ranges: list[tuple[int, int]], size: int) -> None:
    extents = Extents(ranges)
    extents.cut(size)
    assert bytes_of(list(extents)) == {byte for byte in bytes_of(ranges) if byte < size}


def test_u02_writes_in_order_stay_one_range() -> None:
    extents = Extents()
    for number in range(1000):
        extents.add(number * 10, number * 10 + 10)
    assert list(extents) == [(0, 10_000)]
    assert extents.count == 1
