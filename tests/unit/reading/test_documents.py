import csv
import re
from pathlib import Path

import pytest

from processor.findings import Problem
from processor.imports import Kind
from processor.reading.labels import USER_LABELS, Meaning
from processor.reading.team_rows import TeamRow, team_row_reader

from .whole_files import read_users, settings_with, understood

DOCS = Path(__file__).resolve().parents[3] / "docs"
RULES = [
    f"{letter}{n}"
    for letter, last in zip("FHPTCGR", (4, 8, 11, 4, 3, 3, 2), strict=True)
    for n in range(1, last + 1)
]


def test_every_rule_of_an_import_stands_in_the_customers_document_once() -> None:
    text = (DOCS / "rules.md").read_text("utf-8")
    assert re.findall(r"^\*\*([A-Z]\d+)\. ", text, flags=re.MULTILINE) == RULES


@pytest.mark.parametrize("label", sorted(set(USER_LABELS)))
def test_h01_every_label_of_a_users_file_stands_in_the_customers_document(label: str) -> None:
    assert f"`{label}`" in (DOCS / "rules.md").read_text("utf-8")


def test_the_sample_of_users_has_one_bad_address_and_is_otherwise_fine() -> None:
    found = read_users((DOCS / "samples" / "users.csv").read_text("utf-8"))
    assert [(p.code, p.line) for p in found.refused] == [("address-invalid", 9)]
    assert found.codes == ["address-invalid"]
    assert len(found.rows) == 11
    assert found.decisions.new_fields == {"Employee ID": "text", "Hire Date": "date"}
    people = {row.email_key for row in found.rows}
    assert {row.manager_email.key for row in found.rows if row.manager_email} <= people
    assert (found.rows[0].custom or {})["Employee ID"] == "000101"


def test_the_sample_of_teams_is_fine_and_belongs_to_the_users() -> None:
    text = (DOCS / "samples" / "teams.csv").read_text("utf-8")
    labels, *records = csv.reader(text.splitlines())
    header = understood(*labels)
    assert header.kind is Kind.TEAMS
    assert all(c.meaning is not Meaning.IGNORE for c in header.columns)
    read = team_row_reader(header=header, settings=settings_with())
    rows = [read(line, cells) for line, cells in enumerate(records, start=2)]
    assert not [r for r in rows if isinstance(r, Problem)]
    teams = [r for r in rows if isinstance(r, TeamRow)]
    assert not [t for t in teams if t.findings]
    users = read_users((DOCS / "samples" / "users.csv").read_text("utf-8"))
    joined = {name for row in users.rows for name in row.teams or ()}
    assert joined == {t.name for t in teams}
    assert {t.owner.key for t in teams if t.owner} <= {row.email_key for row in users.rows}
    assert {t.parent for t in teams} - {None} <= joined
