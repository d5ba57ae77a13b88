"""Medians, percentiles and ratios of measured rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import figures

TIMES = st.lists(st.floats(min_value=0.001, max_value=1000), min_size=1, max_size=50)


@given(TIMES)
def test_percentiles_are_measured_values_in_their_order(values: list[float]) -> None:
    found = [figures.percentile(values, percent) for percent in (0, 1, 50, 99, 100)]
    assert set(found) <= set(values)
    assert found == sorted(found)
    assert (found[0], found[-1]) == (min(values), max(values))


@pytest.mark.parametrize(("percent", "expected"), [(50, 150), (99, 297), (100, 300), (99.9, 300)])
def test_of_three_hundred_values_three_are_above_the_99th_percentile(percent: float, expected: int) -> None:
    assert figures.percentile(list(range(300, 0, -1)), percent) == expected


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    assert figures.ratio([2.0, 30.0, 2.0], [1.0, 10.0, 1.0]) == 2.0


def test_a_ratio_to_a_time_of_no_tick_is_a_number() -> None:
    assert figures.ratio([1.0], [0.0]) == pytest.approx(1000)


def test_rounds_of_different_number_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="argument"):
        figures.ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize("made", [figures.median, lambda values: figures.percentile(values, 99)])
def test_nothing_has_no_median(made) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="nothing was measured"):
        made([])


@pytest.mark.parametrize(
    ("value", "expected"), [(1.999, "1.99 x"), (2.0, "2.00 x"), (0.29, "0.29 x"), (3.0001, "3.00 x")]
)
def test_a_ratio_is_never_shown_as_more_than_it_is(value: float, expected: str) -> None:
    assert figures.times(value) == expected


def test_short_times_are_shown_more_finely() -> None:
    assert [figures.seconds(value) for value in (0.0123, 12.345)] == ["0.012 s", "12.35 s"]
