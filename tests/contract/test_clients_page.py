"""docs/clients.md shows the command lines that the acceptance tests run, and no others (U10)."""

import re
from pathlib import Path

import pytest

from tests.acceptance.clients import LIBRARIES, WAYS
from tests.contract.test_repository import table_rows

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "clients.md"
TESTS = ROOT / "tests" / "acceptance"
HEADING = ["client", "to", "command line", "typed into it, or in its file of commands"]
CODE = re.compile(r"`([^`]+)`")


def shown() -> set[tuple[str, ...]]:
    """The rows of the table of command lines."""
    rows = list(table_rows(DOCUMENT))
    start = rows.index(HEADING) + 2
    found = set()
    for row in rows[start:]:
        if len(row) != len(HEADING):
            break
        client, purpose, command, typed = row
        found.add((client, purpose, *CODE.findall(command), *CODE.findall(typed)))
    return found


def test_u10_the_page_shows_what_the_tests_run() -> None:
    ways = {(way.client, way.purpose, way.command, *way.typed) for way in WAYS.values()}
    calls = {(library, "send", call) for library, call in LIBRARIES.items()}
    assert shown() == ways | calls


@pytest.mark.parametrize("name", WAYS)
def test_u10_every_command_line_is_run_by_a_test(name: str) -> None:
    sources = [path.read_text("utf-8") for path in TESTS.glob("test_clients_*.py")]
    assert any(f'"{name}"' in source for source in sources)


@pytest.mark.parametrize("library", LIBRARIES)
def test_u10_every_call_of_a_library_is_run_by_a_test(library: str) -> None:
    source = "".join(path.read_text("utf-8") for path in TESTS.glob("test_clients_*.py"))
    assert LIBRARIES[library] in source or f'LIBRARIES["{library}"]' in source


def test_u10_programs_that_are_imitated_are_said_to_be() -> None:
    (paragraph,) = [
        text
        for text in DOCUMENT.read_text("utf-8").split("\n\n")
        if text.startswith("WinSCP and FileZilla run")
    ]
    assert "not run in our tests" in " ".join(paragraph.split())
