from processor.reading.labels import Meaning
from processor.reading.maps import HeaderMap, effective_map, read_target


def test_h05_the_organizations_entries_go_before_the_presets() -> None:
    found = effective_map(
        preset_map={"Work Email": "User Email", "Dept": "Teams", "Title": "Job Title"},
        header_map={"Private Mail": "User Email", "dept": "ignore"},
    )
    assert list(found.items()) == [
        ("Private Mail", "User Email"),
        ("dept", "ignore"),
        ("Work Email", "User Email"),
        ("Title", "Job Title"),
    ]


def test_h05_an_empty_entry_takes_the_presets_away() -> None:
    assert effective_map(preset_map={"Dept": "Teams"}, header_map={"Dept": ""}) == {}


def test_h05_a_target_is_one_of_ours_in_any_spelling_or_a_custom_field() -> None:
    assert read_target("A", "user email").meaning is Meaning.USER_EMAIL
    assert read_target("A", "Owner Email").meaning is Meaning.TEAM_OWNER
    assert read_target("A", "IGNORE").meaning is Meaning.IGNORE
    assert read_target("A", "Custom").field == "Custom"
    assert read_target("A", "Cost: Center").field == "Cost: Center"


def test_h04_an_exact_entry_goes_before_one_that_is_alike() -> None:
    entries = HeaderMap(entries={"Work Email": "User Email", "WORK_EMAIL": "ignore"})
    for label, meaning in (("WORK_EMAIL", Meaning.IGNORE), ("work-email", Meaning.USER_EMAIL)):
        target = entries.find(label)
        assert target is not None
        assert target.meaning is meaning
    assert entries.find("") is None


def test_h04_e02_a_guarded_label_is_found_in_the_map() -> None:
    entries = HeaderMap(entries={"=Mail": "User Email", "'-x": "ignore"})
    for label in ("'=Mail", "=Mail", "'-x"):
        assert entries.exact(label) is not None
    assert entries.exact("Mail") is None
