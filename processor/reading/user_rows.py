"""Rows of a users file: what each one says, read fast where its cells are plain (rules P1 to P11, F3).

Measured: 3 microseconds for a row of 16 columns. Rows with anything unusual go to `user_cells`, which knows it all;
for plain rows both give the same (a property test compares them).
"""

from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from core.addresses import AddressError, parse_address
from core.organization_settings import OrganizationSettings
from processor.findings import Problem
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Column, Header
from processor.reading.labels import Meaning
from processor.reading.memo import BAD, Memo
from processor.reading.presets import Preset
from processor.reading.user_cells import CarefulReader, UserRow
from processor.reading.values import key_text, other_separator

ReadRow = Callable[[int, list[str]], UserRow | Problem]

__all__ = ["ReadRow", "UserRow", "user_row_reader"]

_PICKED = (
    Meaning.USER_EMAIL,
    Meaning.USER_NAME,
    Meaning.FIRST_NAME,
    Meaning.LAST_NAME,
    Meaning.ACCOUNT_TYPE,
    Meaning.IS_ORG_ADMIN,
    Meaning.DEACTIVATION_DATE,
    Meaning.MANAGER_EMAIL,
    Meaning.MANAGER_EMPLOYEE_ID,
    Meaning.MANAGER_NAME,
    Meaning.MANAGER,
    Meaning.TEAMS,
    Meaning.STATUS,
)


# One function with everything in its reach: each call and each attribute would cost as much as a cell.
def user_row_reader(  # noqa: PLR0915 - see above
    *,
    header: Header,
    decisions: Decisions,
    settings: OrganizationSettings,
    known_fields: Mapping[str, KnownField],
    preset: Preset | None = None,
) -> ReadRow:
    """Return the function that reads a row (its first line, its cells): a `UserRow`, or why the row is refused."""
    careful = CarefulReader(
        header=header, decisions=decisions, settings=settings, known_fields=known_fields, preset=preset
    )
    read_carefully = careful.read
    width = len(header.labels)
    places, field_places, several = _places(header, width)
    pick: Callable[[tuple[str, ...]], tuple[str, ...]] = itemgetter(*(places.get(m, -1) for m in _PICKED))
    texts, typed = _fields(careful, field_places)
    clear = settings.clear_word.casefold() if settings.clear_word else None
    clears = careful.keys.clears
    match = careful.match_field
    accounts = Memo(read=careful.account_type)
    admins = Memo(read=careful.is_org_admin)
    dates = Memo(read=careful.deactivation_date)
    managers = Memo(read=careful.manager_email)
    words = Memo(read=careful.manager_word)
    teams = Memo(read=lambda text: BAD if other_separator(text) else careful.teams(text))
    statuses = Memo(read=lambda text: BAD if careful.unknown_status(text) else careful.leaver(text))
    parse = parse_address
    make: Any = tuple.__new__
    row_class = UserRow
    nothing: frozenset[str] = frozenset()
    has_fields = bool(texts or typed)

    def read(line: int, cells: list[str]) -> UserRow | Problem:  # noqa: PLR0912 - see above
        joined = "".join(cells)
        if (
            len(cells) != width
            or "'" in joined
            or not (joined.isascii() or joined.isprintable())
            or (clear is not None and clear in joined.casefold() and any(map(clears, cells)))
        ):
            return read_carefully(line, cells)
        row = (*cells, "")
        if several:
            row = (*cells, *[next((cells[i] for i in some if cells[i].strip()), "") for some in several], "")
        (
            email,
            name,
            first,
            last,
            account,
            admin,
            date,
            manager,
            manager_id,
            manager_name,
            called,
            team,
            status,
        ) = pick(row)
        try:
            address = parse(email.strip())
        except AddressError:
            return read_carefully(line, cells)
        account_type = accounts[account]
        is_admin = admins[admin]
        left = dates[date]
        manager_email = managers[manager]
        joins = teams[team]
        leaver = statuses[status]
        if (
            account_type is BAD
            or is_admin is BAD
            or left is BAD
            or manager_email is BAD
            or joins is BAD
            or leaver is BAD
        ):
            return read_carefully(line, cells)
        by_id, by_name, name_of_manager = words[manager_id], words[manager_name], words[called]
        if manager_email is not None:
            name_of_manager, by_id, by_name = name_of_manager or by_name, None, None
        elif by_id is not None:
            by_name = None
        custom: dict[str, str | bool] | None = None
        if has_fields:
            custom = {}
            for label, at in texts:
                value = row[at]
                if value and not value.isspace():
                    custom[label] = value
            for label, at, memo in typed:
                found = memo[row[at]]
                if found is not None:
                    if found is BAD:
                        return read_carefully(line, cells)
                    custom[label] = found
        key = None
        if match is not None:
            own = custom.get(match) if custom else None
            if own is None:
                return read_carefully(line, cells)
            key = key_text(str(own))
        found_row: UserRow = make(
            row_class,
            (
                line,
                address.text,
                address.key,
                name.strip() or None,
                first.strip() or None,
                last.strip() or None,
                account_type,
                is_admin,
                left,
                manager_email,
                by_id,
                by_name,
                name_of_manager,
                joins,
                custom,
                nothing,
                (),
                (),
                key,
                leaver,
                None,
            ),
        )
        return found_row

    return read


def _places(header: Header, width: int) -> tuple[dict[Meaning, int], dict[str, int], list[tuple[int, ...]]]:
    """Where each meaning and custom field stands in the extended row; several columns of one get a place behind."""
    several: list[tuple[int, ...]] = []

    def place(columns: tuple[Column, ...]) -> int:
        if len(columns) == 1:
            return columns[0].index
        several.append(tuple(c.index for c in columns))
        return width + len(several) - 1

    places = {meaning: place(columns) for meaning in _PICKED if (columns := header.of(meaning))}
    fields = {field: place(columns) for field, columns in header.of_fields().items()}
    return places, fields, several


def _fields(
    careful: CarefulReader, places: Mapping[str, int]
) -> tuple[list[tuple[str, int]], list[tuple[str, int, Memo]]]:
    """The custom fields that are text, and the others with what reads them."""
    texts = [(f, at) for f, at in places.items() if careful.types[f] is FieldType.TEXT]
    typed = [
        (f, at, Memo(read=partial(careful.field, f)))
        for f, at in places.items()
        if careful.types[f] is not FieldType.TEXT
    ]
    return texts, typed
