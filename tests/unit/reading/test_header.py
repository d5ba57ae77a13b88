import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.imports import Kind
from processor.reading.header import Header, is_extra_header_row, understand_header, value_under_empty_label
from processor.reading.labels import Meaning, label_key

from .whole_files import refusal, understood

USER_LABELS = (
    "User Email",
    "User Name",
    "First Name",
    "Last Name",
    "Teams",
    "Manager Email",
    "Manager",
    "User Account Type",
    "Is Org Admin",
    "Deactivation Date",
)


def meanings(header: Header) -> dict[str, str]:
    return {c.label: c.field or c.meaning.value for c in sorted(header.columns, key=lambda c: c.index)}


def note_codes(header: Header) -> list[str]:
    return [note.code for note in header.notes]


def test_h01_a_users_file_has_these_labels_and_the_rest_are_custom_fields() -> None:
    header = understood(*USER_LABELS, "Employee ID", "Parent Team")
    assert header.kind is Kind.USERS
    assert meanings(header) == {
        **{label: label for label in USER_LABELS},
        "Employee ID": "Employee ID",
        "Parent Team": "Parent Team",
    }
    assert [c.field for c in header.of(Meaning.CUSTOM)] == ["Employee ID", "Parent Team"]
    assert not header.notes


@pytest.mark.parametrize("owner", ["Team Owner", "Owner Email", "Team Owner Email"])
def test_h02_a_teams_file_has_these_labels_and_the_rest_are_ignored_with_a_note(owner: str) -> None:
    header = understood("Team Name", owner, "Parent Team", "Team Type", "Budget")
    assert header.kind is Kind.TEAMS
    assert [c.meaning for c in header.columns] == [
        Meaning.TEAM_NAME,
        Meaning.TEAM_OWNER,
        Meaning.PARENT_TEAM,
        Meaning.TEAM_TYPE,
        Meaning.IGNORE,
    ]
    assert [(n.code, n.column) for n in header.notes] == [("label-ignored", "Budget")]


def test_h02_h05_the_map_counts_in_a_teams_file_too() -> None:
    header = understood(
        "Group",
        "Chief",
        "parent_team",
        "",
        "Budget",
        "Mail",
        header_map={"Group": "Team Name", "Chief": "Owner Email", "Budget": "ignore", "Mail": "Contact"},
        match_by="Employee ID",
    )
    assert header.kind is Kind.TEAMS
    assert [c.meaning for c in sorted(header.columns, key=lambda c: c.index)] == [
        Meaning.TEAM_NAME,
        Meaning.TEAM_OWNER,
        Meaning.PARENT_TEAM,
        Meaning.IGNORE,
        Meaning.IGNORE,
        Meaning.IGNORE,
    ]
    assert [(n.code, n.column) for n in header.notes] == [
        ("label-matched", "parent_team"),
        ("label-ignored", "Mail"),
    ]


def test_h04_labels_that_match_exactly_need_no_note() -> None:
    header = understood("User Email", "Room", "Mail", header_map={"Mail": "Private Mail"}, fields=["Room"])
    assert not header.notes
    assert meanings(header)["Room"] == "Room"


def test_h03_both_keys_are_refused_with_the_hint_how_to_map() -> None:
    found = refusal("User Email", "team_name")
    assert found.code == "both-keys"
    assert "map" in found.advice


def test_h03_neither_key_is_refused_with_the_labels_and_the_nearest_ones() -> None:
    found = refusal("E-mail", "Full Name", "Blood Group")
    assert found.code == "no-key"
    assert found.text.endswith("Labels found: `E-mail`, `Full Name`, `Blood Group` (H3)")
    assert "`E-mail` looks like `User Email`: map it" in found.advice
    assert "Blood" not in found.advice


def test_h03_many_labels_are_listed_in_part() -> None:
    found = refusal(*(f"Label {n} x" for n in range(33)))
    assert "`Label 29 x` and 3 more" in found.text
    assert found.advice.startswith("None of them looks like one of ours.")


def test_h03_h05_a_map_makes_one_key_of_two() -> None:
    header = understood("User Email", "Team Name", header_map={"Team Name": "ignore"})
    assert header.kind is Kind.USERS
    header = understood("User Email", "Team Name", header_map={"Team Name": "Home Team"})
    assert meanings(header)["Team Name"] == "Home Team"


@pytest.mark.parametrize("label", ["user_email", "USER EMAIL", "User-Email", "\ufeffUserEmail", "user email"])
def test_h04_labels_match_without_case_spaces_and_dashes_with_a_note(label: str) -> None:
    header = understood(label)
    assert header.kind is Kind.USERS
    assert [n.code for n in header.notes] == ([] if label == "\ufeffUser Email" else ["label-matched"])


def test_h04_an_exact_label_with_a_bom_needs_no_note() -> None:
    assert not understood("\ufeffUser Email", " Teams ").notes


def test_h04_custom_labels_match_known_fields_so_that_no_second_one_appears() -> None:
    header = understood("User Email", "employee_id", fields=["Employee ID"])
    assert meanings(header)["employee_id"] == "Employee ID"
    assert note_codes(header) == ["label-matched"]


def test_h04_a_label_in_the_map_is_matched_in_no_other_way() -> None:
    header = understood("User Email", "Teams", header_map={"Teams": "Departments"})
    assert meanings(header)["Teams"] == "Departments"
    assert not header.of(Meaning.TEAMS)


def test_h04_the_map_compares_labels_alike_with_a_note() -> None:
    header = understood("WORK_EMAIL", header_map={"Work E-Mail": "User Email"})
    assert header.kind is Kind.USERS
    assert note_codes(header) == ["label-matched"]


def test_h04_user_name_is_matched_only_exactly_beside_first_or_last_names() -> None:
    header = understood("User Email", "USERNAME", "FIRSTNAME")
    assert meanings(header)["USERNAME"] == "USERNAME"
    assert not header.of(Meaning.USER_NAME)
    mapped = understood("User Email", "USERNAME", "Vorname", header_map={"Vorname": "First Name"})
    assert not mapped.of(Meaning.USER_NAME)
    away = understood("User Email", "USERNAME", "First Name", header_map={"First Name": "ignore"})
    assert away.of(Meaning.USER_NAME)
    assert understood("User Email", "USERNAME").of(Meaning.USER_NAME)
    assert understood("User Email", "User Name", "First Name").of(Meaning.USER_NAME)


def test_h05_several_columns_of_one_meaning_stand_in_the_order_of_the_map() -> None:
    header = understood(
        "User Email",
        "Legal First",
        "Preferred First",
        header_map={"Preferred First": "First Name", "Legal First": "First Name"},
    )
    assert [c.label for c in header.of(Meaning.FIRST_NAME)] == ["Preferred First", "Legal First"]


def test_f02_h05_two_columns_of_one_meaning_without_an_order_are_refused() -> None:
    found = refusal("User Email", "First Name", "Given", header_map={"Given": "First Name"})
    assert found.code == "label-unordered"
    assert "column 2 and column 3" in found.text.lower()
    assert refusal("Team Name", "Team Owner", "Owner Email").code == "label-unordered"


def test_h05_a_map_names_ignore_custom_fields_and_managers() -> None:
    header = understood(
        "User Email",
        "EMPID",
        "Boss",
        "Boss Name",
        "Junk",
        header_map={
            "EMPID": "employee id",
            "Boss": "Manager Employee ID",
            "Boss Name": "manager name",
            "Junk": "Ignore",
        },
        fields=["Employee ID"],
    )
    assert meanings(header) == {
        "User Email": "User Email",
        "EMPID": "Employee ID",
        "Boss": "Manager Employee ID",
        "Boss Name": "Manager Name",
        "Junk": "ignore",
    }


def test_h01_h05_in_a_users_file_a_label_of_teams_is_a_custom_field_through_the_map_too() -> None:
    header = understood("User Email", "Unit", header_map={"Unit": "Parent Team"})
    assert [(c.meaning, c.field) for c in header.of(Meaning.CUSTOM)] == [(Meaning.CUSTOM, "Parent Team")]


def test_h05_two_spellings_of_a_new_field_are_one_field() -> None:
    header = understood("User Email", "A", "B", header_map={"B": "employee id", "A": "Employee ID"})
    assert {field: [c.label for c in columns] for field, columns in header.of_fields().items()} == {
        "Employee ID": ["B", "A"]
    }
    assert refusal("User Email", "A", "Badge No", header_map={"A": "badge no"}).code == "label-unordered"
    assert refusal("User Email", "Badge No", "A", header_map={"A": "badge no"}).code == "label-unordered"


def test_h05_a_map_may_name_the_words_of_a_leaver() -> None:
    header = understood(
        "User Email", "State", header_map={"State": "Leaver Status: Inactive, On  Garden-Leave"}
    )
    assert header.of(Meaning.STATUS)[0].words == ("inactive", "ongardenleave")


def test_h06_manager_name_is_a_custom_field_unless_a_map_says_otherwise() -> None:
    header = understood("User Email", "Manager Name", "Manager Email")
    assert meanings(header)["Manager Name"] == "Manager Name"
    assert [c.label for c in header.of(Meaning.CUSTOM)] == ["Manager Name"]
    assert understood("User Email", "Manager Employee ID").of(Meaning.MANAGER_EMPLOYEE_ID)


def test_h06_a_note_says_that_a_plain_manager_column_does_nothing_alone() -> None:
    assert note_codes(understood("User Email", "Manager")) == ["manager-only-name"]
    assert not understood("User Email", "Manager", "Manager Email").notes


@pytest.mark.parametrize(
    "labels",
    [("User Email", "Teams", "Teams"), ("User Email", "user_email"), ("User Email", "Room", "room ")],
)
def test_f02_a_label_twice_is_refused(labels: tuple[str, ...]) -> None:
    assert refusal(*labels).code == "label-twice"


def test_f02_two_empty_labels_are_not_a_label_twice() -> None:
    assert len(understood("User Email", "", " ").columns) == 3


def test_f02_an_empty_label_over_values_is_refused() -> None:
    header = understood("User Email", "", "Teams")
    assert value_under_empty_label(header, ["a@mavericks.example", "\u00a0", "x"]) is None
    assert value_under_empty_label(header, ["a@mavericks.example"]) is None
    found = value_under_empty_label(header, ["a@mavericks.example", "5", "x"])
    assert found is not None
    assert (found.code, found.column) == ("label-empty", None)
    assert "Column 2" in found.text


@pytest.mark.parametrize("data", ["pat@mavericks.example", "24/12/2024", "2024-12-24", "000123"])
def test_f02_a_first_line_that_looks_like_data_is_refused_and_not_quoted(data: str) -> None:
    found = refusal("User Email", "Teams", data)
    assert (found.code, found.column) == ("no-header", None)
    assert "column 3" in found.text
    assert data not in found.text + found.advice


def test_f02_a_label_in_the_map_is_not_data() -> None:
    assert understood("User Email", "2024", header_map={"2024": "Bonus"}).columns


def test_f02_more_than_500_columns_are_refused() -> None:
    assert understood("User Email", *(f"L{n}x" for n in range(499))).columns
    assert refusal("User Email", *(f"L{n}x" for n in range(500))).code == "too-many-columns"


def test_p01_a_file_without_the_chosen_key_is_refused() -> None:
    found = refusal("User Email", "Room", match_by="Employee ID")
    assert found.code == "match-column-missing"
    assert understood(
        "User Email", "EMP ID", header_map={"EMP ID": "employee id"}, match_by="Employee ID"
    ).columns
    assert understood("User Email", match_by="User Email").columns


def test_e02_labels_lose_the_guard_of_a_formula() -> None:
    header = understood("User Email", "'=Sum")
    assert meanings(header)["'=Sum"] == "=Sum"


def test_h05_a_second_line_of_labels_is_told_from_a_row() -> None:
    header = understood("EMAIL", "DEPT", header_map={"EMAIL": "User Email"})
    assert is_extra_header_row(header, ["Business E-Mail", "Department"])
    assert not is_extra_header_row(header, ["pat@mavericks.example", "Sales"])
    assert is_extra_header_row(header, [])
    assert not is_extra_header_row(understood("Team Name"), ["Sales"])


@given(st.lists(st.text(max_size=12) | st.sampled_from(USER_LABELS), max_size=6))
def test_any_header_is_understood_or_refused_with_a_reason(labels: list[str]) -> None:
    found = understand_header(labels, header_map={}, field_labels=())
    if isinstance(found, Header):
        assert sorted(c.index for c in found.columns) == list(range(len(labels)))
    else:
        assert all(p.text and p.advice for p in found)


@given(st.text())
def test_h04_the_key_of_a_label_is_its_own_key(label: str) -> None:
    assert label_key(label_key(label)) == label_key(label)


@pytest.mark.parametrize("label", ["Leaver Status", "manager_name"])
def test_h05_a_label_that_only_a_map_understands_is_noted(label: str) -> None:
    header = understood("User Email", label)
    assert header.columns[1].meaning is Meaning.CUSTOM
    assert [note.code for note in header.notes] == ["label-needs-map"]
    mapped = understood("User Email", label, header_map={label: "Manager Name"})
    assert "label-needs-map" not in [note.code for note in mapped.notes]


@pytest.mark.parametrize(
    ("labels", "noted"),
    [
        (("User Email", "Legal_First_Name", "Room"), "Legal_First_Name"),
        (("User Email", "Full Name"), "Full Name"),
        (("User Email", "Last Name", "Legal_First_Name"), None),
        (("User Email", "Teams", "Room"), None),
    ],
)
def test_p04_a_file_whose_names_are_not_understood_is_noted(
    labels: tuple[str, ...], noted: str | None
) -> None:
    columns = [note.column for note in understood(*labels).notes if note.code == "names-not-understood"]
    assert columns == ([noted] if noted else [])
