"""What refuses a row of a users file whole: its width and its key (rules F3, P1, P11)."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from core.addresses import AddressError, parse_address, plain_keys
from core.organization_settings import OrganizationSettings
from processor.findings import Problem
from processor.reading.address_faults import why_no_address
from processor.reading.catalogue import problem
from processor.reading.header import Column, Header
from processor.reading.labels import Meaning, label_key
from processor.reading.stray_rows import check_width, stray_row
from processor.reading.values import clean, is_blank, key_text, take_guard_off

if TYPE_CHECKING:  # `table` loads numpy, which the daemon does without
    from processor.reading.table import Record

ReadKeys = Callable[[Sequence[Sequence[str]]], list[str] | None]


def is_blank_row(cells: Sequence[str]) -> bool:
    """Rule F3: whether a row is skipped."""
    if cells and cells[0] and not is_blank(cells[0]):  # nearly every row: nothing else is looked at then
        return False
    return not any(cells) or all(map(is_blank, cells))


def filled(records: "Iterable[Record]") -> "list[Record]":
    """Rule F3: return the records that are not skipped; what begins with a letter or digit is seen at once."""
    return [
        record
        for record in records
        if ((cells := record.cells) and "0" <= cells[0] < "{") or not is_blank_row(cells)
    ]


def match_field(header: Header, match_by: str) -> str | None:
    """Rule P1: the custom field by which users are known; None where it is `User Email`."""
    key = label_key(match_by)
    if key == label_key(Meaning.USER_EMAIL.value):
        return None
    return next((field for field in header.of_fields() if label_key(field) == key), None)


class Keys:
    """The key columns of one file, and the texts in them."""

    def __init__(self, *, header: Header, settings: OrganizationSettings) -> None:
        self.width = len(header.labels)
        self._header = header
        self.match_field = match_field(header, settings.match_by)
        self._clear = settings.clear_word.casefold() if settings.clear_word else None
        self.addresses = header.of(Meaning.USER_EMAIL)
        self._matches = header.of_fields()[self.match_field] if self.match_field is not None else ()

    def first(self, columns: tuple[Column, ...], cells: Sequence[str]) -> tuple[str, Column]:
        """Rule H5: of several columns of one meaning the first that is not blank; the guard is off (E2)."""
        for column in columns:
            text = take_guard_off(cells[column.index])
            if not is_blank(text):
                return text, column
        return "", columns[0]

    def clears(self, text: str) -> bool:
        """Rule P3: whether a text is the word that clears a field."""
        return self._clear is not None and clean(text).casefold() == self._clear

    def read(self, line: int, cells: Sequence[str]) -> "RowKey | Problem":
        """Rules F3, P1, P11: by what a row knows its user, or why the row is refused whole."""
        if wrong := check_width(line, cells, self._header):
            return wrong
        found = self._read(line, cells)
        if isinstance(found, Problem):
            return stray_row(line, cells, self._header) or found
        return found

    def _read(self, line: int, cells: Sequence[str]) -> "RowKey | Problem":
        key = None
        if self._matches:
            text, column = self.first(self._matches, cells)
            if not text or self.clears(text):
                return problem("key-missing", line=line, column=column.label)
            key = key_text(text)
        text, column = self.first(self.addresses, cells)
        if not text or self.clears(text):
            return problem("address-missing", line=line, column=column.label)
        try:
            address = parse_address(clean(text))
        except AddressError:
            why = why_no_address(clean(text))
            return problem("address-invalid", line=line, column=column.label, why=why)
        return RowKey(address.key, key)

    def refusal(self, line: int, cells: Sequence[str]) -> Problem | None:
        """Rules F3, P1, P11: why the row is refused whole; None where it is not."""
        found = self.read(line, cells)
        return found if isinstance(found, Problem) else None


class RowKey(NamedTuple):
    """By what a row knows its user: the key of the address, and that of the chosen column where there is one."""

    address: str
    chosen: str | None


def key_reader(
    *, header: Header, settings: OrganizationSettings
) -> Callable[[int, Sequence[str]], RowKey | Problem]:
    """Return the function that reads a row's key, or says why the row is refused for it, before values are judged.

    Rows that it lets pass, and that are no repeats, count for types and date orders (C1). Measured: 0.8 microseconds.
    """
    keys = Keys(header=header, settings=settings)
    read, width = keys.read, keys.width
    if not _are_plain(keys, settings):
        return read
    at = keys.addresses[0].index

    def read_plain(line: int, cells: Sequence[str]) -> RowKey | Problem:
        if len(cells) == width and cells[at][:1] != "'":  # which may be the guard of a formula (E2)
            try:
                return RowKey(parse_address(cells[at]).key, None)
            except AddressError:
                pass
        return read(line, cells)

    return read_plain


def plain_keys_reader(*, header: Header, settings: OrganizationSettings) -> ReadKeys:
    """Return the function that reads the keys of many rows at once where all are plain, else None."""
    keys = Keys(header=header, settings=settings)
    if not _are_plain(keys, settings):
        return lambda _rows: None
    width, at = keys.width, keys.addresses[0].index

    def read_all(rows: Sequence[Sequence[str]]) -> list[str] | None:
        if set(map(len, rows)) != {width}:
            return None
        found = [key for key in plain_keys([cells[at] for cells in rows]) if key is not None]
        return found if len(found) == len(rows) else None

    return read_all


def _are_plain(keys: Keys, settings: OrganizationSettings) -> bool:
    """Whether one cell of a row is all its key, and no word in it clears anything."""
    return keys.match_field is None and len(keys.addresses) == 1 and not settings.clear_word
