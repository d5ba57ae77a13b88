import pytest

from tests.unit.reading.refusals import key_checker

from .whole_files import settings_with, understood

GOOD = "a@m.example"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([GOOD, "7"], None),
        ([f" {GOOD}\u00a0", "7"], None),
        ([f"'+{GOOD}", "7"], None),
        ([GOOD, "7", ""], None),
        ([GOOD, ""], "key-missing"),
        ([GOOD, "\u00a0"], "key-missing"),
        ([GOOD, "Wipe"], "key-missing"),
        (["", "7"], "address-missing"),
        (["wipe", "7"], "address-missing"),
        (["nobody", "7"], "address-invalid"),
        ([GOOD], "row-too-short"),
        ([GOOD, "7", "x"], "row-too-long"),
    ],
)
def test_p01_p11_a_row_is_refused_for_its_width_or_its_key(cells: list[str], code: str | None) -> None:
    check = key_checker(
        header=understood("User Email", "Badge"), settings=settings_with(match_by="badge", clear_word="WIPE")
    )
    found = check(7, cells)
    assert (found and found.code) == code
    assert found is None or found.line == 7


def test_p01_the_checker_takes_the_first_address_that_is_not_blank() -> None:
    header = understood("Work", "Home", header_map={"Home": "User Email", "Work": "User Email"})
    check = key_checker(header=header, settings=settings_with())
    assert check(2, ["nobody", GOOD]) is None
    found = check(2, ["nobody", " "])
    assert found is not None
    assert (found.code, found.column) == ("address-invalid", "Work")
    missing = check(2, ["", " "])
    assert missing is not None
    assert (missing.code, missing.column) == ("address-missing", "Home")


@pytest.mark.parametrize(
    ("cells", "clear", "code"),
    [
        (["pat", "x"], None, "address-invalid"),
        ([GOOD, "x"], None, None),
        (["x@y.zz", "x"], "x@y.zz", "address-missing"),
    ],
)
def test_p03_p01_the_clear_word_is_no_address(cells: list[str], clear: str | None, code: str | None) -> None:
    check = key_checker(header=understood("User Email", "Badge"), settings=settings_with(clear_word=clear))
    found = check(2, cells)
    assert (found and found.code) == code
