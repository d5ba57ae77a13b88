import re

import pytest

from processor.health.catalogue import CATALOGUE, Finding, Level
from processor.health.examination import in_both


@pytest.mark.parametrize("code", CATALOGUE)
def test_o05_every_finding_says_what_it_means_and_what_to_do(code: str) -> None:
    entry = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
    assert entry.text.endswith(".")
    assert len(entry.advice) > 20
    assert entry.advice.endswith(".")
    assert entry.is_mended == ("`--repair`" in entry.advice)


def test_o05_notes_and_what_was_mended_need_nobody() -> None:
    assert Finding(code="file-missing").needs_somebody
    assert not Finding(code="half-written").needs_somebody
    assert not Finding(code="filing-not-noted", is_mended=True).needs_somebody
    assert {entry.level for entry in CATALOGUE.values()} == set(Level)


def test_o05_what_was_only_on_its_way_is_not_found_twice() -> None:
    first = [
        Finding(code="drop-missing", org_id="007", subjects=("import 1", "import 2")),
        Finding(code="file-missing", org_id="007", subjects=("import 3",)),
        Finding(code="disk-tight", subjects=("5 bytes",)),
    ]
    second = [
        Finding(code="drop-missing", org_id="007", subjects=("import 2", "import 4")),
        Finding(code="drop-missing", org_id="008", subjects=("import 1",)),
        Finding(code="disk-tight", subjects=("4 bytes",)),
    ]
    assert in_both(first, second) == [
        Finding(code="drop-missing", org_id="007", subjects=("import 2",)),
        Finding(code="disk-tight", subjects=("4 bytes",)),
    ]
