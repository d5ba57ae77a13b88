"""Cells: what is blank, what white space counts, words for yes and no, lists of teams, and the guard of formulas."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # E2
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)
_TO_GUARD = re.compile(r"'*[=+\-@\t\r]")

# What a spreadsheet or a web page leaves in a cell that looks empty; Python's strip does not know these.
UNSEEN = "\ufeff\u200b\u200c\u200d\u2060\u180e"
_OUTER = "".join(chr(c) for c in range(0x3001) if chr(c).isspace())  # every Unicode white space
OUTER_SPACE = _OUTER + UNSEEN

YES_NO = {"yes": True, "no": False}
BOOLEANS = {**YES_NO, "true": True, "false": False}
ACCOUNT_TYPES = {"regular": "Regular", "observer": "Observer"}


def clean(cell: str) -> str:
    """Section W: take the outer white space off a cell, the no-break space and unseen characters too."""
    return cell.strip(OUTER_SPACE)


def is_blank(cell: str) -> bool:
    """Section W: whether a cell is empty or white space only."""
    return not cell or not cell.strip(OUTER_SPACE)


def is_shortened(text: str) -> bool:
    """Whether an id is a number as a spreadsheet shortens it."""
    return "+" in text and _SHORTENED.fullmatch(text.strip()) is not None


def take_guard_off(text: str) -> str:
    """Rule E2: take off the `'` that keeps a spreadsheet from running the cell as a formula."""
    return text[1:] if _GUARDED.match(text) else text


def put_guard_on(text: str) -> str:
    """Rule E2: write a cell so that no spreadsheet runs it; `take_guard_off` gives back exactly `text`."""
    return f"'{text}" if _TO_GUARD.match(text) else text


def key_text(value: str) -> str:
    """Rule P1: the form in which two keys (employee ids, team names) are the same: case, outer space ignored; NFC."""
    text = clean(value)
    return text.casefold() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def split_teams(cell: str) -> tuple[str, ...] | None:
    """Rule P5: the names of a `Teams` cell, in order, each once (case ignored); None where a quote stays open.

    A name with a comma stands in quotes, a quotation mark inside those is written twice. Quotes elsewhere in a
    name are part of it.
    """
    names: dict[str, str] = {}
    for part in _parts(cell) if '"' in cell else cell.split(","):
        if part is None:
            return None
        if name := clean(part):
            names.setdefault(key_text(name), name)
    return tuple(names.values())


def other_separator(cell: str) -> str | None:
    """Rule P5: the sign other than a comma that seems to separate teams in a cell; in quotation marks none does."""
    if ";" not in cell and "|" not in cell:
        return None
    bare = _QUOTED.sub("", cell)
    for sign in (";", "|"):
        if sum(not is_blank(part) for part in bare.split(sign)) > 1:
            return sign
    return None


def join_teams(names: Iterable[str]) -> str:
    """Rules P5, E1: write names as a `Teams` cell that `split_teams` reads back."""
    return ",".join(_quoted(name) if any(sign in name for sign in ',";|') else name for name in names)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_QUOTED_PART = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:,|\Z)')


def _parts(cell: str) -> Iterator[str | None]:
    """Yield the parts between commas, quotes taken off; None for a part that opens a quote and never closes it."""
    at = 0
    while at < len(cell):
        if quoted := _QUOTED_PART.match(cell, at):
            yield quoted[1].replace('""', '"')
            at = quoted.end()
            continue
        end = cell.find(",", at)
        end = len(cell) if end < 0 else end
        part = clean(cell[at:end])
        yield None if part.startswith('"') and part.count('"') % 2 else part
        at = end + 1
