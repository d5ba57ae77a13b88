"""`commands/org_page.py`: settings in plain words."""

import pytest

from commands.org_page import NO_KEYS, in_words
from core.organization_settings import OrganizationSettings

KEYS = sorted(set(OrganizationSettings.model_fields) - set(NO_KEYS))


SETTINGS = OrganizationSettings(owner="a@x.example").model_dump(mode="json")


@pytest.mark.parametrize("key", KEYS)
def test_k_every_setting_is_said_in_plain_words(key: str) -> None:
    words = in_words(key, SETTINGS[key])
    assert words.endswith(".")
    assert "{}" not in words


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("dates", "dmy", "03/04/2026 is the 3rd of April."),
        ("mode", "test", "Files are checked and filed with a report; nothing is applied."),
        ("recipients", [], "Mails about imports go to the owner."),
        ("recipients", ["a@x.example"], "They get a mail for each import."),
        ("encoding", "iso-8859-1", "Files may also come in iso-8859-1."),
        ("all_or_nothing", True, "Any problem refuses the whole file."),
        ("file_retention_days", 0, "Files are kept for ever."),
        ("guard_floor", 0, "Files that do this to 0 users or fewer are never held."),
    ],
)
def test_k_the_words_follow_the_value(key: str, value: object, words: str) -> None:
    assert in_words(key, value) == words
