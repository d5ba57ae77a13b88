import ast
import re
from pathlib import Path

import pytest

from processor.reading.catalogue import CATALOGUE, is_note, problem

ROOT = Path(__file__).resolve().parents[3]
RULE = re.compile(r" \([A-Z]\d{1,2}\)$")
FACTS = re.compile(r"{(\w+)}")


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_sentence_ends_with_its_rule_and_every_advice_is_a_sentence(code: str) -> None:
    entry = CATALOGUE[code]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert RULE.search(entry.text)
    assert entry.text[0].isupper() or entry.text[0] == "`"
    assert entry.advice.endswith(".")


def test_a_problem_is_filled_with_its_facts() -> None:
    found = problem("repeated-address", line=7, column="User Email", first=3)
    assert found.text == "The address stands in line 3 already, and that row counted (P10)"
    assert (found.line, found.column, found.code) == (7, "User Email", "repeated-address")


def test_a_problem_without_its_facts_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        problem("repeated-address", line=7)


def test_notes_are_told_from_problems() -> None:
    assert is_note("label-matched")
    assert not is_note("row-too-short")


def codes_in_use() -> set[str]:
    """The codes that any call of `problem(...)` names."""
    found: set[str] = set()
    for path in (ROOT / "processor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "problem"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


def test_every_code_that_is_used_stands_in_the_catalogue() -> None:
    assert codes_in_use() - set(CATALOGUE) == set()


def sections() -> dict[str, list[str]]:
    """The paragraphs below each heading of docs/problems.md that is a code."""
    text = (ROOT / "docs" / "problems.md").read_text("utf-8")
    parts = re.split(r"^### `(.+)`$", text, flags=re.MULTILINE)[1:]
    bodies = (re.sub(r"^## .*", "", body, flags=re.MULTILINE) for body in parts[1::2])
    return {code: body.strip().split("\n\n") for code, body in zip(parts[::2], bodies, strict=True)}


def test_the_document_of_problems_lists_each_code_with_an_example_and_what_to_do() -> None:
    documented = sections()
    assert documented.keys() == CATALOGUE.keys()
    for code, (sentence, example, advice) in documented.items():
        assert sentence == f"> {CATALOGUE[code].text}"
        assert re.fullmatch(r"Example: .{5,}\.", example), code
        assert advice == f"What to do: {CATALOGUE[code].advice}"
