"""What commands print: one JSON value or tables on standard output, everything else a line on standard error."""

import json
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Any

import typer

PIPE_WIDTH = 10_000  # where nobody looks, no column is cut

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON value on standard output and nothing else.")
]


def print_json(value: Any) -> None:
    """Section X: print one JSON value."""
    _write(_dumped(value) + "\n")


async def print_json_array(items: AsyncIterator[Any]) -> None:
    """Section X: print an array one element at a time, so that a million users need no memory.

    Each stands on a line of its own: the encoder that sets in is written in Python and takes five times as long.
    """
    separator = "[\n  "
    async for item in items:
        _write(separator + _dumped(item, indent=None))
        separator = ",\n  "
    _write("[]\n" if separator.startswith("[") else "\n]\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, nothing: str) -> None:
    """Print rows under their columns; on a terminal they fit its width; `nothing` is said of an empty list."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")  # a narrow terminal breaks an address, and cuts nothing off
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    if not table.row_count:
        print(nothing)
        return
    on_terminal = sys.stdout.isatty()
    console = Console(width=None if on_terminal else PIPE_WIDTH, highlight=False)
    with console.capture() as captured:
        console.print(table)
    _write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def print_pairs(pairs: Sequence[tuple[str, object]]) -> None:
    """Print names and values, one a line, the values below each other."""
    width = max(len(name) for name, _ in pairs) + 2
    for name, value in pairs:
        _write(f"{shown(name) + ':':<{width}}{shown(value)}\n")


def say(text: str = "") -> None:
    """Print a line for people; characters that steer a terminal are made harmless."""
    _write("\n".join(shown(line) for line in text.split("\n")) + "\n")


def warn(text: str) -> None:
    """Say something on standard error that does not change the exit status."""
    _complain(f"Note: {text}")


def fail(text: str) -> None:
    """Section K: say in one line on standard error what went wrong and what to do."""
    _complain(f"rosterdrop: {text}")


def shown(value: object) -> str:
    """Return a value as a person reads it, without characters that could steer a terminal."""
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"  # as files and exports write it
        case list() | tuple():
            return ", ".join(shown(part) for part in value)
        case _:
            text = str(value)
            if text.isprintable():
                return text
            return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _complain(text: str) -> None:
    line = " ".join(text.split())
    sys.stderr.write(shown(line) + "\n")


def _dumped(value: Any, *, indent: int | None = 2) -> str:
    plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
    return json.dumps(value, indent=indent, ensure_ascii=plain)


def _write(text: str) -> None:
    """Write, whatever the terminal's encoding; half a surrogate is written as an escape, which JSON allows."""
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
