import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.reading.delimiters import DELIMITERS, recognise_delimiter


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("User Email,Teams", ","),
        ("User Email;Teams", ";"),
        ("User Email\tTeams\r\n", "\t"),
        ("User Email|Teams", "|"),
        ("User Email", ","),
        ("", ","),
        ('"User Email, work";Teams;Room', ";"),
        ("User Email;Name, first;Name, last;a, b", ";"),
        ("user_email;a, b, c, d", ";"),
    ],
)
def test_f01_the_delimiter_is_recognised_from_the_header_line(line: str, delimiter: str) -> None:
    assert recognise_delimiter(line) == delimiter


def test_f01_labels_of_the_map_help() -> None:
    assert recognise_delimiter("Mail;a, b, c, d", known_labels=["mail"]) == ";"


@given(
    labels=st.lists(st.text(alphabet='abc ,;|\t"', min_size=1, max_size=6), max_size=5),
    delimiter=st.sampled_from(DELIMITERS),
)
def test_f01_quoted_labels_do_not_mislead(labels: list[str], delimiter: str) -> None:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerow(["User Email", "Teams", *labels])
    assert recognise_delimiter(line.getvalue()) == delimiter
