"""Rows of new people read column by column: each distinct value of a column is judged once (rules P1 to P11, C1).

Measured: 4 microseconds for a row of 16 columns, down to what the database takes; row by row 13. A row with anything
unusual in it is left to `user_rows`; for the others both say the same (a property test compares them).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from core.addresses import AddressError, EmailAddress, parse_address, plain_keys
from core.organization_settings import OrganizationSettings
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Column, Header
from processor.reading.labels import Meaning
from processor.reading.memo import BAD, Memo
from processor.reading.names import name_of_address
from processor.reading.presets import Preset
from processor.reading.user_cells import CarefulReader
from processor.reading.values import is_shortened, other_separator

Rows = Sequence[Sequence[str]]


class PlainPeople(NamedTuple):
    """Columns of equal length, an entry for each plain row; None means that the row says nothing about it."""

    emails: list[str]
    keys: list[str]
    names: list[str]
    first_names: list[str]
    last_names: list[str]
    account_types: list[str | None]
    admins: list[bool | None]
    days: list[str | None]  # of deactivation, not past; ISO
    managers: list[EmailAddress | None]
    called: list[str | None]  # the name of a manager whom the row creates (P6)
    teams: list[tuple[str, ...] | None]
    customs: list[str]  # JSON objects

    def part(self, start: int, end: int) -> "PlainPeople":
        """Return some of the rows."""
        return PlainPeople._make(column[start:end] for column in self)


ReadPlain = Callable[[Rows], tuple[list[int], PlainPeople]]
"""Rows -> the places of those that are plain, and what these say."""


def plain_people_reader(
    *,
    header: Header,
    decisions: Decisions,
    settings: OrganizationSettings,
    known_fields: Mapping[str, KnownField],
    preset: Preset | None,
    is_past: Callable[[str], bool],
    id_fields: Collection[str],
) -> ReadPlain | None:
    """Return the reader; None where the header names people in other ways than by their addresses (P1, H6)."""
    careful = CarefulReader(
        header=header, decisions=decisions, settings=settings, known_fields=known_fields, preset=preset
    )
    by_other = header.of(Meaning.MANAGER_EMPLOYEE_ID) or header.of(Meaning.MANAGER_NAME)
    if by_other or careful.match_field is not None:
        return None
    return _Reader(header, careful, settings.clear_word, is_past, id_fields).read


class _Reader:
    def __init__(
        self,
        header: Header,
        careful: CarefulReader,
        clear_word: str | None,
        is_past: Callable[[str], bool],
        id_fields: Collection[str],
    ) -> None:
        self._width = len(header.labels)
        self._clear = clear_word.casefold() if clear_word else None
        self._columns = {meaning: header.of(meaning) for meaning in Meaning}
        self._careful = careful
        self._is_past = is_past
        self._managers = Memo(read=careful.manager_email)
        self._accounts = Memo(read=careful.account_type)
        self._admins = Memo(read=careful.is_org_admin)
        self._called = Memo(read=careful.manager_word)
        self._days = Memo(read=self._day)
        self._statuses = Memo(read=self._status)
        self._teams = Memo(read=lambda text: BAD if other_separator(text) else careful.teams(text))
        of_text = [f for f in careful.fields if careful.types[f] is FieldType.TEXT]
        self._texts = [(careful.fields[f], _front(f), f in id_fields) for f in of_text]
        typed = [f for f in careful.fields if f not in of_text]
        self._typed = [(careful.fields[f], Memo(read=self._typed_reader(f))) for f in typed]

    def read(self, rows: Rows) -> tuple[list[int], PlainPeople]:
        """Read the rows that are plain."""
        places = self._places(rows)
        columns = _Columns([rows[at] for at in places], self._width)
        people = self._people(columns)
        if not columns.bad:
            return places, people
        good = [at not in columns.bad for at in range(len(places))]
        return list(compress(places, good)), PlainPeople._make(
            list(compress(column, good)) for column in people
        )

    def _places(self, rows: Rows) -> list[int]:
        """Return the places of rows in which nothing is unusual at first sight."""
        width, clear = self._width, self._clear
        return [
            at
            for at, (cells, text) in enumerate(zip(rows, map("".join, rows), strict=True))
            if len(cells) == width
            and "'" not in text  # which may be the guard of a formula (E2)
            and (text.isascii() or text.isprintable())  # so that `strip` takes off all that is white space
            and (clear is None or clear not in text.casefold())
        ]

    def _people(self, columns: "_Columns") -> PlainPeople:
        of, judged = self._columns, columns.judged
        emails = columns.stripped(of[Meaning.USER_EMAIL])
        first_names = columns.stripped(of[Meaning.FIRST_NAME])
        last_names = columns.stripped(of[Meaning.LAST_NAME])
        names = columns.stripped(of[Meaning.USER_NAME])
        keys = columns.keys_of(emails)
        managers = judged(of[Meaning.MANAGER_EMAIL], self._managers)
        columns.bad.update(
            at
            for at, (manager, key) in enumerate(zip(managers, keys, strict=True))
            if manager and manager.key == key  # names himself (P6)
        )
        judged(of[Meaning.STATUS], self._statuses)
        return PlainPeople(
            emails=emails,
            keys=keys,
            names=[
                name or f"{first} {last}".strip() or name_of_address(email)  # P4
                for name, first, last, email in zip(names, first_names, last_names, emails, strict=True)
            ],
            first_names=first_names,
            last_names=last_names,
            account_types=judged(of[Meaning.ACCOUNT_TYPE], self._accounts),
            admins=judged(of[Meaning.IS_ORG_ADMIN], self._admins),
            days=judged(of[Meaning.DEACTIVATION_DATE], self._days),
            managers=managers,
            called=judged(of[Meaning.MANAGER], self._called),
            teams=judged(of[Meaning.TEAMS], self._teams),
            customs=self._customs(columns),
        )

    def _customs(self, columns: "_Columns") -> list[str]:
        """Write the custom fields as JSON; each value comes with the comma in front of it."""
        if not self._texts and not self._typed:
            return ["{}"] * columns.count
        parts = [columns.written(*text) for text in self._texts]
        parts += [columns.judged(found, memo) for found, memo in self._typed]
        return ["{" + text[2:] + "}" for text in map("".join, zip(*parts, strict=True))]

    def _typed_reader(self, field: str) -> Callable[[str], Any]:
        front = _front(field)
        judge = partial(self._careful.field, field)

        def read(text: str) -> Any:
            value = judge(text)
            if value is None or value is BAD:
                return "" if value is None else BAD
            return front + (encode_basestring(value) if isinstance(value, str) else str(value).lower())

        return read

    def _day(self, text: str) -> Any:
        """Rule P8: a day to come; who has left already is made in another way."""
        day = self._careful.deactivation_date(text)
        return BAD if isinstance(day, str) and self._is_past(day) else day

    def _status(self, text: str) -> Any:
        """Rule H5: nothing, or what makes the row unusual."""
        return BAD if self._careful.leaver(text) or self._careful.unknown_status(text) else None


class _Columns:
    """The cells of some rows, and the places of rows that turned out not to be plain."""

    def __init__(self, rows: Rows, width: int) -> None:
        self.count = len(rows)
        self.bad: set[int] = set()
        self._columns: list[tuple[str, ...]] = list(zip(*rows, strict=True)) or [()] * width

    def judged(self, of: tuple[Column, ...], memo: Memo) -> list[Any]:
        """Judge each distinct value once; what is BAD becomes an empty text."""
        cells = self._cells(of)
        found = {cell: memo[cell] for cell in dict.fromkeys(cells)}
        refused = {cell for cell, value in found.items() if value is BAD}
        if refused:
            self._refuse(cells, refused)
            found.update(dict.fromkeys(refused, ""))
        return list(map(found.__getitem__, cells))

    def written(self, of: tuple[Column, ...], front: str, is_id: bool) -> list[str]:
        """Write texts as JSON; blank ones are left out (P3), shortened ids are remarked on elsewhere."""
        cells = self._cells(of)
        distinct = list(dict.fromkeys(cells))
        if is_id and (shortened := set(filter(is_shortened, distinct))):
            self._refuse(cells, shortened)
        texts = [front + encode_basestring(text) if text and not text.isspace() else "" for text in distinct]
        if len(distinct) == len(cells):
            return texts
        return list(map(dict(zip(distinct, texts, strict=True)).__getitem__, cells))

    def _refuse(self, cells: Sequence[str], refused: set[str]) -> None:
        self.bad.update(at for at, cell in enumerate(cells) if cell in refused)

    def stripped(self, of: tuple[Column, ...]) -> list[str]:
        """Return the cells without outer white space."""
        return list(map(str.strip, self._cells(of)))

    def keys_of(self, emails: Sequence[str]) -> list[str]:
        """Rule P1: the keys of addresses."""
        keys = plain_keys(emails)
        for at in [at for at, key in enumerate(keys) if key is None] if None in keys else ():
            try:
                keys[at] = parse_address(emails[at]).key
            except AddressError:
                self.bad.add(at)
        return [key or "" for key in keys]

    def _cells(self, of: tuple[Column, ...]) -> Sequence[str]:
        """Rule H5: of several columns of one meaning the first that is not blank."""
        if not of:
            return [""] * self.count
        if len(of) == 1:
            return self._columns[of[0].index]
        several = zip(*[self._columns[column.index] for column in of], strict=True)
        return [next(filter(str.strip, cells), "") for cells in several]


def _front(field: str) -> str:
    """Return what stands before a field's value in JSON."""
    return f", {encode_basestring(field)}: "


def runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield where each run of places that follow one another begins and ends in the sequence."""
    if places and places[-1] - places[0] == len(places) - 1:  # nearly always
        yield 0, len(places)
        return
    start = 0
    for at in range(1, len(places) + 1):
        if at == len(places) or places[at] != places[at - 1] + 1:
            yield start, at
            start = at
