import csv
import io
from pathlib import Path

import pytest

from core.errors import NotFoundError
from processor.reading.header import is_extra_header_row
from processor.reading.labels import Meaning
from processor.reading.maps import read_target
from processor.reading.presets import (
    PRESETS,
    BadPresetError,
    Preset,
    load_preset,
    map_of,
    preset_of,
    read_preset,
)

from .whole_files import WholeFile, read_users, settings_with, understood

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "tests" / "data" / "hris"
DOCS = ROOT / "docs" / "hris"
LEFT = "grace.mbeki@mavericks.example"


def text_of(preset: Preset) -> str:
    return (SAMPLES / f"{preset.name}.csv").read_text(preset.encoding)


def read_sample(name: str) -> WholeFile:
    preset = load_preset(name)
    first, *rest = text_of(preset).splitlines(keepends=True)
    (labels,) = csv.reader([first])
    header = understood(*labels, header_map=preset.header_map)
    for _ in range(preset.extra_header_rows):
        (cells,) = csv.reader(rest[:1])
        assert is_extra_header_row(header, cells)
        rest = rest[1:]
    return read_users(
        "".join((first, *rest)), header_map=preset.header_map, preset=preset, habit=preset.habit
    )


@pytest.mark.parametrize("name", PRESETS)
def test_h05_the_sample_of_each_system_is_read_without_a_problem(name: str) -> None:
    found = read_sample(name)
    assert not found.codes
    assert not found.header.notes
    assert len(found.rows) == 8
    names = [row.name or f"{row.first_name} {row.last_name}" for row in found.rows]
    assert names[3] in ("José Müller", "Pepe Müller")
    assert names[0] == "Nora Lindqvist"


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"personio"}))
def test_h05_the_systems_id_of_an_employee_is_the_field_employee_id(name: str) -> None:
    found = read_sample(name)
    ids = [(row.custom or {}).get("Employee ID") for row in found.rows]
    if "Employee ID" in found.header.of_fields():
        assert len(set(ids)) == 8
        assert all(isinstance(i, str) and i[1:].startswith("00") for i in ids)
    else:
        assert name == "rippling"  # its sample has no column of ids


@pytest.mark.parametrize("name", PRESETS)
def test_h06_each_sample_names_managers_in_the_systems_way(name: str) -> None:
    found = read_sample(name)
    boss, row = found.rows[0], found.rows[1]
    assert (boss.manager_email, boss.manager_employee_id, boss.manager_name) == (None, None, None)
    assert [
        row.manager_email is not None,
        row.manager_employee_id is not None,
        row.manager_name is not None,
    ].count(True) == 1
    by_id = {(r.custom or {}).get("Employee ID") for r in found.rows}
    assert row.manager_employee_id is None or row.manager_employee_id in by_id


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"gusto"}))
def test_h05_the_leaver_of_each_sample_is_seen(name: str) -> None:
    found = read_sample(name)
    leavers = [row.email for row in found.rows if row.leaver]
    dated = [row.email for row in found.rows if row.deactivation_date == "2026-09-30"]
    assert LEFT in (*leavers, *dated)
    assert {*leavers, *dated} == {LEFT}


@pytest.mark.parametrize("meaning", ["First Name", "Last Name"])
@pytest.mark.parametrize("name", PRESETS)
def test_h05_preferred_names_go_before_legal_ones(name: str, meaning: str) -> None:
    labels = [label for label, target in load_preset(name).header_map.items() if target == meaning]
    assert labels == sorted(labels, key=lambda label: "referred" not in label.lower())


@pytest.mark.parametrize("name", PRESETS)
def test_h05_the_document_of_each_system_shows_its_table(name: str) -> None:
    lines = (DOCS / f"{name}.md").read_text("utf-8").splitlines()
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for line in lines
        if line.startswith("| `")
    ]
    assert rows == list(load_preset(name).header_map.items())


@pytest.mark.parametrize("name", PRESETS)
def test_h05_a_presets_targets_are_ours_or_custom_fields_in_one_spelling(name: str) -> None:
    for label, target in load_preset(name).header_map.items():
        found = read_target(label, target)
        assert target in (found.field, found.meaning.value)
        assert found.meaning is not Meaning.TEAM_NAME


@pytest.mark.parametrize(("name", "encoding"), [("ukg", "iso-8859-1"), ("successfactors", "windows-1252")])
def test_h05_a_preset_knows_the_encoding_of_files_that_are_not_utf8(name: str, encoding: str) -> None:
    assert load_preset(name).encoding == encoding
    with pytest.raises(UnicodeDecodeError):
        (SAMPLES / f"{name}.csv").read_text("utf-8")


def test_h05_an_organization_has_one_preset_or_none() -> None:
    assert preset_of(settings_with()) is None
    found = preset_of(settings_with(preset="workday"))
    assert found is not None
    assert found.system == "Workday"
    assert map_of(None, {"A": "User Email"}) == {"A": "User Email"}
    assert next(iter(map_of(found, {"A": "User Email"}))) == "A"


def test_an_unknown_preset_is_named_with_those_that_exist() -> None:
    with pytest.raises(NotFoundError, match="workday"):
        load_preset("workdays")


GOOD = {"system": "X", "map": {"Mail": "User Email"}}


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"dates": "ymd"},
        {"encoding": "utf-7"},
        {"map": {"Mail": "Login"}},
        {"map": "Mail"},
        {"system": None},
        {"extra_header_rows": -1},
        {"leaver_words": "terminated"},
    ],
)
def test_a_preset_that_says_what_it_must_not_is_refused(change: dict[str, object]) -> None:
    assert read_preset("x", GOOD).system == "X"
    with pytest.raises(BadPresetError, match=r"x\.toml"):
        read_preset("x", {**GOOD, **change})


def test_every_sample_is_read_as_csv_by_the_standard_library() -> None:
    for name in PRESETS:
        rows = list(csv.reader(io.StringIO(text_of(load_preset(name)))))
        assert len({len(row) for row in rows}) == 1
