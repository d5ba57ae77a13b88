import pytest

from processor.reading.address_faults import why_no_address

from .whole_files import read_users


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#N/A", "a spreadsheet left its error value there"),
        ("#ref!", "a spreadsheet left its error value there"),
        ("mailto:ann@x.example", "`mailto:` stands before it"),
        ("Ann Lee <ann@x.example>", "a name stands beside it"),
        ("ann@x.example; bob@x.example", "several addresses stand in the cell"),
        ("ann@x.example/bob@x.example", "several addresses stand in the cell"),
        ("Ann <ann@x.example>, Bob <bob@x.example>", "several addresses stand in the cell"),
        ("ann lee@x.example", "a space stands inside"),
        ("ann(at)x.example", "it has no @"),
        ("Ann Lee", "it has no @"),
        ("ann@localhost", "nothing with a dot follows the @"),
        ("ann@", "nothing with a dot follows the @"),
        ("a@b " * 10_000, "it is too long"),
    ],
)
def test_p01_a_bad_address_is_explained(text: str, why: str) -> None:
    assert why_no_address(text) == f": {why}"


def test_p01_what_cannot_be_explained_is_not() -> None:
    assert why_no_address("ann@@x.example") == ""


@pytest.mark.parametrize("text", ["ann lee@x.example", "secret <ann@x>", "#N/A", "mailto:secret"])
def test_p01_p06_the_value_is_never_quoted(text: str) -> None:
    found = read_users(f'User Email,Manager Email\n"{text}",\nbob@x.example,"{text}"\n')
    problems = [*found.refused, *found.row.findings]
    assert [one.code for one in problems] == ["address-invalid", "manager-invalid"]
    assert all("secret" not in one.text and "ann" not in one.text for one in problems)
    assert all(": " in one.text for one in problems)
