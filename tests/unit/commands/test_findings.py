"""`commands/findings.py`: problems and changes in words."""

import pytest

from commands.findings import change_as_dict, finding_as_dict, in_words, print_changes, print_findings
from processor.findings import Problem
from processor.imports import Change


def bad(line: int | None, code: str = "bad-date", column: str | None = "Hire Date") -> Problem:
    return Problem(line, column, code, "This is no date", "Write 2026-11-24.")


def test_h07_problems_of_one_kind_are_said_together_with_the_advice_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_findings("Problems", [bad(3), bad(9, "other"), bad(5)])
    printed = capsys.readouterr().out
    assert "Problems (3)" in printed
    assert printed.index("line 5, Hire Date") < printed.index("line 9, Hire Date")
    assert printed.count("-> Write 2026-11-24.") == 2


def test_h07_of_many_problems_the_first_lines_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings("Problems", [bad(line) for line in range(2, 2_002)])
    printed = capsys.readouterr().out
    assert "and 1,995 more of this kind: lines 7 to 2001" in printed
    assert len(printed.splitlines()) < 12


def test_h07_without_problems_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings("Problems", [])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("user", "a@x.example", "name", "Ann", "Anne"), "User Name: Ann -> Anne"),
        (
            Change("user", "a@x.example", "manager_email", None, "b@x.example"),
            "Manager Email: (blank) -> b@x.example",
        ),
        (Change("user", "a@x.example", "is_org_admin", False, True), "Is Org Admin: No -> Yes"),
        (Change("user", "a@x.example", "custom.Shoe Size", "42", "43"), "Shoe Size: 42 -> 43"),
        (Change("user", "a@x.example", "teams", None, "Sales"), "joins Sales"),
        (Change("user", "a@x.example", "teams", "Sales", None), "leaves Sales"),
        (
            Change("user", "a@x.example", "deactivates_at", None, "2026-11-25T09:00:00.000+00:00"),
            "will be deactivated at 2026-11-25T09:00:00.000+00:00",
        ),
    ],
)
def test_r02_a_change_is_said_as_old_and_new(change: Change, words: str) -> None:
    assert in_words(change) == words


def test_r02_changes_of_one_person_stand_together(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [
        Change("user", "a@x.example", "name", "Ann", "Anne"),
        Change("user", "a@x.example", "last_name", "A", "B"),
        Change("team", "Sales", "type", None, "Group"),
        Change("user", "b@x.example", "created", None, "b@x.example"),
    ]
    print_changes(changes, total=10, more_by="ask")
    printed = capsys.readouterr().out
    assert printed.count("a@x.example") == 1
    assert "team Sales" in printed
    assert "  new user b@x.example\n" in printed
    assert "and 6 more changes: ask" in printed


def test_x_findings_and_changes_have_the_names_of_the_contract() -> None:
    assert finding_as_dict(bad(3)) == {
        "line": 3,
        "column": "Hire Date",
        "code": "bad-date",
        "text": "This is no date",
        "advice": "Write 2026-11-24.",
    }
    assert change_as_dict(Change("user", "k", "name", "a", "b")) == {
        "kind": "user",
        "key": "k",
        "field": "name",
        "old": "a",
        "new": "b",
    }
