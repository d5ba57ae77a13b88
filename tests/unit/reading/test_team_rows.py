import pytest

from processor.findings import Problem
from processor.reading.team_rows import TeamRow, team_row_reader

from .whole_files import settings_with, understood

LABELS = ("Team Name", "Team Owner", "Parent Team", "Team Type")


def read(*cells: str, clear_word: str | None = None) -> TeamRow | Problem:
    reader = team_row_reader(header=understood(*LABELS), settings=settings_with(clear_word=clear_word))
    return reader(5, cells)


def team(*cells: str, clear_word: str | None = None) -> TeamRow:
    found = read(*cells, clear_word=clear_word)
    assert isinstance(found, TeamRow)
    return found


def test_t01_a_row_says_name_owner_parent_and_type() -> None:
    found = team(" Sales\u00a0", "Pat@Mavericks.example", "Company", "Department")
    assert found == (
        5,
        "Sales",
        "sales",
        ("Pat@Mavericks.example", "pat@mavericks.example"),
        "Company",
        "Department",
        (),
        frozenset(),
    )


def test_t02_t03_blank_cells_say_nothing() -> None:
    assert team("Sales", "", " ", "\u00a0")[3:6] == (None, None, None)


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        (("", "pat@m.example", "", ""), "team-name-missing", "Team Name"),
        (("Sales",), "row-too-short", None),
        (("Sales", "", "", "", "x"), "row-too-long", None),
    ],
)
def test_t01_f03_a_row_without_a_name_or_of_the_wrong_width_is_refused(
    cells: tuple[str, ...], code: str, column: str | None
) -> None:
    found = read(*cells)
    assert isinstance(found, Problem)
    assert (found.code, found.line, found.column) == (code, 5, column)


def test_p11_t02_a_bad_owner_is_left_out_and_the_rest_counts() -> None:
    found = team("Sales", "Pat Summitt", "Company", "")
    assert [(f.code, f.column) for f in found.findings] == [("owner-invalid", "Team Owner")]
    assert (found.owner, found.parent) == (None, "Company")


def test_p03_the_clear_word_empties_owner_parent_and_type() -> None:
    found = team("Sales", "wipe", "WIPE", "x", clear_word="Wipe")
    assert found.cleared == {"owner", "parent"}
    assert not found.findings


def test_e02_the_guard_is_taken_off() -> None:
    assert team("'=Sales", "", "'-Company", "").name == "=Sales"


@pytest.mark.parametrize(
    "cells",
    [
        ("Total", "3", "", ""),
        ("TOTAL:", "", "", "1,204"),
        ("Total teams: 12", "", "", ""),
        ("", "Grand total", "", "3"),
        ("Number of teams", "3", "", ""),
        ("--- End of report ---", "", "", ""),
    ],
)
def test_f03_t01_a_row_of_totals_makes_no_team(cells: tuple[str, ...]) -> None:
    found = read(*cells)
    assert isinstance(found, Problem)
    assert found.line == 5
    assert found.code == "total-row"


@pytest.mark.parametrize(
    ("name", "owner", "parent", "kind"),
    [
        ("Total Rewards", "", "", ""),
        ("Total", "", "", ""),
        ("Total", "", "Company", ""),
        ("Total", "pat@m.example", "", "3"),
        ("Count", "", "Company", "3"),
        ("Records Management", "", "", "3"),
        ("Sum Insured 2", "", "", ""),
        ("End of report reviews", "", "", ""),
    ],
)
def test_f03_t01_a_team_may_have_a_name_that_begins_like_a_total(
    name: str, owner: str, parent: str, kind: str
) -> None:
    assert team(name, owner, parent, kind).name == name
