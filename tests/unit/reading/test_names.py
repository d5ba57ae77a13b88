import pytest

from processor.reading.names import name_key, name_of_address, name_of_row


@pytest.mark.parametrize(
    ("row", "stored", "name"),
    [
        (("Pat Head", "Pat", "Summitt"), ("", ""), "Pat Head"),
        ((None, "Pat", "Summitt"), ("", ""), "Pat Summitt"),
        ((None, "Pat", None), ("Trish", "Summitt"), "Pat Summitt"),
        ((None, None, "Head"), ("Pat", "Summitt"), "Pat Head"),
        ((None, "Pat", None), ("", ""), "Pat"),
        ((None, None, None), ("Pat", "Summitt"), None),
    ],
)
def test_p04_the_name_is_the_rows_own_or_put_together_with_what_is_stored(
    row: tuple[str | None, str | None, str | None], stored: tuple[str, str], name: str | None
) -> None:
    found = name_of_row(
        name=row[0], first_name=row[1], last_name=row[2], stored_first=stored[0], stored_last=stored[1]
    )
    assert found == name


def test_p04_a_new_user_without_a_name_is_called_by_the_address() -> None:
    assert name_of_address("pat.summitt@mavericks.example") == "pat.summitt"
    assert name_of_address('"a@b"@mavericks.example') == '"a@b"'


def test_h06_full_names_are_the_same_without_case_and_runs_of_space() -> None:
    assert name_key(" Pat  SUMMITT") == name_key("pat\u00a0summitt")
    assert name_key("Summitt, Pat") == name_key("Pat Summitt")
    assert name_key("Summitt, Pat") != name_key("Summitt Pat")
