"""`core/organization_settings.py`: limits that an organization has set, and those that it has not (U9)."""

import pytest

from core.errors import UsageError
from core.organization_settings import LIMITS, OrganizationSettings, parse_organization_settings

SETTINGS = OrganizationSettings(owner="owner@x.example")


@pytest.mark.parametrize("name", LIMITS)
def test_u09_a_limit_that_is_not_set_is_nobodys(name: str) -> None:
    assert SETTINGS.limit(name) is None
    assert name not in SETTINGS.to_stored()


@pytest.mark.parametrize("name", LIMITS)
def test_u09_a_limit_that_is_set_is_kept_also_where_it_is_the_default(name: str) -> None:
    default = getattr(SETTINGS, name)
    stored = SETTINGS.changed({name: str(default)}).to_stored()
    assert stored[name] == default
    assert parse_organization_settings(stored).limit(name) == default


@pytest.mark.parametrize("word", ["default", "none", "", " Default "])
@pytest.mark.parametrize("name", LIMITS)
def test_u09_a_limit_can_be_unset(name: str, word: str) -> None:
    settings = SETTINGS.changed({name: 7})
    assert settings.limit(name) == 7
    assert settings.changed({"dates": "dmy"}).limit(name) == 7
    assert settings.changed({name: word}).limit(name) is None


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
@pytest.mark.parametrize("name", LIMITS)
def test_u09_a_limit_is_a_number_above_zero(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name}: "):
        SETTINGS.changed({name: value})
