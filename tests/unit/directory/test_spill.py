from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.directory import spill
from processor.directory.spill import Row, Spill

value = st.none() | st.integers() | st.text() | st.booleans()
batches = st.lists(st.lists(st.tuples(value, value), max_size=5), max_size=6)


@settings(max_examples=40)
@given(batches)
def test_f04_rows_come_back_in_order_and_more_than_once(
    tmp_path_factory: pytest.TempPathFactory, given: list[list[Row]]
) -> None:
    with Spill(folder=tmp_path_factory.getbasetemp()) as kept:
        for batch in given:
            kept.append(batch)
        expected = [row for batch in given for row in batch]
        assert [row for batch in kept.batches() for row in batch] == expected
        assert [row for batch in kept.batches() for row in batch] == expected
        assert len(kept) == sum(map(len, given))


def test_f04_many_rows_go_to_a_file_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "IN_MEMORY_BYTES", 1_000)
    with Spill(folder=tmp_path) as kept:
        for number in range(200):
            kept.append([(number, "x" * 100)])
            if number == 100:
                assert sum(len(batch) for batch in kept.batches()) == 101  # reading in between does not harm
        assert [row[0] for batch in kept.batches() for row in batch] == list(range(200))
        assert list(tmp_path.iterdir()) == []


def test_f04_rows_that_come_one_by_one_are_read_back_many_at_a_time(tmp_path: Path) -> None:
    with Spill(folder=tmp_path) as kept:
        for number in range(5_000):
            kept.append([(number,)])
        assert [len(batch) for batch in kept.batches()] == [2_000, 2_000, 1_000]
