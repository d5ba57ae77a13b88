"""Which problems of a file are kept one by one, and how the others are summed up (R2, F4)."""

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.directory import file_findings
from processor.directory.file_findings import KEPT, KEPT_IN_ALL, RUNS, FileFindings
from processor.directory.spill import Spill
from processor.findings import Problem
from processor.lines import MOST_RUNS
from processor.reading.catalogue import problem


def kept(found: list[Problem], *, is_note: bool = False) -> list[Problem]:
    with Spill(folder=Path(tempfile.gettempdir())) as spill:
        findings = FileFindings(spill=spill)
        findings.add(found, is_note=is_note)
        rows = [row for batch in findings.batches() for row in batch]
        assert {row[0] for row in rows} <= {int(is_note)}
        return [Problem(*row[1:]) for row in rows]


def bad_cell(line: int, column: str = "Is Org Admin") -> Problem:
    return problem("admin-invalid", line=line, column=column)


def lines_of(found: Problem) -> list[int]:
    """The lines that a finding names, each as often as it stands for it."""
    if found.times == 1 and "more like this" not in found.text:
        return [found.line or 0]
    listed = found.text.partition("line")[2].rpartition(" (")[0]
    lines = []
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", listed):
        lines += list(range(int(first), int(last or first) + 1))
    return lines


def test_r02_few_problems_are_kept_as_they_are() -> None:
    found = [bad_cell(line) for line in range(2, 2 + KEPT)]
    assert kept(found) == found


def test_r02_of_many_the_lines_are_listed_as_runs() -> None:
    found = kept([bad_cell(line) for line in (*range(2, 2 + KEPT), 30_000, 30_001, 30_002, 40_000)])
    assert len(found) == KEPT + 1
    last = found[-1]
    assert (last.line, last.column, last.code, last.times) == (30_000, "Is Org Admin", "admin-invalid", 4)
    assert last.text == "4 more like this: lines 30000 to 30002, 40000 (P7)"
    assert last.advice == found[0].advice


def test_f04_of_very_many_runs_only_the_number_is_kept() -> None:
    lines = range(2, 2 + 2 * (KEPT + MOST_RUNS + 10), 2)
    found = kept([bad_cell(line) for line in lines])
    assert sum(one.times for one in found) == len(lines)
    assert found[-1].times == 10
    assert found[-1].line == lines[-10]
    assert found[-1].text == f"10 more like this, from line {lines[-10]} on (P7)"


def test_f04_half_a_million_bad_cells_make_few_rows() -> None:
    columns = [f"Column {number}" for number in range(499)]
    found = kept([bad_cell(line, column) for line in range(2, 1002) for column in columns])
    assert len(found) <= KEPT_IN_ALL + 2 * len(columns)
    assert sum(one.times for one in found) == 499_000


def test_r02_the_first_of_each_kind_is_kept_however_many_came_before() -> None:
    columns = [f"Column {number}" for number in range(KEPT_IN_ALL // KEPT + 1)]
    found = kept([bad_cell(line, column) for column in columns for line in range(2, 2 + KEPT)])
    alone = [one for one in found if one.column == columns[-1] and one.times == 1]
    assert [one.line for one in alone] == [2]


def test_r02_notes_are_bounded_alike() -> None:
    note = problem("manager-self", line=7, column="Manager Email")
    found = kept([note] * (KEPT + 5), is_note=True)
    assert [one.times for one in found[KEPT:]] == [5]


@settings(deadline=None, max_examples=50)
@given(lines=st.lists(st.integers(2, 400), max_size=300, unique=True).map(sorted))
def test_r02_every_problem_is_accounted_for_by_its_line(lines: list[int]) -> None:
    before = file_findings.KEPT
    found = kept([bad_cell(2)] * before + [bad_cell(line) for line in lines])[before:]
    assert sum(one.times for one in found) == len(lines)
    assert [line for one in found for line in lines_of(one)] == lines
    assert all(one.text.count(",") < RUNS for one in found)
