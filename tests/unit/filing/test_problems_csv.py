import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from processor.filing.problems_csv import BOM, write_problems
from processor.findings import Problem
from tests.unit.filing.samples import problem


def written(*problems: Problem) -> bytes:
    target = io.BytesIO()
    write_problems(target, problems)
    return target.getvalue()


def read(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def test_r01_the_table_has_these_labels_and_one_row_for_each_problem() -> None:
    table = read(
        written(problem(14), problem(None, None, "empty-file", "The file is empty", "Send it again."))
    )
    assert table == [
        ["Line", "Column", "Code", "Problem", "What to do"],
        [
            "14",
            "Deactivation Date",
            "date-doubtful",
            "This date can be read in two ways",
            "Write dates as yyyy-mm-dd.",
        ],
        ["", "", "empty-file", "The file is empty", "Send it again."],
    ]


def test_e02_a_label_that_a_spreadsheet_would_run_gets_a_quote() -> None:
    assert read(written(problem(column="=HYPERLINK(1)")))[1][1] == "'=HYPERLINK(1)"


def test_a_table_gets_a_byte_order_mark_only_where_excel_needs_it() -> None:
    assert written(problem(column="Eintritt")).startswith(b"Line,Column,")
    assert written(problem(column="Straße")).startswith(BOM + b"Line,Column,")


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9),
        max_size=5,
    )
)
def test_e02_no_cell_of_the_table_runs_whatever_the_labels_are(labels: list[str]) -> None:
    table = read(written(*(problem(column=label) for label in labels)))
    assert len(table) == len(labels) + 1
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_f04_a_mark_goes_before_a_table_of_many_blocks_and_problems_are_read_once() -> None:
    target = io.BytesIO()
    many = (
        problem(line, "Straße" if line == 9_000 else "Eintritt", text="x" * 200) for line in range(10_000)
    )
    write_problems(target, many)
    table = read(target.getvalue())
    assert target.getvalue().startswith(BOM)
    assert [row[0] for row in table] == ["Line", *map(str, range(10_000))]
    assert table[9_001][1] == "Straße"
