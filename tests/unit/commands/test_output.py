"""`commands/output.py`: what is printed, and how."""

import io
import json
import sys
from collections.abc import AsyncIterator

import pytest

from commands.output import fail, print_json, print_json_array, print_pairs, print_table, say, shown, warn


async def items(count: int) -> AsyncIterator[dict[str, int]]:
    for number in range(count):
        yield {"number": number}


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_x_an_array_that_is_printed_bit_by_bit_is_one_json_value(
    count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    await print_json_array(items(count))
    printed = capsys.readouterr().out
    assert json.loads(printed) == [{"number": number} for number in range(count)]
    assert printed.endswith("]\n")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "iso-8859-1"])
def test_x_json_is_valid_in_every_encoding_of_the_terminal(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    value = {"name": "Inês 北 \udc80"}
    print_json(value)
    sys.stdout.flush()
    assert json.loads(written.getvalue().decode(encoding)) == value


def test_k_an_error_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    fail("This went wrong.\nDo that.")
    warn("By the\nway")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "rosterdrop: This went wrong. Do that.\nNote: By the way\n"


def test_k_no_column_is_cut_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    print_table(("Name", "Other"), [(long, True), ("[bold]", None)], nothing="none")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"{long}  Yes"
    assert lines[2] == "[bold]", "what looks like markup is text"


def test_k_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Name",), [], nothing="There is none.")
    assert capsys.readouterr().out == "There is none.\n"


def test_k_a_file_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    nasty = "\x1b[2Jusers\r\x9b.csv"
    print_table(("Name",), [(nasty,)], nothing="none")
    print_pairs([("Name", nasty)])
    say(nasty)
    printed = capsys.readouterr()
    assert not {"\x1b", "\r", "\x9b"} & set(printed.out)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "Yes"), (False, "No"), (["a", "b"], "a, b"), ((), ""), (7, "7"), ("Inês", "Inês")],
)
def test_k_a_value_is_shown_as_a_person_reads_it(value: object, text: str) -> None:
    assert shown(value) == text


def test_k_a_narrow_terminal_breaks_an_address_and_cuts_nothing_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "24")
    print_table(("Email", "Type"), [("leila.haddad@mavericks.example", "Regular")], nothing="none")
    printed = capsys.readouterr().out
    assert "…" not in printed
    assert "example" in printed
