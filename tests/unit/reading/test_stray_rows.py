import csv
from dataclasses import replace

import pytest

from processor.reading.header import understand_header
from processor.reading.stray_rows import check_width, looks_like_total, stray_row, title_above
from processor.reading.table import Record
from tests.unit.reading.refusals import key_checker

from .whole_files import settings_with, understood

HEADER = understood("User Email", "User Name", "Teams")


def test_f03_the_width_is_told_in_numbers() -> None:
    header = understood("User Email", "User Name")
    assert check_width(3, ["a", "b"], header) is None
    assert check_width(3, ["a", "b", " ", ""], header) is None
    for cells, text in (
        (["a"], "has 1 cell, the header has 2"),
        (["a", "b", "", "c"], "has 4 cells, the header has 2"),
    ):
        found = check_width(3, cells, header)
        assert found is not None
        assert text in found.text


@pytest.mark.parametrize(
    ("cells", "is_total"),
    [
        (["Total: 412"], True),
        (["Total", "412", "", ""], True),
        (["", "Grand total", "412"], True),
        (["Sub-Total 3"], True),
        (["Summe", "412"], True),
        (["Number of employees: 12"], True),
        (["Report generated 24/11/2026 by hr"], True),
        (["End of report"], True),
        (["Employees", "412"], False),
        (["Totally", "Fine", "Sales"], False),
        (["total@x.example"], False),
        (["Total", "Recall", "Sales", "North", "Lead"], False),
        (["Anna", "Total"], False),
        ([" ", ""], False),
    ],
)
def test_f03_a_total_is_told_from_a_person(cells: list[str], is_total: bool) -> None:
    assert looks_like_total(cells) is is_total


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["User Email", "User Name", "Teams"], "labels-again"),
        (["user_email", "USER NAME", "teams"], "labels-again"),
        (["Manager Email", "Manager", "x"], "labels-again"),
        (["Total: 3", "", ""], "total-row"),
        (["ann", "Ann", "Teams"], None),
        (["ann@x", "Manager", "Teams"], None),
    ],
)
def test_f03_a_row_that_cannot_be_taken_may_be_labels_or_a_total(cells: list[str], code: str | None) -> None:
    found = stray_row(7, cells, HEADER)
    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("header_delimiter", "row", "code"),
    [
        (",", "ann@x.example;Ann;Sales", "row-other-delimiter"),
        (",", "ann@x.example\tAnn\tSales", "row-other-delimiter"),
        (";", "ann@x.example,Ann,Sales", "row-other-delimiter"),
        (",", "ann@x.example;Ann", "row-too-short"),
        (",", "ann@x.example", "row-too-short"),
        (",", "ann@x.example,Ann,Sales,North", "row-too-long"),
        (",", "Total: 412", "total-row"),
        (",", "ann@x.example;Ann;Sales, North", "row-other-delimiter"),
    ],
)
def test_f03_a_row_with_another_delimiter_than_the_header_is_called_so(
    header_delimiter: str, row: str, code: str
) -> None:
    header = replace(HEADER, delimiter=header_delimiter)
    cells = next(csv.reader([row], delimiter=header_delimiter))
    found = check_width(2, cells, header)
    assert found is not None
    assert found.code == code
    if code == "row-other-delimiter":
        assert (
            f"by {'tabs' if chr(9) in row else '`;`' if header_delimiter == ',' else '`,`'}, the"
            in found.text
        )


def test_p01_a_total_below_the_rows_is_no_bad_address() -> None:
    check = key_checker(header=HEADER, settings=settings_with())
    found = check(9, ["Total", "412", ""])
    assert found is not None
    assert (found.code, found.line, found.column) == ("total-row", 9, None)


def record(line: int, text: str) -> Record:
    return Record(line, text.encode(), next(csv.reader([text])))


@pytest.mark.parametrize(
    ("below", "labels"),
    [
        (["User Email,User Name\n", "ann@x.example,Ann\n"], 2),
        (["\n", "As of 24 November\n", "Team Name;Parent Team\n"], 4),
        (["ann@x.example,Ann\n", "bob@x.example,Bob\n"], None),
    ],
)
def test_f02_a_title_above_the_labels_is_called_so(below: list[str], labels: int | None) -> None:
    records = [record(line, text) for line, text in enumerate(below, start=2)]
    found = title_above(
        1, records, lambda cells: understand_header(cells, header_map={}, field_labels=()), encoding="utf-8"
    )
    if labels is None:
        assert found is None
    else:
        assert found is not None
        assert (found.code, found.line) == ("title-above", 1)
        assert f"in line {labels} " in found.text
