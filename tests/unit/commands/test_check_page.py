"""`commands/check_page.py`: counts as sentences."""

from dataclasses import fields

from commands.check_page import WOULD, would
from processor.imports import Counts


def test_h07_what_would_happen_is_said_with_its_number() -> None:
    counts = Counts(rows=9, users_created=1, users_updated=2_000, rows_refused=1)
    assert would(counts) == ["create 1 user", "update 2,000 users", "refuse 1 row"]


def test_h07_every_count_has_its_sentence() -> None:
    said = {field for field, _, _ in WOULD}
    assert said == {field.name for field in fields(Counts)} - {"rows", "users_missing"}
