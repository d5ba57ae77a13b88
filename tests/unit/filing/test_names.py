import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.filing import names
from processor.imports import Outcome
from tests.unit.filing.samples import record


def test_r01_a_name_says_when_which_and_what() -> None:
    assert names.filed_name(record(name="users.csv")) == "20261123T090501Z-000017-users.csv"


def test_r01_the_time_is_utc_whatever_the_row_says() -> None:
    late = record(accepted_at="2026-11-23T23:30:00.000-05:00")
    assert names.filed_name(late).startswith("20261124T043000Z-")


@pytest.mark.parametrize(
    ("outcome", "folder"),
    [
        (Outcome.IMPORTED, "archive"),
        (Outcome.PARTIAL, "archive"),
        (Outcome.CHECKED, "archive"),
        (Outcome.REFUSED, "error"),
        (Outcome.DISCARDED, "error"),
    ],
)
def test_r01_the_outcome_chooses_the_folder(outcome: Outcome, folder: str) -> None:
    assert names.filed_as(record(outcome)) == f"{folder}/20261123T090501Z-000017-users.csv"


@pytest.mark.parametrize("outcome", [None, Outcome.WAITING, Outcome.HELD])
def test_r01_what_waits_or_is_held_has_no_place_in_the_archive(outcome: Outcome | None) -> None:
    with pytest.raises(ValueError, match="no final outcome"):
        names.filed_as(record(outcome))


@pytest.mark.parametrize(
    ("given_name", "plain"),
    [
        ("users.csv", "users.csv"),
        ("Nov 2026 (final).CSV", "Nov_2026__final_.CSV"),
        ("Müller.csv", "M_ller.csv"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a\nb\x00.csv", "a_b_.csv"),
        ("bad\udcff.csv", "bad_.csv"),
        ("", "_"),
    ],
)
def test_r01_foreign_characters_become_underscores(given_name: str, plain: str) -> None:
    assert names.plain_name(given_name) == plain


def test_r01_a_long_name_keeps_its_extension() -> None:
    plain = names.plain_name("u" * 300 + ".csv")
    assert plain == "u" * 146 + ".csv"


def test_r01_an_endless_extension_is_cut_like_a_name() -> None:
    assert names.plain_name("a." + "b" * 300) == "a." + "b" * 148


@given(st.text(max_size=400))
def test_r01_every_name_is_plain_and_fits_a_directory_with_its_longest_sibling(given_name: str) -> None:
    filed = names.filed_name(record(name=given_name))
    assert re.fullmatch(r"\d{8}T\d{6}Z-\d{6}-[A-Za-z0-9._-]{1,150}", filed)
    assert len(f".{filed}{names.PROBLEMS}") <= 255


@given(st.integers(1, 2_000_000_000), st.integers(1, 2_000_000_000), st.text(max_size=20))
def test_r01_two_imports_never_have_one_name(one: int, other: int, given_name: str) -> None:
    same = names.filed_name(record(number=one, name=given_name)) == names.filed_name(
        record(number=other, name=given_name)
    )
    assert same == (one == other)


def test_r01_the_report_stands_beside_the_file_and_the_tables_in_error() -> None:
    partial = record(Outcome.PARTIAL, rows_refused=2)
    assert names.report_path(partial) == "archive/20261123T090501Z-000017-users.csv.report.html"
    assert names.problems_path(partial, problems=2) == "error/20261123T090501Z-000017-users.csv.problems.csv"
    assert names.rejected_path(partial) == "error/20261123T090501Z-000017-users.csv.rejected.csv"


def test_r01_there_are_no_refused_rows_beside_a_file_that_was_refused_whole() -> None:
    refused = record(Outcome.REFUSED, rows_refused=2)
    assert names.rejected_path(refused) is None
    assert names.problems_path(refused, problems=1) is not None


@pytest.mark.parametrize("outcome", [Outcome.IMPORTED, Outcome.CHECKED, Outcome.DISCARDED])
def test_r01_other_outcomes_have_no_tables(outcome: Outcome) -> None:
    assert names.problems_path(record(outcome), problems=3) is None
    assert names.rejected_path(record(outcome, rows_refused=3)) is None
