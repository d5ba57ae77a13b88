"""The repository's promises about itself: sizes, names, where SQL stands, documents, rules with tests."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("core", "server", "processor", "console", "commands")
ROOMS = (*PRODUCT, "tests", "bench")
MAX_LINES = 400
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"}
SQL_PACKAGES = {"sqlalchemy", "aiosqlite", "sqlite3", "alembic"}
SQL_TEXT = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|DROP|ALTER)\s+TABLE\s|PRAGMA\s)"
)
# Put together here so that this file doesn't hold what it looks for.
UNWANTED = re.compile("|".join((r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", "/wo" + "rk/")))
TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".html",
    ".j2",
    ".mako",
    ".ini",
    ".css",
    ".yml",
    ".yaml",
    ".sh",
}


def files_below(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def python_files(*folders: str) -> Iterator[Path]:
    return (path for path in files_below(*folders) if path.suffix == ".py")


def text_files() -> Iterator[Path]:
    """All that is written by hand: rooms, documents, and the files of the root."""
    for path in files_below(*ROOMS, "docs", "deploy"):
        if path.suffix in TEXT_SUFFIXES:
            yield path
    for path in sorted(ROOT.iterdir()):
        if path.is_file() and (path.suffix in {".md", ".toml", ".txt"} or path.name == "Makefile"):
            yield path
    yield ROOT / ".ci" / "run"
    yield ROOT / "keys" / "README.md"


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_packages(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]


def sql_texts(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_TEXT.match(node.value):
            yield node.lineno


def package_name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def declared_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = (requirement for extra in project["optional-dependencies"].values() for requirement in extra)
    return {package_name(requirement) for requirement in (*project["dependencies"], *extras)}


def table_rows(path: Path) -> Iterator[list[str]]:
    """The cells of each row of the markdown tables in a document, headings and rulers included."""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def rules_with_tests() -> set[str]:
    """The rules that test functions name: `test_u03_p10_...` names U3 and P10."""
    rules: set[str] = set()
    for path in python_files("tests"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                prefix = re.match(r"test((?:_[a-z]\d\d)+)_", node.name)
                if prefix:
                    rules |= {f"{rule[0].upper()}{int(rule[1:])}" for rule in prefix[1].split("_") if rule}
    return rules


def test_no_python_file_is_longer_than_400_lines() -> None:
    long = {
        named(path): lines
        for path in python_files(*ROOMS)
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [
        named(path)
        for path in python_files(*ROOMS)
        if path.stem in VAGUE_NAMES or VAGUE_NAMES & set(path.relative_to(ROOT).parent.parts)
    ]
    assert not vague


def test_every_module_says_what_it_is_for() -> None:
    silent = [named(path) for path in python_files(*PRODUCT) if not ast.get_docstring(parsed(path))]
    assert not silent


def test_no_text_holds_reminders_or_paths_of_one_machine() -> None:
    found = [
        f"{named(path)}:{number}"
        for path in text_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if UNWANTED.search(line)
    ]
    assert not found


def test_sql_stands_in_core_and_in_stores_only() -> None:
    found: list[str] = []
    for path in python_files(*PRODUCT):
        if path.is_relative_to(ROOT / "core") or path.name.endswith("_store.py"):
            continue
        lines = {line for line, package in imported_packages(parsed(path)) if package in SQL_PACKAGES}
        found += [f"{named(path)}:{line}" for line in sorted({*lines, *sql_texts(parsed(path))})]
    assert not found


def test_every_dependency_is_explained_and_nothing_else_is() -> None:
    rows = list(table_rows(ROOT / "docs" / "dependencies.md"))
    explained = {row[0] for row in rows if row[0] != "Package" and not row[0].startswith("---")}
    assert explained == declared_dependencies()
    assert all(len(row) == 3 and all(row) for row in rows)


def test_every_dependency_has_an_upper_bound_and_an_exact_release() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert not [requirement for requirement in requirements if "<" not in requirement]
    pins = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
    assert not [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9A-Za-z.]*", pin)]
    assert declared_dependencies() <= {package_name(pin) for pin in pins}


def test_every_rule_that_is_kept_has_a_test_that_names_it() -> None:
    contract = ROOT / "docs" / "contract.md"
    rows = [row for row in table_rows(contract) if re.fullmatch(r"[A-Z]\d+", row[0])]
    assert rows, "docs/contract.md has no row of the form | U3 | kept | ... |"
    kept = {row[0] for row in rows if row[1].strip("*").startswith("kept")}
    assert not sorted(kept - rules_with_tests())
