import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.filing.formulas import guard, unguard


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-5", "@SUM(A1)", "\tx", "\rx", "'=x", "''=x"])
def test_e02_a_cell_that_a_spreadsheet_would_run_gets_a_quote(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a", "a=b", "'", "'a", "O'Neil", " =1", "''a"])
def test_e02_other_cells_stay_as_they_are(cell: str) -> None:
    assert guard(cell) == cell
    assert unguard(cell) == cell


@given(st.text(alphabet="'=+-@\t\ra b", max_size=6))
def test_e02_the_way_back_is_exact(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@given(st.text(alphabet="'=+-@\t\rab", max_size=6))
def test_e02_no_guarded_cell_runs(cell: str) -> None:
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
