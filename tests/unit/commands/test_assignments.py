"""`commands/assignments.py`: settings as words of a command line."""

import pytest

from commands.assignments import split_words, with_options
from core.errors import UsageError


@pytest.mark.parametrize(
    "words",
    [
        ["time_zone=Europe/Berlin"],
        ["time-zone=Europe/Berlin"],
        ["--time-zone", "Europe/Berlin"],
        ["--time-zone=Europe/Berlin"],
        ["--time_zone=Europe/Berlin"],
    ],
)
def test_x_a_setting_may_be_written_in_each_usual_way(words: list[str]) -> None:
    assert split_words(words) == ([], {"time_zone": "Europe/Berlin"})


def test_x_a_value_may_hold_the_sign_that_parts_it_from_its_key() -> None:
    assert split_words(["clear_word=a=b"]) == ([], {"clear_word": "a=b"})


def test_x_an_empty_value_is_a_value() -> None:
    assert split_words(["recipients="]) == ([], {"recipients": ""})


@pytest.mark.parametrize("word", ["Mavericks", "Dallas Mavericks", "=x", "A=B", "two words=x"])
def test_x_what_is_no_setting_stays_a_word(word: str) -> None:
    assert split_words([word]) == ([word], {})


def test_k_an_option_without_a_value_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--mode needs a value"):
        split_words(["--mode"])


def test_k_a_setting_given_twice_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="dates is given twice"):
        split_words(["dates=dmy", "--dates", "mdy"])
    with pytest.raises(UsageError, match="dates is given twice"):
        with_options({"dates": "dmy"}, dates="mdy")


def test_h05_the_header_map_is_set_by_its_own_command() -> None:
    with pytest.raises(UsageError, match="rosterdrop org map"):
        split_words(["header_map=x"])


def test_x_options_that_were_not_given_set_nothing() -> None:
    assert with_options({"a": "1"}, owner=None, recipients=[], mode="test") == {"a": "1", "mode": "test"}
