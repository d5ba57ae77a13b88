"""Rows of a users file, cell by cell: every habit of real files, every problem (rules P1 to P11, E2, H5, H6)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from core.addresses import AddressError, EmailAddress, parse_address
from core.organization_settings import OrganizationSettings
from processor.findings import Problem
from processor.reading.address_faults import why_no_address
from processor.reading.catalogue import problem
from processor.reading.dates import date_reader
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Column, Header
from processor.reading.keys import Keys
from processor.reading.labels import Meaning, label_key
from processor.reading.memo import BAD
from processor.reading.presets import Preset
from processor.reading.status_words import STAYING
from processor.reading.values import (
    ACCOUNT_TYPES,
    BOOLEANS,
    YES_NO,
    clean,
    is_blank,
    key_text,
    other_separator,
    split_teams,
)


class UserRow(NamedTuple):
    """One row that is not refused; None means that the row says nothing about it (P3).

    A manager is named in one way only: by address, else by employee id, else by full name (H6).
    """

    line: int
    email: str
    email_key: str
    name: str | None
    first_name: str | None
    last_name: str | None
    account_type: str | None
    is_org_admin: bool | None
    deactivation_date: str | None  # ISO
    manager_email: EmailAddress | None
    manager_employee_id: str | None
    manager_name: str | None  # looked up (H6)
    manager_called: str | None  # the name of a manager whom the row creates (P6)
    teams: tuple[str, ...] | None
    custom: dict[str, str | bool] | None  # by the field's label; dates as ISO text
    cleared: frozenset[str]  # JSON names of what the clear word empties: name, manager, teams, custom.<label>
    findings: tuple[Problem, ...]  # problems of cells
    notes: tuple[Problem, ...]
    key: str | None  # of the setting `match_by`
    leaver: bool  # the status column has a leaver's word (H5)
    unknown_status: str | None = None  # a word of the status column that says nothing, where no date does


# Where a map names a status column and no words, and no preset knows better.
LEAVER_WORDS = ("terminated", "deceased")


class CarefulReader:
    """Reads any row of a users file; for one header, one organization, one file."""

    def __init__(
        self,
        *,
        header: Header,
        decisions: Decisions,
        settings: OrganizationSettings,
        known_fields: Mapping[str, KnownField],
        preset: Preset | None = None,
    ) -> None:
        self._labels = header.labels
        self.keys = Keys(header=header, settings=settings)
        self._columns = {meaning: header.of(meaning) for meaning in Meaning}
        self.fields = header.of_fields()
        known = {label: field.type for label, field in known_fields.items()}
        self.types = {f: decisions.types.get(f, known.get(f, FieldType.TEXT)) for f in self.fields}
        self.match_field = self.keys.match_field
        strict = decisions.strict_dates
        self._date = date_reader(order=decisions.deactivation_order, strict=strict)
        self._field_dates = {
            f: date_reader(order=decisions.orders[f], strict=strict)
            for f, kind in self.types.items()
            if kind is FieldType.DATE
        }
        self._no_manager = {key_text(word) for word in (preset.no_manager_words if preset else ())}
        self._leaver_words = {
            label_key(word)
            for column in self._columns[Meaning.STATUS]
            for word in column.words or (preset.leaver_words if preset else LEAVER_WORDS)
        }
        # Where the map names the words, the others are known to say nothing.
        self._names_words = any(column.words for column in self._columns[Meaning.STATUS])

    # What a cell's text means: None for nothing, BAD for what cannot be taken.

    def account_type(self, text: str) -> Any:
        """Rule H1: `Regular` or `Observer`, case ignored."""
        word = clean(text)
        return ACCOUNT_TYPES.get(word.casefold(), BAD) if word else None

    def is_org_admin(self, text: str) -> Any:
        """Rule P7: `Yes` or `No`, case ignored."""
        word = clean(text)
        return YES_NO.get(word.casefold(), BAD) if word else None

    def deactivation_date(self, text: str) -> Any:
        """Rules P8, P9: the date as ISO text."""
        return _date_or_bad(self._date, clean(text))

    def manager_email(self, text: str) -> Any:
        """Rule P6: the manager's address; a word that says `no manager` counts as blank (H5)."""
        word = self.manager_word(text)
        if word is None:
            return None
        try:
            return parse_address(word)
        except AddressError:
            return BAD

    def manager_word(self, text: str) -> str | None:
        """Rule H6: a manager's id or name."""
        word = clean(text)
        return word if word and word.casefold() not in self._no_manager else None

    def teams(self, text: str) -> Any:
        """Rule P5: the names of teams; a list of empty parts says nothing."""
        names = split_teams(text)
        return BAD if names is None else names or None

    def leaver(self, text: str) -> bool:
        """Rule H5: whether the status means a leaver."""
        return label_key(text) in self._leaver_words

    def unknown_status(self, text: str) -> str | None:
        """Rule H5: the status where it is a word that nobody said anything about."""
        key = label_key(text)
        if not clean(text) or self._names_words or key in self._leaver_words or key in STAYING:
            return None
        return clean(text)

    def field(self, label: str, text: str) -> Any:
        """Rules C1, C2: the value of a custom field; custom text keeps its outer white space."""
        if is_blank(text):
            return None
        match self.types[label]:
            case FieldType.DATE:
                return _date_or_bad(self._field_dates[label], clean(text))
            case FieldType.BOOLEAN:
                return BOOLEANS.get(clean(text).casefold(), BAD)
            case _:
                return text

    # Rows

    def read(self, line: int, cells: Sequence[str]) -> UserRow | Problem:
        """Read a row, whatever stands in it."""
        if refused := self.keys.refusal(line, cells):
            return refused
        address = parse_address(clean(self.keys.first(self.keys.addresses, cells)[0]))
        cleared: set[str] = set()
        findings: list[Problem] = []

        def take(meaning: Meaning, read: Callable[[str], Any], code: str = "", clears: str = "") -> Any:
            if not self._columns[meaning]:
                return None
            text, column = self.keys.first(self._columns[meaning], cells)
            if clears and self.keys.clears(text):
                cleared.add(clears)
                return None
            value = read(text)
            if value is not BAD:
                return value
            doubtful = code == "date-invalid" and self._date(clean(text)) == ""
            code = "date-doubtful" if doubtful else code
            findings.append(problem(code, line=line, column=column.label, why=why_no_address(clean(text))))
            return None

        custom = self._custom(line, cells, cleared, findings)
        if self.match_field is not None and self.match_field not in (custom or ()):
            return problem("key-missing", line=line, column=self.fields[self.match_field][0].label)
        row = UserRow(
            line=line,
            email=address.text,
            email_key=address.key,
            name=take(Meaning.USER_NAME, _text, clears="name"),
            first_name=take(Meaning.FIRST_NAME, _text, clears="first_name"),
            last_name=take(Meaning.LAST_NAME, _text, clears="last_name"),
            account_type=take(Meaning.ACCOUNT_TYPE, self.account_type, "account-type-invalid"),
            is_org_admin=take(Meaning.IS_ORG_ADMIN, self.is_org_admin, "admin-invalid"),
            deactivation_date=take(
                Meaning.DEACTIVATION_DATE, self.deactivation_date, "date-invalid", "deactivation_date"
            ),
            manager_email=take(Meaning.MANAGER_EMAIL, self.manager_email, "manager-invalid", "manager"),
            manager_employee_id=take(Meaning.MANAGER_EMPLOYEE_ID, self.manager_word, clears="manager"),
            manager_name=take(Meaning.MANAGER_NAME, self.manager_word, clears="manager"),
            manager_called=take(Meaning.MANAGER, self.manager_word, clears="called"),
            teams=take(Meaning.TEAMS, self.teams, "teams-quote-open", "teams"),
            custom=custom,
            cleared=frozenset(),
            findings=(),
            notes=(),
            key=None,
            leaver=bool(take(Meaning.STATUS, self.leaver)),
        )
        if row.deactivation_date is None and not row.leaver:
            row = row._replace(unknown_status=take(Meaning.STATUS, self.unknown_status))
        if row.manager_email is not None:
            called = row.manager_called or row.manager_name
            row = row._replace(manager_called=called, manager_employee_id=None, manager_name=None)
        elif row.manager_employee_id is not None:
            row = row._replace(manager_name=None)
        return row._replace(
            cleared=frozenset(cleared - {"called"}),
            findings=tuple(sorted(findings, key=lambda f: self._labels.index(f.column or ""))),
            notes=self._notes(line, cells),
            key=self._key_of(custom),
        )

    def _notes(self, line: int, cells: Sequence[str]) -> tuple[Problem, ...]:
        """Rule P5: a list of teams that seems to be separated by something else than commas."""
        if not self._columns[Meaning.TEAMS]:
            return ()
        text, column = self.keys.first(self._columns[Meaning.TEAMS], cells)
        separator = None if self.keys.clears(text) else other_separator(text)
        if separator is None:
            return ()
        return (problem("teams-other-separator", line=line, column=column.label, separator=f"`{separator}`"),)

    def _custom(
        self, line: int, cells: Sequence[str], cleared: set[str], findings: list[Problem]
    ) -> dict[str, str | bool] | None:
        if not self.fields:
            return None
        custom: dict[str, str | bool] = {}
        for field, columns in self.fields.items():
            text, column = self.keys.first(columns, cells)
            if self.keys.clears(text):
                cleared.add(f"custom.{field}")
                continue
            value = self.field(field, text)
            if value is BAD:
                findings.append(self._misfit(field, text, line=line, column=column))
            elif value is not None:
                custom[field] = value
        return custom

    def _misfit(self, field: str, text: str, *, line: int, column: Column) -> Problem:
        """Rules P9, C2: a doubtful date, or a value that does not fit the field's type."""
        kind = self.types[field]
        if kind is FieldType.DATE and self._field_dates[field](clean(text)) == "":
            return problem("date-doubtful", line=line, column=column.label)
        return problem("value-misfit", line=line, column=column.label, type=kind.described)

    def _key_of(self, custom: Mapping[str, str | bool] | None) -> str | None:
        if self.match_field is None or custom is None:
            return None
        return key_text(str(custom[self.match_field]))


def _date_or_bad(read: Callable[[str], str | None], text: str) -> Any:
    return (read(text) or BAD) if text else None


def _text(text: str) -> str | None:
    return clean(text) or None
