"""The measurements' own promises: pinned rivals, a note for each part, pages that nobody writes by hand."""

import importlib
import re
from pathlib import Path

from bench.page import notes_by_part
from bench.run import NOTES, PARTS

ROOT = Path(__file__).resolve().parents[2]


def test_rivals_are_measured_in_the_release_that_is_named() -> None:
    lines = (ROOT / "bench" / "peers.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert not [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9A-Za-z.]*", pin)]


def test_each_part_can_be_measured_and_has_a_note() -> None:
    for name in PARTS:
        module = importlib.import_module(f"bench.{name}")
        assert module.TITLE, name
        assert callable(module.measure), name
    assert set(notes_by_part(NOTES.read_text("utf-8"))) == {*PARTS, "scaling"}


def test_rivals_are_no_dependency_of_ours() -> None:
    declared = (ROOT / "pyproject.toml").read_text("utf-8").partition("[tool.")[0].lower()
    assert not [name for name in ("django", "pandas", "sqlite-utils", "tablib") if name in declared]
