import pytest

from processor.directory.odd_ids import OddIds, lost_zeros, with_zeros
from processor.reading.values import is_shortened


@pytest.mark.parametrize(
    ("text", "shortened"),
    [
        ("1.02E+05", True),
        ("1,02E+05", True),
        (" 2e+10 ", True),
        ("102345", False),
        ("E+05", False),
        ("1+1", False),
    ],
)
def test_p01_a_shortened_number_is_known(text: str, shortened: bool) -> None:
    assert is_shortened(text) is shortened


@pytest.mark.parametrize(
    ("known", "given", "lost"),
    [
        ("000123", "123", True),
        (" 000123 ", "123 ", True),
        ("000123", "000123", False),
        ("000123", "1234", False),
        ("123", "123", False),
        ("0x1", "x1", False),
        (None, "123", False),
        (True, "1", False),
    ],
)
def test_p01_zeros_are_lost_where_the_rest_is_the_same(known: object, given: object, lost: bool) -> None:
    assert lost_zeros(known, given) is lost


def test_h06_what_an_id_may_have_been() -> None:
    assert with_zeros("12345678901") == ["012345678901"]
    assert with_zeros("0123") == with_zeros("k7") == with_zeros("") == []


def test_p01_each_column_and_kind_is_noted_once() -> None:
    ids = OddIds()
    ids.add("id-shortened", "ID", 3)
    ids.add("id-without-zeros", "Boss", 4)
    ids.add("id-shortened", "ID", 4)
    first, second = ids.notes()
    assert (first.code, first.column) == ("id-shortened", "ID")
    assert first.text.endswith(": 2 cells, lines 3 to 4 (P1)")
    assert second.text.endswith(": 1 cell, line 4 (P1)")
