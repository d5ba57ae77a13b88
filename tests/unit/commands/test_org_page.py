"""`commands/org_page.py`: settings in plain words."""

import pytest

from commands.org_page import NO_KEYS, in_words
from core.organization_settings import OrganizationSettings

KEYS = sorted(set(OrganizationSettings.model_fields) - set(NO_KEYS))


@pytest.mark.parametrize("key", KEYS)
def test_k_every_setting_is_said_in_plain_words(key: str) -> None:
    words = in_words(key, OrganizationSettings(owner="a@x.example"))
    assert words.endswith(".")


def test_k_the_words_follow_the_value() -> None:
    day_first = OrganizationSettings(owner="a@x.example", dates="dmy", mode="test")
    assert in_words("dates", day_first) == "03/04/2026 is the 3rd of April."
    assert "nothing is applied" in in_words("mode", day_first)
