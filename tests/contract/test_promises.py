"""docs/contract.md names every rule once, with a state and a sentence."""

import re
from pathlib import Path

from tests.contract.test_repository import table_rows

CONTRACT = Path(__file__).resolve().parents[2] / "docs" / "contract.md"
HIGHEST = {
    "U": 11,
    "A": 6,
    "F": 4,
    "H": 8,
    "P": 11,
    "T": 4,
    "C": 3,
    "G": 3,
    "R": 3,
    "N": 5,
    "E": 2,
    "S": 2,
    "O": 6,
}
STATES = {"kept", "kept in part", "*planned*"}


def test_every_rule_has_one_row_with_a_state_and_a_sentence() -> None:
    rows = [row for row in table_rows(CONTRACT) if re.fullmatch(r"[A-Z]\d*", row[0])]
    expected = [f"{letter}{number}" for letter, last in HIGHEST.items() for number in range(1, last + 1)]
    assert [row[0] for row in rows] == ["W", *expected, "K", "X"]
    assert {row[1] for row in rows} <= STATES
    assert all(len(row) == 3 and len(row[2]) >= 6 for row in rows)


def test_a_rule_that_is_kept_in_part_says_what_is_missing() -> None:
    partly = [
        row
        for row in table_rows(CONTRACT)
        if len(row) == 3 and row[1] == "kept in part" and row[0] not in "KX"
    ]
    silent = [row[0] for row in partly if re.fullmatch(r"[A-Z]\d+", row[0]) and "Planned: " not in row[2]]
    assert not silent
