"""Rule O3: docs/operators.md explains every event that the code logs, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from server.visits import UploadEvent
from tests.contract.test_repository import PRODUCT, parsed, python_files, table_rows

ROOT = Path(__file__).resolve().parents[2]
EVENT = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
IN_A_FORMAT = re.compile(r'"event": "([a-z_.]+)"')
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def logged_by(tree: ast.Module) -> Iterator[str]:
    """The first arguments of `log.info(...)` and its like; where it is a variable, what it may be in this module."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if node.func.attr not in LEVELS or not isinstance(owner, ast.Name) or owner.id != "log":
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant):
            yield str(first.value)
        elif isinstance(first, ast.JoinedStr):
            yield from upload_events(first)
        else:
            yield from (text for text in texts(tree) if EVENT.fullmatch(text))
    for text in texts(tree):
        yield from IN_A_FORMAT.findall(text)


def upload_events(text: ast.JoinedStr) -> Iterator[str]:
    """The one event with a variable part: its outcomes stand in the docstring of UploadEvent."""
    assert ast.unparse(text) == "f'upload.{outcome}'"
    yield from (f"upload.{outcome}" for outcome in re.findall(r"`([a-z]+)`", UploadEvent.__doc__ or ""))


def events_of_the_code() -> set[str]:
    return {event for path in python_files(*PRODUCT) for event in logged_by(parsed(path))}


def documented_events() -> dict[str, list[str]]:
    rows = table_rows(ROOT / "docs" / "operators.md")
    return {row[0].strip("`"): row for row in rows if EVENT.fullmatch(row[0].strip("`")) and len(row) == 4}


def test_o03_events_are_named_noun_past_verb() -> None:
    events = events_of_the_code()
    assert len(events) > 20, "the scan finds something"
    assert not [event for event in events if not EVENT.fullmatch(event)]


def test_o03_every_event_is_documented_and_nothing_else_is() -> None:
    assert set(documented_events()) == events_of_the_code()


def test_o03_every_documented_event_says_what_to_do() -> None:
    for event, row in documented_events().items():
        assert row[1] in LEVELS, event
        assert all(row), event
