"""Dates and the order of day and month: what a text can mean, what proves an order, what is decided (rule P9)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import IntFlag, StrEnum

_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_OTHER_DATE = re.compile(
    r"[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})\.?|[0-9]{4}[./][0-9]{1,2}[./][0-9]{1,2}"
    r"|[0-9]{1,2}[ -][A-Za-z]{3}[ -](?:[0-9]{4}|[0-9]{2})"
    r"|(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})[T ][0-9]{1,2}:[0-9]{2}\S*(?: ?[AP]M)?",
    re.IGNORECASE,
)
_MEMO_LIMIT = 20_000  # dates remembered by a reader, so that memory stays bounded (F4)


class Order(StrEnum):
    """Which of two numbers is the day; the values are those of the setting `dates`."""

    DMY = "dmy"
    MDY = "mdy"

    @property
    def written(self) -> str:
        """How an administrator writes it."""
        return "dd/mm/yyyy" if self is Order.DMY else "mm/dd/yyyy"


class Mark(IntFlag):
    """What one value says about its column; the marks of many values are simply joined by `|`."""

    NOTHING = 0
    CLEAR = 1  # a date with one reading that proves no order: ISO, or both parts equal
    PROVES_DMY = 2
    PROVES_MDY = 4
    DOUBTFUL = 8  # a date with two readings
    BOOLEAN = 16
    OTHER = 32
    UNREAD = 64  # what looks like a date and is none here: dots, two-digit years, a time behind it

    DATE = CLEAR | PROVES_DMY | PROVES_MDY | DOUBTFUL
    PROOFS = PROVES_DMY | PROVES_MDY


@dataclass(frozen=True, slots=True)
class Reading:
    """The dates that a text can mean, as ISO text: the day first, the month first; None where it is none."""

    dmy: str | None
    mdy: str | None

    @property
    def mark(self) -> Mark:
        """What this text says about the order of its column."""
        if self.dmy == self.mdy:
            return Mark.CLEAR
        if self.mdy is None:
            return Mark.PROVES_DMY
        return Mark.PROVES_MDY if self.dmy is None else Mark.DOUBTFUL


def looks_like_other_date(text: str) -> bool:
    """Rule P9: whether a text that is no date here is one elsewhere."""
    return _OTHER_DATE.fullmatch(text) is not None


def read_date(text: str) -> Reading | None:
    """Rule P9: what a text without outer white space can mean; None where it is no date at all.

    One-digit days and months are fine; two-digit years, dots and days that do not exist are not.
    """
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
        both = _iso(year, month, day)
        return Reading(both, both) if both else None
    if found := _SLASHED.fullmatch(text):
        first, second, year = found.groups()
        reading = Reading(_iso(year, second, first), _iso(year, first, second))
        return reading if reading.dmy or reading.mdy else None
    return None


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def order_of_proofs(marks: int) -> Order | None:
    """The order that marks prove; None where they prove none, or both."""
    proofs = marks & Mark.PROOFS
    return {int(Mark.PROVES_DMY): Order.DMY, int(Mark.PROVES_MDY): Order.MDY}.get(proofs)


@dataclass(frozen=True, slots=True)
class EarlierProof:
    """What the organization's earlier applied files proved last, and in which import."""

    order: Order
    import_number: int


@dataclass(frozen=True, slots=True)
class Decided:
    """The order for the doubtful dates of a column (None: they are refused), and what it rests on."""

    order: Order | None
    why: str  # setting, column, file, import, preset, contradiction, nothing


def decide_order(
    *,
    setting: str,
    column_marks: int,
    file_marks: int,
    earlier: EarlierProof | None = None,
    habit: Order | None = None,
) -> Decided:
    """Rule P9: setting, else the column's proofs, else the file's, else an earlier import's, else the preset's habit.

    Proofs that contradict each other decide nothing, and nothing that comes after them is asked.
    """
    if setting != "auto":
        return Decided(Order(setting), "setting")
    for marks, why in ((column_marks, "column"), (file_marks, "file")):
        if marks & Mark.PROOFS:
            order = order_of_proofs(marks)
            return Decided(order, why if order else "contradiction")
    if earlier:
        return Decided(earlier.order, "import")
    return Decided(habit, "preset" if habit else "nothing")


def date_reader(*, order: Order | None, strict: bool) -> Callable[[str], str | None]:
    """Return a function from cell text to ISO text; `""` for a doubtful date, None for no date.

    `strict` (the setting names an order): a date that can only be read in the other order is no date. It remembers
    what it read: dates repeat, and a look-up takes 0.05 microseconds.
    """
    memo: dict[str, str | None] = {}

    def read(text: str) -> str | None:
        try:
            return memo[text]
        except KeyError:
            pass
        if len(memo) >= _MEMO_LIMIT:
            memo.clear()
        memo[text] = iso = iso_text(read_date(text), order=order, strict=strict)
        return iso

    return read


def iso_text(reading: Reading | None, *, order: Order | None, strict: bool) -> str | None:
    """The date of a reading by an order; `""` where it is doubtful, None where there is none."""
    if reading is None:
        return None
    if strict:
        return reading.dmy if order is Order.DMY else reading.mdy
    if reading.mark is not Mark.DOUBTFUL:
        return reading.dmy or reading.mdy
    if order is None:
        return ""
    return reading.dmy if order is Order.DMY else reading.mdy
