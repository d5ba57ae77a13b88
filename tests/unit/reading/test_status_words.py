import pytest

from processor.reading.presets import PRESETS, load_preset
from processor.reading.status_words import MOST_WORDS, UnknownWords, is_harmless

from .whole_files import read_users

HEADER = "User Email,State,Deactivation Date\n"
MAP = {"State": "Leaver Status"}


@pytest.mark.parametrize(
    ("status", "day", "unknown"),
    [
        ("Active", "", None),
        ("on  LEAVE", "", None),
        ("Terminated", "", None),
        ("", "", None),
        (" Resigned ", "", "Resigned"),
        ("T", "", "T"),
        ("Inactive", "", "Inactive"),
        ("Resigned", "2026-12-31", None),
    ],
)
def test_h05_a_status_that_says_nothing_is_noticed(status: str, day: str, unknown: str | None) -> None:
    found = read_users(f"{HEADER}ann@x.example,{status},{day}\n", header_map=MAP)
    assert found.row.unknown_status == unknown
    assert found.codes == []


@pytest.mark.parametrize("name", PRESETS)
def test_h05_a_presets_words_are_known(name: str) -> None:
    for word in load_preset(name).leaver_words:
        found = read_users(f"{HEADER}a@x.example,{word},\n", header_map=MAP, preset=load_preset(name))
        assert found.row.leaver
        assert found.row.unknown_status is None


def test_h05_a_map_that_names_the_words_knows_all_others() -> None:
    found = read_users(f"{HEADER}a@x.example,Resigned,\n", header_map={"State": "Leaver Status: gone"})
    assert found.row.unknown_status is None


@pytest.mark.parametrize(
    ("word", "harmless"),
    [
        ("Resigned", True),
        ("T", True),
        ("Long-term leave", True),
        ("Ausgeschieden", True),
        ("ann@x.example", False),
        ("4711", False),
        ("2026-12-31", False),
        ("left because of a quarrel", False),
        ("x" * 25, False),
    ],
)
def test_h05_only_a_short_word_is_quoted(word: str, harmless: bool) -> None:
    assert is_harmless(word) is harmless


def test_h05_the_note_says_which_word_stands_in_which_rows() -> None:
    words = UnknownWords()
    for line, word in enumerate(("Resigned", "resigned", "left on 3 May", "T", "RESIGNED"), start=2):
        words.add(word, line)
    texts = [note.text for note in words.notes("State")]
    assert texts == [
        f"Not known to mean that a person left, so nothing was done about it: {what} (H5)"
        for what in (
            "`Resigned` in 3 rows (lines 2 to 3 and 6)",
            "`T` in 1 row (line 5)",
            "other words in 1 row (line 4)",
        )
    ]
    assert "`State=Leaver Status: terminated, Resigned`" in words.notes("State")[0].advice


def test_h05_a_column_of_many_words_quotes_the_first() -> None:
    words = UnknownWords()
    for line, letter in enumerate("bcdefghijkm", start=2):
        words.add(letter * 3, line)
    assert len(words.notes("State")) == MOST_WORDS + 1
