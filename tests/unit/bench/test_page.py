"""The page of a run: tables, what is short and why, what failed."""

from bench.goals import Finding, Part, Table
from bench.page import UNEXPLAINED, counted, markdown, notes_by_part, page

NOTES = "# Notes\n\nHow to write them.\n\n## uploads\n\nThe disk.\nIt is slow.\n\n## scaling\n\nThe lock.\n"


def part(name: str, *findings: Finding) -> Part:
    return Part(name=name, title=name.title(), findings=list(findings))


MET = Finding(work="small files", against="sshd", measured="1.2 x", goal="1 x", met=True)
SHORT = Finding(work="large file", against="rclone", measured="2.5 x", goal="3 x", met=False)
UNKNOWN = Finding(work="logins", measured="not installed", goal="1 x")


def test_notes_stand_below_the_name_of_their_part() -> None:
    assert notes_by_part(NOTES) == {"uploads": "The disk.\nIt is slow.", "scaling": "The lock."}


def test_no_notes_are_no_error() -> None:
    assert notes_by_part("") == {}


def test_a_cell_breaks_no_table() -> None:
    assert markdown(("a", "b"), [("x|y", "two\nlines")]) == "| a | b |\n| --- | --- |\n| x\\|y | two lines |"


def test_goals_are_counted() -> None:
    failed = part("logins", UNKNOWN)
    failed.failures.append("no root")
    counts = counted([part("uploads", MET, SHORT), failed])
    assert counts == "1 goals met, 1 short, 1 not measured; 1 parts with failures"


def test_what_is_short_is_explained_by_the_note_of_its_part() -> None:
    text = page(head=["Head."], parts=[part("uploads", MET, SHORT)], notes=notes_by_part(NOTES))
    short = text.partition("## What is short, and why")[2]
    assert "- large file, against rclone: 2.5 x; wanted: 3 x\n\nThe disk.\nIt is slow." in short
    assert "small files" not in short


def test_what_nobody_has_explained_says_so() -> None:
    assert UNEXPLAINED in page(head=[], parts=[part("latency", SHORT)], notes={})


def test_a_part_that_broke_off_keeps_what_it_had_found() -> None:
    broken = part("uploads", MET)
    broken.failures.append("broken off: RuntimeError: sftp\nended")
    text = page(head=[], parts=[broken], notes={})
    assert "| small files | sshd | 1.2 x | 1 x | met |" in text
    assert "- Uploads: broken off: RuntimeError: sftp ended" in text


def test_without_failures_there_is_no_section_of_them() -> None:
    assert "What failed" not in page(head=[], parts=[part("uploads", MET)], notes={})


def test_scaling_has_a_section_of_its_own_with_its_note() -> None:
    grown = part("million")
    grown.scaling.append(Table(title="By rows", columns=("rows", "s"), rows=(("10", "1"),)))
    text = page(head=[], parts=[grown], notes=notes_by_part(NOTES))
    assert "## Scaling\n\nThe lock.\n\n### By rows\n\n| rows | s |" in text
