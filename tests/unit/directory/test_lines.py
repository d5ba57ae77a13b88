import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.lines import Lines


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([3], "line 3"),
        ([3, 3], "line 3"),
        ([3, 4, 5], "lines 3 to 5"),
        ([3, 5, 6, 9], "lines 3, 5 to 6 and 9"),
        ([1, 3, 5, 7, 9], "lines 1, 3, 5 and 2 more"),
    ],
)
def test_lines_are_said_in_words(lines: list[int], words: str) -> None:
    assert Lines(lines).in_words(most=3) == words


@given(st.lists(st.integers(1, 60)))
def test_r02_runs_hold_exactly_the_lines_taken(taken: list[int]) -> None:
    lines = Lines(taken)
    held = {line for first, last, _ in lines.runs() for line in range(first, last + 1)}
    assert held == set(taken)
    assert sum(count for _, _, count in lines.runs()) == len(lines) == len(taken)
