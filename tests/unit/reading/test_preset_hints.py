from collections.abc import Sequence
from pathlib import Path

import pytest

from processor.reading.preset_hints import better_preset, hint_how_to_read, note_of_other_preset
from processor.reading.presets import PRESETS, load_preset

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "hris"


def labels_of(name: str) -> list[str]:
    text = (SAMPLES / f"{name}.csv").read_bytes().decode("cp1252")
    line = text.removeprefix("\u00ef\u00bb\u00bf").splitlines()[0]
    return [label.strip('"') for label in line.replace(";", ",").replace("|", ",").split(",")]


@pytest.mark.parametrize("name", PRESETS)
def test_h05_each_sample_is_known_by_its_labels(name: str) -> None:
    found = better_preset(labels_of(name), None)
    assert found is not None
    assert found.name == name
    assert better_preset(labels_of(name), load_preset(name)) is None


@pytest.mark.parametrize(
    "labels", [(), ("User Email", "User Name"), ("First Name", "Last Name", "Department")]
)
def test_h05_labels_that_several_systems_have_name_none(labels: Sequence[str]) -> None:
    assert better_preset(labels, None) is None


def test_h03_the_hint_names_the_system_that_wrote_the_file() -> None:
    hint = hint_how_to_read(labels_of("workday"), chosen=None)
    assert hint.startswith("Most of the labels are those of Workday: ask support for the preset `workday`")
    assert "Workday" in hint_how_to_read(labels_of("workday"), chosen=load_preset("gusto"))


def test_h03_the_hint_names_what_the_presets_system_calls_the_column() -> None:
    hint = hint_how_to_read(["Employee #", "First Name", "Room"], chosen=load_preset("bamboohr"))
    assert hint == "BambooHR calls the column of addresses `Work Email`"
    hint = hint_how_to_read(["Employee #", "Reports To", "E-mail Addr"], chosen=load_preset("bamboohr"))
    assert hint.endswith("`Work Email`; `E-mail Addr` looks like `User Email`: map it")


def test_h05_a_file_of_another_system_than_the_presets_is_noted() -> None:
    (note,) = note_of_other_preset(labels_of("adp"), load_preset("hibob"))
    assert note.code == "preset-other"
    assert "ADP" in note.text
    assert "`adp`" in note.advice
    assert note_of_other_preset(labels_of("adp"), load_preset("adp")) == []
    assert note_of_other_preset(labels_of("adp"), None) == []
