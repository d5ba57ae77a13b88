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


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("recipients", "b@x.example, c@x.example", ("b@x.example", "c@x.example")),
        ("recipients", "none", ()),
        ("all_or_nothing", "YES", True),
        ("export", "daily", "daily"),
        ("export", "none", None),
        ("deactivate_at", "9:05", "09:05"),
        ("mail", "digest", "digest"),
        ("digest_at", " 07:30 ", "07:30"),
        ("expected", "Daily  by 9:30", "daily by 09:30"),
        ("expected", "weekdays by 23:59", "weekdays by 23:59"),
        ("expected", "none", None),
        ("schedule", "6:00", "06:00"),
        ("guard_floor", "0", 0),
    ],
)
def test_x_a_value_of_a_setting_is_read_as_people_write_it(key: str, value: str, stored: object) -> None:
    assert getattr(SETTINGS.changed({key: value}), key) == stored


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("mode", "dry", "mode: must be 'live' or 'test'"),
        ("mail", "weekly", "mail: must be 'every', 'problems' or 'digest'"),
        ("export", "hourly", "export: must be 'daily' (or none)"),
        ("digest_at", "24:00", "digest_at: not a time of day such as 08:00"),
        ("deactivate_at", "soon", "deactivate_at: not a time of day such as 08:00"),
        ("expected", "sundays by 09:30", "expected: not `daily by 09:30`, `weekdays by 09:30` or `none`"),
        ("expected", "daily by 25:00", "expected: not `daily by 09:30`, `weekdays by 09:30` or `none`"),
        ("all_or_nothing", "maybe", "all_or_nothing: must be yes or no"),
        ("guard_floor", "-1", "guard_floor: must be 0 or more"),
        ("guard_deactivate_percent", "101", "guard_deactivate_percent: must be 100 or less"),
        ("guard_change_percent", "many", "guard_change_percent: must be a whole number"),
        ("recipients", "ann", "recipients: An email address must have an @-sign."),
        ("colour", "red", "colour: no such setting"),
    ],
)
def test_x_a_wrong_value_is_refused_in_plain_words(key: str, value: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        SETTINGS.changed({key: value})
    assert str(caught.value) == words
