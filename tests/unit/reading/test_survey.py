import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.reading.dates import EarlierProof, Order
from processor.reading.field_types import FieldType
from processor.reading.survey import Survey

from .whole_files import known, read_users, understood

HEAD = "User Email,Hire Date,Deactivation Date\n"


def file_of(label: str, *values: str) -> str:
    return f"User Email,{label}\n" + "".join(
        f'p{n}@mavericks.example,"{value}"\n' for n, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("2024-01-02", "31/12/2024", ""), FieldType.DATE),
        (("Yes", "no", "TRUE", "false", " "), FieldType.BOOLEAN),
        (("Yes", "2024-01-02"), FieldType.TEXT),
        (("0012", "7"), FieldType.TEXT),
        (("Yes", "perhaps"), FieldType.TEXT),
        (("2024-01-02", "soon"), FieldType.TEXT),
    ],
)
def test_c01_the_type_of_a_new_field_comes_from_all_its_values(
    values: tuple[str, ...], kind: FieldType
) -> None:
    found = read_users(file_of("Thing", *values))
    assert found.decisions.new_fields == {"Thing": kind}


def test_c01_a_label_without_a_value_makes_no_field() -> None:
    assert not read_users(file_of("Thing", "", "\u00a0")).decisions.new_fields


def test_c01_values_of_refused_rows_do_not_count() -> None:
    found = read_users("User Email,Remote\npat@mavericks.example,Yes\nnobody,perhaps\n,maybe\n")
    assert found.decisions.new_fields == {"Remote": FieldType.BOOLEAN}
    assert found.codes == ["address-invalid", "address-missing"]


def test_c01_leading_zeros_stay() -> None:
    found = read_users(file_of("Employee ID", "000123"))
    assert found.row.custom == {"Employee ID": "000123"}


def test_c02_a_boolean_field_that_imports_made_becomes_text_with_a_note() -> None:
    found = read_users(file_of("Remote", "Yes", "often"), fields=known(Remote="boolean"))
    assert found.decisions.widened == ("Remote",)
    assert found.decisions.types == {"Remote": FieldType.TEXT}
    assert found.notes == ["field-became-text"]
    assert [row.custom for row in found.rows] == [{"Remote": "Yes"}, {"Remote": "often"}]


def test_c02_a_type_set_by_command_is_strict() -> None:
    found = read_users(file_of("Remote", "Yes", "often"), fields=known(Remote="boolean!"))
    assert not found.decisions.widened
    assert found.codes == ["value-misfit"]
    assert [row.custom for row in found.rows] == [{"Remote": True}, {}]


def test_c02_a_date_field_becomes_text_only_where_no_value_is_a_date() -> None:
    one_date = read_users(file_of("Hire Date", "soon", "2024-01-02"), fields=known(Hire_Date="date"))
    assert not one_date.decisions.widened
    assert one_date.codes == ["value-misfit"]
    none = read_users(file_of("Hire Date", "soon", "later"), fields=known(Hire_Date="date"))
    assert none.decisions.widened == ("Hire Date",)
    assert not none.codes


def test_c02_doubtful_dates_are_refused_and_widen_nothing() -> None:
    found = read_users(file_of("Hire Date", "03/04/2024", "soon"), fields=known(Hire_Date="date"))
    assert not found.decisions.widened
    assert found.codes == ["date-doubtful", "value-misfit"]


def test_p09_a_doubtful_date_in_a_new_column_makes_it_text_with_a_note() -> None:
    found = read_users(file_of("Hire Date", "03/04/2024", "2024-01-02"))
    assert found.decisions.new_fields == {"Hire Date": FieldType.TEXT}
    assert found.notes == ["column-made-text"]
    assert found.rows[0].custom == {"Hire Date": "03/04/2024"}


def test_p09_contradicting_proofs_refuse_doubtful_dates() -> None:
    found = read_users(
        file_of("Deactivation Date", "31/12/2024", "12/31/2024", "03/04/2024"),
        earlier=EarlierProof(Order.DMY, 4),
    )
    assert [row.deactivation_date for row in found.rows] == ["2024-12-31", "2024-12-31", None]
    assert found.codes == ["date-doubtful"]
    assert found.decisions.proved is None


def test_p09_a_columns_own_proof_goes_before_the_files() -> None:
    found = read_users(
        HEAD + "a@mavericks.example,31/12/2020,03/04/2024\n" + "b@mavericks.example,03/04/2020,12/31/2024\n"
    )
    assert found.decisions.orders == {"Hire Date": Order.DMY}
    assert found.decisions.deactivation_order is Order.MDY
    assert found.rows[1].custom == {"Hire Date": "2020-04-03"}
    assert found.rows[0].deactivation_date == "2024-03-04"


def test_p09_another_columns_proof_decides_where_the_own_has_none() -> None:
    found = read_users(HEAD + "a@mavericks.example,31/12/2020,03/04/2024\n")
    assert found.row.deactivation_date == "2024-04-03"
    assert not found.notes
    assert found.decisions.proved is Order.DMY


def test_p09_dates_in_a_text_column_prove_nothing() -> None:
    found = read_users(
        "User Email,Remark,Deactivation Date\n"
        "a@mavericks.example,31/12/2020,03/04/2024\n"
        "b@mavericks.example,nothing,\n"
    )
    assert found.codes == ["date-doubtful"]


def test_p09_an_earlier_import_decides_with_a_note_that_names_it() -> None:
    found = read_users(file_of("Deactivation Date", "03/04/2024"), earlier=EarlierProof(Order.MDY, 17))
    assert found.row.deactivation_date == "2024-03-04"
    assert found.notes == ["date-order-from-import"]
    assert "import 17" in found.decisions.notes[0].text


def test_p09_no_note_where_no_date_was_doubtful() -> None:
    found = read_users(file_of("Deactivation Date", "2024-03-04"), earlier=EarlierProof(Order.MDY, 17))
    assert not found.notes


def test_p09_h05_a_presets_habit_decides_last_with_a_note() -> None:
    found = read_users(file_of("Deactivation Date", "03/04/2024"), habit=("Rippling", Order.MDY))
    assert found.row.deactivation_date == "2024-03-04"
    assert found.notes == ["date-order-from-preset"]
    assert "read as mm/dd/yyyy, as Rippling writes them" in found.decisions.notes[0].text


def test_p09_the_setting_makes_dates_of_the_other_order_bad() -> None:
    found = read_users(file_of("Deactivation Date", "03/04/2024", "12/31/2024"), dates="dmy")
    assert [row.deactivation_date for row in found.rows] == ["2024-04-03", None]
    assert found.codes == ["date-invalid"]


def test_p09_the_clear_word_is_no_value() -> None:
    found = read_users(file_of("Hire Date", "2024-01-02", "none"), clear_word="None!")
    assert found.decisions.new_fields == {"Hire Date": FieldType.TEXT}
    found = read_users(file_of("Hire Date", "2024-01-02", "wipe"), clear_word="WIPE")
    assert found.decisions.new_fields == {"Hire Date": FieldType.DATE}


CELLS = st.sampled_from(
    ["", " ", "Yes", "no", "x", "2024-01-02", "31/12/2024", "12/31/2024", "3/4/2024", "\u00a0", "'=x"]
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)


@given(rows=ROWS, cut=st.integers(0, 12))
def test_p09_evidence_that_was_kept_counts_as_the_rows_themselves(
    rows: list[tuple[str, str, str]], cut: int
) -> None:
    header = understood("User Email", "Deactivation Date", "Start", "Remote", "Note")
    fields = known(Start="date", Remote="boolean")
    records = [["pat@mavericks.example", *row] for row in rows]
    records = [[*record, ""] if len(record) == 4 else record for record in records]
    whole = Survey(header=header, known_fields=fields)
    kept = [whole.add(record) for record in records]
    merged = Survey(header=header, known_fields=fields)
    for record in records[:cut]:
        merged.add(record)
    for evidence in kept[cut:]:
        merged.merge(json.loads(json.dumps(evidence)))
    assert merged.decide(setting="auto") == whole.decide(setting="auto")


@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_c01_the_order_of_rows_decides_nothing(rows: list[tuple[str, str, str]], order: object) -> None:
    header = understood("User Email", "Deactivation Date", "Start", "Remote")
    records = [["pat@mavericks.example", *row] for row in rows]
    shuffled = list(records)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    decided = []
    for some in (records, shuffled):
        survey = Survey(header=header, known_fields={})
        for record in some:
            survey.add(record)
        decided.append(survey.decide(setting="auto"))
    assert decided[0] == decided[1]


def test_f04_memory_of_a_survey_stays_bounded() -> None:
    header = understood("User Email", "Number", "Hire Date")
    survey = Survey(header=header, known_fields=known(Hire_Date="date"))
    for n in range(50_000):
        survey.add(["pat@mavericks.example", str(n), f"no date {n}"])
    assert max(len(memo) for _, memo in survey._memos) <= 20_000
    assert len(survey._memos) == 1


def test_c02_a_boolean_field_stays_one_while_its_values_fit() -> None:
    found = read_users(file_of("Remote", "Yes", "", "FALSE"), fields=known(Remote="boolean"))
    assert not found.decisions.widened
    assert [row.custom for row in found.rows] == [{"Remote": True}, {}, {"Remote": False}]
    assert read_users(file_of("Remote", "2024-01-02"), fields=known(Remote="boolean")).decisions.widened


def test_p09_a_bad_value_does_not_take_the_proofs_of_its_column_away() -> None:
    found = read_users(file_of("Deactivation Date", "31/12/2024", "soon", "03/04/2024"))
    assert [row.deactivation_date for row in found.rows] == ["2024-12-31", None, "2024-04-03"]
    assert found.codes == ["date-invalid"]


def test_p09_a_date_field_with_a_bad_value_proves_the_order_for_the_file() -> None:
    found = read_users(
        HEAD + "a@mavericks.example,31/12/2020,03/04/2024\nb@mavericks.example,soon,\n",
        fields=known(Hire_Date="date"),
    )
    assert found.rows[0].deactivation_date == "2024-04-03"
    assert found.codes == ["value-misfit"]


def test_p09_a_field_that_becomes_text_proves_nothing() -> None:
    found = read_users(
        "User Email,Remote,Deactivation Date\na@m.example,31/12/2020,03/04/2024\n",
        fields=known(Remote="boolean"),
    )
    assert found.decisions.widened == ("Remote",)
    assert found.codes == ["date-doubtful"]


def test_p09_a_new_column_with_dates_against_the_setting_is_a_text_with_a_note() -> None:
    found = read_users(file_of("Hire Date", "12/31/2024", "03/04/2024"), dates="dmy")
    assert found.decisions.new_fields == {"Hire Date": FieldType.TEXT}
    assert found.notes == ["column-against-setting"]
    assert read_users(file_of("Hire Date", "31/12/2024", "03/04/2024"), dates="dmy").decisions.new_fields == {
        "Hire Date": FieldType.DATE
    }


def test_c01_the_deactivation_date_is_no_field() -> None:
    found = read_users(file_of("Deactivation Date", "2024-01-02", "soon"))
    assert not found.decisions.new_fields
    assert not found.decisions.types


def test_c02_a_date_field_without_values_stays_one() -> None:
    found = read_users(file_of("Hire Date", "", " "), fields=known(Hire_Date="date"))
    assert not found.decisions.widened


def test_p09_a_strict_boolean_field_proves_nothing() -> None:
    found = read_users(
        "User Email,Remote,Deactivation Date\na@m.example,31/12/2020,03/04/2024\n",
        fields=known(Remote="boolean!"),
    )
    assert found.codes == ["value-misfit", "date-doubtful"]


def test_c01_h05_of_several_columns_of_a_field_the_first_value_of_the_row_counts() -> None:
    found = read_users(
        "User Email,Start,Begin,Deactivation Date\n"
        "a@m.example,,31/12/2020,03/04/2024\n"
        "b@m.example,2020-01-02,not looked at,\n"
        "c@m.example,\u00a0, ,\n",
        header_map={"Start": "Hire Date", "Begin": "Hire Date"},
    )
    assert found.decisions.new_fields == {"Hire Date": FieldType.DATE}
    assert [row.custom for row in found.rows] == [
        {"Hire Date": "2020-12-31"},
        {"Hire Date": "2020-01-02"},
        {},
    ]
    assert found.rows[0].deactivation_date == "2024-04-03"


def test_c01_a_field_whose_second_column_is_text_is_a_text() -> None:
    found = read_users(
        "User Email,Start,Begin\na@m.example,2020-01-02,\nb@m.example,,soon\n",
        header_map={"Start": "Hire Date", "Begin": "Hire Date"},
    )
    assert found.decisions.new_fields == {"Hire Date": FieldType.TEXT}
    assert not found.codes


@pytest.mark.parametrize(
    ("values", "notes"),
    [
        (("31.12.2020", "1.2.2021"), ["column-of-other-dates"]),
        (("31.12.2020", "2021-02-01", ""), ["column-of-other-dates"]),
        (("31/12/20",), ["column-of-other-dates"]),
        (("2020-12-31 00:00:00", "2020-12-31T08:00Z"), ["column-of-other-dates"]),
        (("31-Dec-2020",), ["column-of-other-dates"]),
        (("31.12.2020", "soon"), []),
        (("1.2.3", "10.0.1.2"), []),
    ],
)
def test_p09_a_new_column_of_dates_in_another_form_becomes_text_with_a_note(
    values: tuple[str, ...], notes: list[str]
) -> None:
    rows = "".join(f"u{number}@x.example,{value}\n" for number, value in enumerate(values))
    found = read_users(f"User Email,Start\n{rows}")
    assert found.decisions.new_fields == {"Start": "text"}
    assert found.notes == notes
