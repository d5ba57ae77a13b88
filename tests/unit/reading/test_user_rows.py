import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.reading.dates import Order
from processor.reading.header import Header, understand_header
from processor.reading.keys import is_blank_row
from processor.reading.presets import Preset
from processor.reading.survey import Survey
from processor.reading.user_cells import CarefulReader
from processor.reading.user_rows import UserRow, user_row_reader
from processor.reading.values import put_guard_on
from tests.unit.reading.refusals import key_checker

from .whole_files import known, read_users, settings_with

ALL = (
    "User Email,User Name,First Name,Last Name,Teams,Manager Email,Manager,User Account Type,Is Org Admin,"
    "Deactivation Date,Employee ID,Hire Date,Remote"
)


def one(cells: str, labels: str = ALL, **values: object) -> UserRow:
    return read_users(f"{labels}\n{cells}\n", **values).row  # type: ignore[arg-type]


def test_p11_a_row_says_all_of_this() -> None:
    row = one(
        'Pat@Mavericks.example,Pat Summitt,Pat,Summitt,"Coaches,Tennessee",boss@mavericks.example,The Boss,'
        "observer,YES,31/12/2026,000123,2020-01-02,yes"
    )
    assert row == (
        2,
        "Pat@Mavericks.example",
        "pat@mavericks.example",
        "Pat Summitt",
        "Pat",
        "Summitt",
        "Observer",
        True,
        "2026-12-31",
        ("boss@mavericks.example", "boss@mavericks.example"),
        None,
        None,
        "The Boss",
        ("Coaches", "Tennessee"),
        {"Employee ID": "000123", "Hire Date": "2020-01-02", "Remote": True},
        frozenset(),
        (),
        (),
        None,
        False,
        None,
    )


def test_p03_blank_cells_say_nothing() -> None:
    row = one("pat@mavericks.example, ,\u00a0,,,,,,,,,,")
    assert row[3:15] == (None,) * 11 + ({},)
    assert not row.cleared


def test_p03_the_clear_word_empties_a_field() -> None:
    row = one(
        "pat@mavericks.example,-,Pat,-,-,-,,Regular,No,-,-,-,Yes",
        clear_word="-",
    )
    assert row.cleared == {
        "name",
        "last_name",
        "teams",
        "manager",
        "deactivation_date",
        "custom.Employee ID",
        "custom.Hire Date",
    }
    assert (row.first_name, row.last_name, row.teams) == ("Pat", None, None)


def test_p03_without_the_setting_no_word_clears() -> None:
    assert one("pat@mavericks.example,none", "User Email,User Name").name == "none"


@pytest.mark.parametrize(
    ("address", "code"), [("", "address-missing"), ("pat", "address-invalid"), ("\u00a0", "address-missing")]
)
def test_p01_p11_a_row_without_a_good_address_is_refused_whole(address: str, code: str) -> None:
    (found,) = read_users(f"User Email,User Name\n{address},Pat\n").refused
    assert (found.code, found.line, found.column) == (code, 2, "User Email")


def test_p01_the_first_spelling_is_kept_and_case_does_not_count() -> None:
    row = one(" PAT@Mavericks.Example ", "User Email")
    assert (row.email, row.email_key) == ("PAT@Mavericks.Example", "pat@mavericks.example")


def test_p01_another_key_is_read_from_its_column() -> None:
    found = read_users(
        "User Email,EmpNo\na@mavericks.example, A007 \nb@mavericks.example,\n",
        header_map={"EmpNo": "Employee ID"},
        match_by="employee id",
    )
    assert found.row.key == "a007"
    assert [(p.code, p.line, p.column) for p in found.refused] == [("key-missing", 3, "EmpNo")]


@pytest.mark.parametrize(
    ("label", "cell", "code"),
    [
        ("User Account Type", "Admin", "account-type-invalid"),
        ("Is Org Admin", "True", "admin-invalid"),
        ("Is Org Admin", "1", "admin-invalid"),
        ("Deactivation Date", "1.2.2026", "date-invalid"),
        ("Deactivation Date", "1/2/26", "date-invalid"),
        ("Deactivation Date", "03/04/2026", "date-doubtful"),
        ("Manager Email", "the boss", "manager-invalid"),
        ("Teams", '"""Sales, North"', "teams-quote-open"),
    ],
)
def test_p11_a_bad_cell_is_left_out_and_the_rest_of_its_row_counts(label: str, cell: str, code: str) -> None:
    found = read_users(f"User Email,{label},User Name\npat@mavericks.example,{cell},Pat\n")
    assert [(f.code, f.line, f.column) for f in found.row.findings] == [(code, 2, label)]
    assert found.row.name == "Pat"
    assert not found.refused


def test_p07_only_yes_and_no_make_administrators() -> None:
    found = read_users(
        "User Email,Is Org Admin\na@m.example,yes\nb@m.example,NO\nc@m.example,\nd@m.example,False\n"
    )
    assert [row.is_org_admin for row in found.rows] == [True, False, None, None]
    assert found.codes == ["admin-invalid"]


def test_w01_outer_white_space_is_taken_off_every_cell_but_custom_text() -> None:
    found = read_users("User Email,User Name,Room\n\u00a0pat@mavericks.example\u3000, Pat\u00a0, 4.1 \n")
    assert (found.row.email, found.row.name) == ("pat@mavericks.example", "Pat")
    assert found.row.custom == {"Room": " 4.1 "}


def test_e02_the_guard_is_taken_off_any_cell() -> None:
    found = read_users("User Email,User Name,Room\n'+pat@mavericks.example,'=Pat,'-4\n")
    assert (found.row.email, found.row.name, found.row.custom) == (
        "+pat@mavericks.example",
        "=Pat",
        {"Room": "-4"},
    )


@given(value=st.text(alphabet=" '=+-@\t\u00a0ab", min_size=1).filter(lambda v: not is_blank_row([v])))
def test_e02_e01_a_custom_text_that_was_exported_comes_back_exactly(value: str) -> None:
    held = io.StringIO()
    csv.writer(held).writerows([("User Email", "Room"), ("a@m.example", put_guard_on(value))])
    assert read_users(held.getvalue(), fields=known(Room="text")).row.custom == {"Room": value}


def test_f03_a_row_with_fewer_cells_is_refused_one_with_blank_surplus_is_not() -> None:
    found = read_users("User Email,User Name\na@m.example\nb@m.example,B,,\u00a0\nc@m.example,C,,x\n")
    assert [(p.code, p.line) for p in found.refused] == [("row-too-short", 2), ("row-too-long", 4)]
    assert "1 cell, the header has 2" in found.refused[0].text
    assert found.row.name == "B"


def test_f03_rows_of_blank_cells_are_skipped() -> None:
    assert is_blank_row([])
    assert is_blank_row(["", " ", "\u00a0"])
    assert not is_blank_row(["", "x"])


def test_h05_the_first_column_that_is_not_blank_counts() -> None:
    found = read_users(
        "User Email,Legal,Preferred\na@m.example,Patricia,Pat\nb@m.example,Robert, \n",
        header_map={"Preferred": "First Name", "Legal": "First Name"},
    )
    assert [row.first_name for row in found.rows] == ["Pat", "Robert"]


PRESET = Preset(
    name="test",
    system="Test",
    header_map={"Boss": "Manager Employee ID", "State": "Leaver Status"},
    no_manager_words=("NO_MANAGER",),
    leaver_words=("Terminated",),
)


def test_h05_a_word_for_no_manager_counts_as_blank() -> None:
    found = read_users(
        "User Email,Boss\na@m.example,007\nb@m.example,no_manager\n",
        header_map=PRESET.header_map,
        preset=PRESET,
    )
    assert [row.manager_employee_id for row in found.rows] == ["007", None]


def test_h05_a_leavers_word_is_seen_in_any_spelling() -> None:
    found = read_users(
        "User Email,State\na@m.example,TERMINATED\nb@m.example,Active\nc@m.example,On Leave\nd@m.example,\n",
        header_map=PRESET.header_map,
        preset=PRESET,
    )
    assert [row.leaver for row in found.rows] == [True, False, False, False]


def test_h05_the_maps_own_words_of_a_leaver_go_before_the_presets() -> None:
    found = read_users(
        "User Email,State\na@m.example,Terminated\nb@m.example,inactive\n",
        header_map={"State": "Leaver Status: Inactive"},
        preset=PRESET,
    )
    assert [row.leaver for row in found.rows] == [False, True]


@pytest.mark.parametrize("name", ["Pat Head", "Pat O'Head"])  # the second is read the careful way
def test_h06_a_manager_is_named_in_one_way_only(name: str) -> None:
    found = read_users(
        "User Email,Mail,Boss,Supervisor\n"
        f"a@m.example,,,{name}\nb@m.example,,0042,{name}\nc@m.example,pat@m.example,0042,{name}\n",
        header_map={"Mail": "Manager Email", "Boss": "Manager Employee ID", "Supervisor": "Manager Name"},
    )
    assert [(r.manager_employee_id, r.manager_name, r.manager_called) for r in found.rows] == [
        (None, name, None),
        ("0042", None, None),
        (None, None, name),
    ]
    assert [r.custom for r in found.rows] == [None, None, None]


def test_p01_a_chosen_key_that_does_not_fit_its_field_is_missing() -> None:
    found = read_users(
        "User Email,Born\na@m.example,2000-01-02\nb@m.example,soon\n",
        fields=known(Born="date!"),
        match_by="Born",
    )
    assert found.row.key == "2000-01-02"
    assert [(p.code, p.line, p.column) for p in found.refused] == [("key-missing", 3, "Born")]


def test_p09_dates_of_fields_follow_their_own_column() -> None:
    found = read_users(
        "User Email,Start,End\na@m.example,31/12/2020,12/31/2020\nb@m.example,1/2/2020,1/2/2020\n",
        fields=known(Start="date", End="date"),
    )
    assert found.rows[1].custom == {"Start": "2020-02-01", "End": "2020-01-02"}
    assert found.decisions.orders == {"Start": Order.DMY, "End": Order.MDY}


LABELS = ("User Email", "User Name", "First Name", "Preferred", "Teams", "Manager Email", "Boss", "User Account Type",
          "Is Org Admin", "Deactivation Date", "Note", "Start", "Remote", "State", "Boss Name")  # fmt: skip
CELLS = st.sampled_from([
    "", " ", "\u00a0", "Pat", " Pat ", "Zoë", "O'Neil", "'=1", "''+2", "Yes", "no", "TRUE", "Regular", "observer",
    "pat@m.example", "bad@", "2024-01-02", "31/12/2024", "3/4/2024", "Sales,Ops", '"A, B",Ops', '"open', "Sales,,sales",
    "clear", "Clear", "\u200b", "terminated", "NO_MANAGER", "\tx", "x\ny", "007",
])  # fmt: skip


@given(
    rows=st.lists(st.lists(CELLS, min_size=13, max_size=16), max_size=8),
    clear=st.sampled_from([None, "clear"]),
    match_by=st.sampled_from(["User Email", "Note"]),
    dates=st.sampled_from(["auto", "dmy"]),
)
def test_p11_the_fast_way_and_the_careful_one_read_the_same(
    rows: list[list[str]], clear: str | None, match_by: str, dates: str
) -> None:
    settings = settings_with(clear_word=clear, match_by=match_by, dates=dates)
    header_map = {"Preferred": "First Name", "First Name": "First Name", "Boss Name": "Manager Name"}
    header_map |= PRESET.header_map
    fields = known(Start="date", Remote="boolean!")
    header = understand_header(LABELS, header_map=header_map, field_labels=fields, match_by=match_by)
    assert isinstance(header, Header)
    survey = Survey(header=header, known_fields=fields, clear_word=clear)
    check = key_checker(header=header, settings=settings)
    records = [["pat@m.example", *row] if n % 3 else row for n, row in enumerate(rows)]
    for n, cells in enumerate(records):
        if check(n, cells) is None:
            survey.add(cells)
    decisions = survey.decide(setting=dates)
    fast = user_row_reader(
        header=header, decisions=decisions, settings=settings, known_fields=fields, preset=PRESET
    )
    careful = CarefulReader(
        header=header, decisions=decisions, settings=settings, known_fields=fields, preset=PRESET
    )
    for n, cells in enumerate(records):
        assert fast(n, list(cells)) == careful.read(n, cells)
        refused = check(n, cells)
        assert (refused is None) == isinstance(fast(n, cells), UserRow)


def test_n01_no_problem_quotes_a_cell() -> None:
    secret = "Xyzzy"
    text = f"User Email,Manager Email,Is Org Admin,Deactivation Date,User Account Type\na@m.example,{secret},{secret},"
    found = read_users(f"{text}{secret},{secret}\n{secret},,,,\n")
    problems = [*found.refused, *found.row.findings]
    assert len(problems) == 5
    assert not [p for p in problems if secret in p.text + p.advice]


@pytest.mark.parametrize(
    ("cell", "names", "separator"),
    [
        ("Coaches;Sales", ("Coaches;Sales",), ";"),
        ("Coaches | Sales", ("Coaches | Sales",), "|"),
        ("Coaches, Sales; North", ("Coaches", "Sales; North"), ";"),
        ('"Coaches;Sales"', ("Coaches;Sales",), None),
        ("Coaches;", ("Coaches;",), None),
        ("Coaches,Sales", ("Coaches", "Sales"), None),
    ],
)
def test_p05_another_separator_than_a_comma_is_noted_and_separates_nothing(
    cell: str, names: tuple[str, ...], separator: str | None
) -> None:
    doubled = cell.replace('"', '""')
    row = one(f'pat@mavericks.example,"{doubled}"', "User Email,Teams")
    assert row.teams == names
    assert [note.code for note in row.notes] == (["teams-other-separator"] if separator else [])
    assert all(f"separated by `{separator}`" in note.text for note in row.notes)
