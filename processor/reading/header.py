"""The header: what each column of a file means to an organization (rules H1-H6, F2)."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from processor.findings import Problem
from processor.imports import Kind
from processor.reading.catalogue import problem
from processor.reading.labels import (
    LISTED_LABELS,
    TEAM_LABELS,
    USER_LABELS,
    Meaning,
    clean_label,
    hint_how_to_map,
    label_key,
    looks_like_data,
    nearest_label,
)
from processor.reading.maps import HeaderMap, Target
from processor.reading.values import clean, is_blank

COLUMN_LIMIT = 500  # F2
LABEL_LIMIT = 200  # characters: a label stands in each problem of its column
ONLY_ONE_KEY = (Meaning.USER_EMAIL, Meaning.TEAM_NAME)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place, its label as the file writes it, and what it means; `field`: the custom field's label."""

    index: int
    label: str
    meaning: Meaning
    field: str | None = None
    words: tuple[str, ...] = ()  # of a leaver, where the map names them


@dataclass(frozen=True, slots=True)
class Header:
    """What a file is and what its columns mean; several columns of one meaning stand in the order of preference."""

    kind: Kind
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: tuple[Problem, ...] = ()
    delimiter: str = ","

    def of(self, meaning: Meaning) -> tuple[Column, ...]:
        """Return the columns of a meaning; in a row the first that is not blank counts (H5)."""
        return tuple(c for c in self.columns if c.meaning is meaning)

    def of_fields(self) -> dict[str, tuple[Column, ...]]:
        """Return the columns of each custom field, by the field's label."""
        found: dict[str, list[Column]] = {}
        for column in self.of(Meaning.CUSTOM):
            found.setdefault(column.field or column.label, []).append(column)
        return {field: tuple(columns) for field, columns in found.items()}


def understand_header(
    labels: Sequence[str],
    *,
    header_map: Mapping[str, str],
    field_labels: Collection[str],
    match_by: str | None = None,
    hint: Callable[[list[str]], str] = hint_how_to_map,
) -> Header | tuple[Problem, ...]:
    """Rules H1-H6: say what the file is and what each column means, or why it is refused.

    `header_map` is the effective map (`maps.effective_map`), `field_labels` the custom fields known so far,
    `match_by` the label of the chosen key (P1), `hint` what to do about labels among which is no key (H3).
    """
    names = [clean(label) for label in labels]
    their_map = HeaderMap(entries=header_map)
    if refusal := _unusable(names, their_map):
        return (refusal,)
    kind = _kind(names, their_map, hint)
    if isinstance(kind, Problem):
        return (kind,)
    if kind is Kind.USERS:
        columns, notes = _user_columns(names, their_map, field_labels)
    else:
        columns, notes = _team_columns(names, their_map)
    columns.sort(key=lambda column: their_map.place(column.label, column.index))
    if refusal := _without_order(columns, their_map):
        return (refusal,)
    header = Header(kind, tuple(names), tuple(columns), tuple(notes))
    if kind is Kind.USERS and match_by and not _has_key(header, match_by):
        return (problem("match-column-missing", label=match_by),)
    return header


def value_under_empty_label(header: Header, cells: Sequence[str]) -> Problem | None:
    """Rule F2: the refusal of the file where a column without a label has a value in this row."""
    for index, label in enumerate(header.labels):
        if not label and index < len(cells) and not is_blank(cells[index]):
            return problem("label-empty", number=index + 1)
    return None


def is_extra_header_row(header: Header, cells: Sequence[str]) -> bool:
    """Rule H5: whether a row right below the header is a second line of labels: no key column holds an address."""
    keys = header.of(Meaning.USER_EMAIL)
    return bool(keys) and not any(c.index < len(cells) and "@" in cells[c.index] for c in keys)


def _has_key(header: Header, match_by: str) -> bool:
    """Rule P1: whether the chosen key stands in the file."""
    keys = {label_key(field) for field in header.of_fields()} | {label_key(Meaning.USER_EMAIL.value)}
    return label_key(match_by) in keys


def _unusable(names: list[str], their_map: HeaderMap) -> Problem | None:
    if len(names) > COLUMN_LIMIT:
        return problem("too-many-columns", limit=COLUMN_LIMIT)
    for number, name in enumerate(names, start=1):
        if len(name) > LABEL_LIMIT:
            return problem("label-too-long", number=number, limit=LABEL_LIMIT)
    for number, name in enumerate(names, start=1):
        if looks_like_data(name) and their_map.exact(name) is None:
            return problem("no-header", where=f"column {number}")
    seen: dict[str, int] = {}
    exact = {Meaning.USER_NAME.value} if _names_stand_in(names, their_map) else set()
    for number, name in enumerate(names, start=1):
        if not name:
            continue
        label = clean_label(name)
        # `User Name` and `USERNAME`, which is a login, are no two labels equal by H4 then: exports have both.
        first = seen.setdefault(label if label in exact else label_key(label), number)
        if first != number:
            return problem("label-twice", column=name, first=first, second=number)
    return None


def _kind(names: list[str], their_map: HeaderMap, hint: Callable[[list[str]], str]) -> Kind | Problem:
    """Rule H3: tell users from teams by the key label."""
    found = {_key_meaning(name, their_map) for name in names}
    users, teams = (key in found for key in ONLY_ONE_KEY)
    if users and teams:
        return problem("both-keys")
    if users or teams:
        return Kind.USERS if users else Kind.TEAMS
    listed = [name for name in names if name]
    more = len(listed) - LISTED_LABELS
    return problem(
        "no-key",
        labels=", ".join(f"`{name}`" for name in listed[:LISTED_LABELS])
        + (f" and {more} more" if more > 0 else ""),
        hint=hint(listed),
    )


def _key_meaning(name: str, their_map: HeaderMap) -> Meaning | None:
    if target := their_map.find(name):
        return target.meaning
    key = label_key(clean_label(name))
    return next((m for m in ONLY_ONE_KEY if label_key(m.value) == key), None)


def _user_columns(
    names: list[str], their_map: HeaderMap, field_labels: Collection[str]
) -> tuple[list[Column], list[Problem]]:
    columns: list[Column] = []
    notes: list[Problem] = []
    fields = {label_key(label): label for label in field_labels}
    loose = {label_key(label): label for label in USER_LABELS}
    if _names_stand_in(names, their_map):
        del loose[label_key(Meaning.USER_NAME.value)]  # H4
    for index, name in enumerate(names):
        label = clean_label(name)
        if not label:
            columns.append(Column(index, name, Meaning.IGNORE))
        elif target := their_map.find(name):
            columns.append(_mapped(index, name, target, fields))
            notes += _note_of_match(name, target.label, exact=target.label == name)
        elif label in USER_LABELS:
            columns.append(Column(index, name, USER_LABELS[label]))
        elif label in field_labels:
            columns.append(Column(index, name, Meaning.CUSTOM, label))
        elif standard := loose.get(label_key(label)):
            columns.append(Column(index, name, USER_LABELS[standard]))
            notes += _note_of_match(name, standard)
        elif field := fields.get(label_key(label)):
            columns.append(Column(index, name, Meaning.CUSTOM, field))
            notes += _note_of_match(name, field)
        else:
            columns.append(Column(index, name, Meaning.CUSTOM, fields.setdefault(label_key(label), label)))
    return columns, [
        *notes,
        *_note_of_lone_manager(columns),
        *_notes_of_unmapped(columns),
        *_note_without_names(columns),
    ]


def _mapped(index: int, name: str, target: Target, fields: dict[str, str]) -> Column:
    """Return the column that the map describes; in a users file the labels of teams are custom fields like any.

    `fields` takes in what is new, so that no second spelling of it makes a second field.
    """
    meaning, field = target.meaning, target.field
    if meaning in TEAM_LABELS.values():
        meaning, field = Meaning.CUSTOM, meaning.value
    if field:
        field = fields.setdefault(label_key(field), field)
    return Column(index, name, meaning, field, target.words)


def _team_columns(names: list[str], their_map: HeaderMap) -> tuple[list[Column], list[Problem]]:
    columns: list[Column] = []
    notes: list[Problem] = []
    loose = {label_key(label): label for label in TEAM_LABELS}
    for index, name in enumerate(names):
        label = clean_label(name)
        target = their_map.find(name)
        standard = loose.get(label_key(label)) if label and not target else None
        meaning = target.meaning if target else TEAM_LABELS.get(standard or "")
        if meaning not in TEAM_LABELS.values():
            if label and meaning is not Meaning.IGNORE:
                notes.append(problem("label-ignored", column=name))
            meaning = Meaning.IGNORE
        elif standard and standard != label:
            notes += _note_of_match(name, standard)
        columns.append(Column(index, name, meaning or Meaning.IGNORE))
    return columns, notes


def _names_stand_in(names: Iterable[str], their_map: HeaderMap) -> bool:
    parts = {label_key(m.value) for m in (Meaning.FIRST_NAME, Meaning.LAST_NAME)}
    for name in names:
        target = their_map.find(name)
        if target and target.meaning in (Meaning.FIRST_NAME, Meaning.LAST_NAME):
            return True
        if not target and label_key(clean_label(name)) in parts:
            return True
    return False


def _note_of_match(name: str, standard: str, *, exact: bool = False) -> list[Problem]:
    return [] if exact else [problem("label-matched", column=name, standard=standard)]


def _note_of_lone_manager(columns: list[Column]) -> list[Problem]:
    """Rule H6: a plain `Manager` column does nothing without `Manager Email`."""
    if any(c.meaning is Meaning.MANAGER_EMAIL for c in columns):
        return []
    return [problem("manager-only-name", column=c.label) for c in columns if c.meaning is Meaning.MANAGER]


def _note_without_names(columns: list[Column]) -> list[Problem]:
    """Rule P4: a file that seems to hold names, and no column is understood as one."""
    names = (Meaning.USER_NAME, Meaning.FIRST_NAME, Meaning.LAST_NAME)
    if any(column.meaning in names for column in columns):
        return []
    alike = [
        column.label
        for column in columns[:LISTED_LABELS]
        if column.meaning is Meaning.CUSTOM and nearest_label(clean_label(column.label)) in names
    ]
    return [problem("names-not-understood", column=alike[0])] if alike else []


def _notes_of_unmapped(columns: list[Column]) -> list[Problem]:
    """Rules H5, H6: labels that mean something on the right side of a header map only."""
    keys = {label_key(m.value): m.value for m in (Meaning.STATUS, Meaning.MANAGER_NAME)}
    return [
        problem("label-needs-map", column=c.label, standard=standard)
        for c in columns
        if c.meaning is Meaning.CUSTOM and (standard := keys.get(label_key(clean_label(c.label))))
    ]


def _without_order(columns: list[Column], their_map: HeaderMap) -> Problem | None:
    """Rules F2, H5: two columns of one meaning are fine only where the map names both, for it has an order."""
    seen: dict[tuple[Meaning, str | None], Column] = {}
    for column in columns:
        if column.meaning is Meaning.IGNORE:
            continue
        first = seen.setdefault((column.meaning, column.field), column)
        if first is column or (their_map.find(first.label) and their_map.find(column.label)):
            continue
        low, high = sorted((first.index, column.index))
        return problem(
            "label-unordered",
            column=column.label,
            first=low + 1,
            second=high + 1,
            meaning=column.field or column.meaning.value,
        )
    return None
