"""What is noted about a users file as a whole: unknown words of a status, ids that a spreadsheet changed."""

import json
from collections.abc import Iterable, Sequence

from processor.directory.manager_names import EMPLOYEE_ID
from processor.directory.odd_ids import OddIds, lost_zeros
from processor.directory.people import Person
from processor.findings import Note
from processor.lines import Lines
from processor.reading.catalogue import problem
from processor.reading.header import Header
from processor.reading.labels import Meaning, label_key
from processor.reading.status_words import UnknownWords, rows_in_words
from processor.reading.user_rows import UserRow
from processor.reading.values import is_shortened


class Remarks:
    """Collects while rows are planned; costs next to nothing where the header has no such columns."""

    def __init__(self, *, header: Header, match_field: str | None) -> None:
        fields = header.of_fields()
        wanted = {label_key(EMPLOYEE_ID), *([label_key(match_field)] if match_field else [])}
        self._ids = [
            (field, columns[0].label) for field, columns in fields.items() if label_key(field) in wanted
        ]
        self._match_field = match_field
        self._match_label = fields[match_field][0].label if match_field else None
        self._manager_label = _label(header, Meaning.MANAGER_EMPLOYEE_ID)
        self._status_label = _label(header, Meaning.STATUS)
        self._width = len(header.labels)
        self._surplus = Lines()  # rows with more cells than the header
        self._has_fitting = False
        self._words = UnknownWords()
        self._odd = OddIds()

    @property
    def id_fields(self) -> set[str]:
        """The custom fields of this file whose values are looked at one by one."""
        return {field for field, _ in self._ids}

    def take_plain(self) -> None:
        """Look at rows whose cells are all plain."""
        self._has_fitting = True

    def take(self, row: UserRow, before: Person | None, after: Person) -> bool:
        """Look at a row that counts; True where it gives reason for a note, so that it is read again next time."""
        found = False
        if (
            row.unknown_status is not None
            and after.deactivation_date is None
            and after.deactivated_at is None
        ):
            self._words.add(row.unknown_status, row.line)
            found = True
        for field, label in self._ids:
            given = row.custom.get(field) if row.custom else None
            if type(given) is not str:
                continue
            if is_shortened(given):
                self._odd.add("id-shortened", label, row.line)
                found = True
            elif before is not None and before.custom != after.custom:
                self._look_for_zeros(json.loads(before.custom).get(field), given, label, row.line)
        if row.manager_employee_id is not None and is_shortened(row.manager_employee_id):
            self._odd.add("id-shortened", self._manager_label, row.line)
            found = True
        return found

    def take_width(self, line: int, cells: int) -> bool:
        """Rule F3: look at how many cells a row has that counts; True as in `take`: known lines have no surplus."""
        if cells > self._width:
            self._surplus.add(line)
            return True
        self._has_fitting = True
        return False

    def take_refused(self, line: int, given: str | None, known: Person | None) -> None:
        """Rule P1: look at a row whose address belongs to a user with another key."""
        if known is not None and self._match_field is not None:
            stored = json.loads(known.custom).get(self._match_field)
            self._look_for_zeros(stored, given, self._match_label, line)

    def take_manager_without_zeros(self, line: int) -> None:
        """Rule H6: a manager's id fits nobody, and with zeros in front it does."""
        self._odd.add("id-without-zeros", self._manager_label, line)

    def notes(self, *, passed: int) -> list[Note]:
        """Return all notes, one for each kind, column and word; `passed`: known lines that were not looked at."""
        found = [*self._words.notes(self._status_label or ""), *self._odd.notes()]
        if self._surplus and (
            self._has_fitting or passed
        ):  # where each row ends with a delimiter nothing is odd
            found.append(problem("surplus-cells", rows=rows_in_words(self._surplus)))
        return found

    def _look_for_zeros(self, known: object, given: object, label: str | None, line: int) -> None:
        if lost_zeros(known, given):
            self._odd.add("id-without-zeros", label, line)


def note_of_users_named_only(
    made: int, lines: Iterable[int], *, column: str | None, role: str
) -> Sequence[Note]:
    """Rules P6, T2: a note of the users who are made because rows name them; none where nobody is."""
    if not made:
        return ()
    users = f"{made:,} user{'' if made == 1 else 's'}"
    return (
        problem("users-named-only", column=column, users=users, role=role, lines=Lines(lines).in_words()),
    )


def _label(header: Header, meaning: Meaning) -> str | None:
    columns = header.of(meaning)
    return columns[0].label if columns else None
