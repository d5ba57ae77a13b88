"""Cells that a spreadsheet would run as a formula (rule E2), and the way back."""

import re

_RUNS = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard(cell: str) -> str:
    r"""Rule E2: a leading `'` for a cell that begins with `=`, `+`, `-`, `@`, tab or CR, after any number of `'`.

    The `'`s count so that the way back is exact: `'=a` is written as `''=a`.
    """
    return f"'{cell}" if _RUNS.match(cell) else cell


def unguard(cell: str) -> str:
    """Rule E2: take off the `'` that `guard` put on."""
    return cell[1:] if _GUARDED.match(cell) else cell
