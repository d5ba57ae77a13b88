"""docs/doctor.md explains each finding of `rosterdrop doctor`, and no other (O5)."""

from pathlib import Path

from processor.health.catalogue import CATALOGUE
from tests.contract.test_repository import table_rows

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "doctor.md"


def test_o05_the_page_has_each_finding_with_its_level_and_words() -> None:
    rows = [tuple(row) for row in table_rows(DOCUMENT) if row[0].startswith("`")]
    expected = [
        (f"`{code}`", str(entry.level), entry.text.rstrip("."), "yes" if entry.is_mended else "")
        for code, entry in CATALOGUE.items()
    ]
    assert rows == expected
