"""docs/settings.md says of every setting what the code says."""

from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from core.organization_settings import OrganizationSettings
from core.settings import ENV_PREFIX, Settings, load_settings
from tests.contract.test_repository import table_rows

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "settings.md"
UNITS = {"bytes": "bytes", "s": "seconds", "hour": "an hour", "days": "days", "mib": "MiB"}
SET_BY_COMMANDS = {"header_map"}


def documented() -> dict[str, list[str]]:
    """The rows of all tables, by the name in the first cell."""
    rows = [row for row in table_rows(DOCUMENT) if row[0].startswith("`")]
    names = [row[0] for row in rows]
    assert len(names) == len(set(names)), "a setting stands twice"
    return {row[0].strip("`"): row for row in rows}


def as_documented(default: Any) -> str:
    match default:
        case None | () | "":
            return "none"
        case True | False:
            return "`yes`" if default else "`no`"
        case _ if default is PydanticUndefined:
            return "mandatory"
        case float() if default.is_integer():
            return f"`{int(default)}`"
        case _:
            return f"`{default}`"


def test_x_every_setting_of_the_operator_is_documented_and_nothing_else_is() -> None:
    variables = {name for name in documented() if name.startswith(ENV_PREFIX)}
    assert variables == {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_x_a_settings_default_and_unit_are_those_of_the_code(name: str) -> None:
    _, default, unit, meaning = documented()[f"{ENV_PREFIX}{name.upper()}"]
    assert default.split(" (")[0] == as_documented(Settings.model_fields[name].default)
    assert unit == UNITS.get(name.rpartition("_")[2], "")
    assert len(meaning) > 20


def test_x_every_setting_of_an_organization_is_documented_and_nothing_else_is() -> None:
    keys = {name for name in documented() if not name.startswith(ENV_PREFIX)}
    assert keys == set(OrganizationSettings.model_fields) - SET_BY_COMMANDS


@pytest.mark.parametrize("name", sorted(set(OrganizationSettings.model_fields) - SET_BY_COMMANDS))
def test_x_an_organizations_default_is_that_of_the_code(name: str) -> None:
    _, default, values, meaning = documented()[name]
    assert default == as_documented(OrganizationSettings.model_fields[name].default)
    assert values
    assert meaning


def test_o01_the_example_file_of_the_documentation_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{ENV_PREFIX}{name.upper()}", raising=False)
    example = DOCUMENT.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    file = tmp_path / "rosterdrop.toml"
    file.write_text(example, "utf-8")
    settings = load_settings(file)
    assert settings.model_fields_set == {
        line.split(" =")[0] for line in example.splitlines() if " = " in line
    }
