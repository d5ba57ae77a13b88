import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.reading.values import (
    clean,
    is_blank,
    join_teams,
    key_text,
    put_guard_on,
    split_teams,
    take_guard_off,
)

NAMES = st.text(min_size=1, max_size=20).map(clean).filter(bool)


@pytest.mark.parametrize("cell", ["", " ", "\t", "\u00a0", "\u2003 ", "\u3000", "\ufeff", "\u200b"])
def test_w01_white_space_of_any_kind_is_blank(cell: str) -> None:
    assert is_blank(cell)
    assert clean(f"{cell}Pat Summitt{cell}") == "Pat Summitt"


@given(st.text())
def test_blank_and_clean_agree(cell: str) -> None:
    assert is_blank(cell) == (clean(cell) == "")
    assert clean(clean(cell)) == clean(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'=1+1", "=1+1"),
        ("'+47 22", "+47 22"),
        ("''=x", "'=x"),
        ("'''-x", "''-x"),
        ("'@me", "@me"),
        ("'\tx", "\tx"),
        ("'quoted'", "'quoted'"),
        ("'", "'"),
        ("o'=x", "o'=x"),
        ("=1", "=1"),
    ],
)
def test_e02_the_guard_of_a_formula_is_taken_off(cell: str, text: str) -> None:
    assert take_guard_off(cell) == text


@given(st.text(alphabet="'=+-@\t\rab") | st.text())
def test_e02_what_is_guarded_comes_back_exactly(text: str) -> None:
    guarded = put_guard_on(text)
    assert take_guard_off(guarded) == text
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Engineering", ("Engineering",)),
        (" Engineering , Sales ", ("Engineering", "Sales")),
        ("Sales,,sales, SALES,Ops", ("Sales", "Ops")),
        ('"Sales, North",Ops', ("Sales, North", "Ops")),
        ('Ops, "Sales, North" ', ("Ops", "Sales, North")),
        ('"The ""A"" Team",Ops', ('The "A" Team', "Ops")),
        ('The "A" Team,Ops', ('The "A" Team', "Ops")),
        ('6" pipes,Ops', ('6" pipes', "Ops")),
        (",, ,", ()),
        ("", ()),
        ('""', ()),
        ('"Sales, North', None),
    ],
)
def test_p05_a_list_of_teams_is_split_at_commas_outside_quotes(cell: str, names: object) -> None:
    assert split_teams(cell) == names


@given(st.lists(NAMES, unique_by=str.casefold))
def test_p05_e01_teams_that_are_joined_split_into_the_same(names: list[str]) -> None:
    assert split_teams(join_teams(names)) == tuple(names)


@given(st.text())
def test_p05_any_cell_is_split_without_an_exception(cell: str) -> None:
    names = split_teams(cell)
    assert names is None or len({n.casefold() for n in names}) == len(names)


def test_p01_keys_are_the_same_without_case_and_outer_space() -> None:
    assert key_text(" A007\u00a0") == key_text("a007")
    assert key_text("007") != key_text("7")
