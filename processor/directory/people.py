"""What one row does to one person (rules P2 to P4, P8): pure functions on values, no database, no clock."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import repeat
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.addresses import address_key
from core.clock import to_text
from core.organization_settings import OrganizationSettings
from processor.reading.names import compose_name, name_of_address, name_of_row
from processor.reading.plain_columns import PlainPeople
from processor.reading.user_rows import UserRow

write_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder at each call
# HR systems write 9999-12-31 for "never", whose end no clock of UTC reaches west of it; this moment it does.
NEVER = "9999-12-31T00:00:00.000+00:00"
GRACE = timedelta(hours=24)
REGULAR = "Regular"

FieldChange = tuple[str, Any, Any]  # JSON name of the field, old, new


class Person(NamedTuple):
    """A user as stored, in the order of the columns that an import writes."""

    id: int
    email: str
    name: str
    first_name: str
    last_name: str
    account_type: str
    is_org_admin: int
    deactivated_at: str | None
    deactivation_date: str | None
    deactivates_at: str | None
    leaver: int  # the last applied row had a leaver's word (H5)
    custom: str  # JSON object
    manager_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The moment of an import as the organization's calendar has it (P8)."""

    now: datetime
    zone: ZoneInfo
    deactivate_at: time = time(23, 59)

    @property
    def day(self) -> str:
        """The day of the import, `yyyy-mm-dd`."""
        return self.now.astimezone(self.zone).date().isoformat()

    @property
    def eve(self) -> str:
        """The day before, which a leaver's word stands for (H5)."""
        return (self.now.astimezone(self.zone).date() - timedelta(days=1)).isoformat()

    def is_past(self, day: str) -> bool:
        """Whether a date lies before the day of the import."""
        return day < self.day

    def due(self, day: str) -> str:
        """Rule P8: when a known user with this date is deactivated: 24 hours from now, or at the end of that day."""
        if self.is_past(day):
            return to_text(self.now + GRACE)
        moment = datetime.combine(date.fromisoformat(day), self.deactivate_at, tzinfo=self.zone)
        try:
            return to_text(moment)
        except OverflowError:
            return NEVER


def today_of(settings: OrganizationSettings, *, now: datetime) -> Today:
    """Return the moment of an import in an organization's calendar."""
    return Today(
        now=now,
        zone=ZoneInfo(settings.time_zone),
        deactivate_at=time.fromisoformat(settings.deactivate_at),
    )


def new_person(row: UserRow, *, person_id: int, today: Today) -> Person:
    """Rules P2, P8: the user that a row of an unknown address makes."""
    first, last = row.first_name or "", row.last_name or ""
    day = row.deactivation_date or (today.eve if row.leaver else None)
    past = day is not None and today.is_past(day)
    return Person(
        person_id,
        row.email,
        name_of_row(name=row.name, first_name=first, last_name=last) or name_of_address(row.email),
        first,
        last,
        row.account_type or REGULAR,
        1 if row.is_org_admin else 0,
        to_text(today.now) if past else None,
        day,
        None if day is None or past else today.due(day),
        int(row.leaver),
        write_json(row.custom) if row.custom else "{}",
        None,
    )


def new_people(plain: PlainPeople, *, ids: Sequence[int], today: Today) -> Iterator[tuple[Any, ...]]:
    """Rules P2, P8: the same for rows whose cells are plain; each is a `Person` with the key of his address behind."""
    due = {day: None if day is None else today.due(day) for day in set(plain.days)}
    return zip(
        ids,
        plain.emails,
        plain.names,
        plain.first_names,
        plain.last_names,
        [account_type or REGULAR for account_type in plain.account_types],
        [1 if admin else 0 for admin in plain.admins],
        repeat(None),  # deactivated
        plain.days,
        [due[day] for day in plain.days],
        repeat(0),  # a leaver
        plain.customs,
        repeat(None),  # the manager
        plain.keys,
    )


def person_on_the_way(*, person_id: int, email: str, name: str | None) -> Person:
    """Rules P6, T2: a user with defaults, made because somebody named the address."""
    called = name or name_of_address(email)
    return Person(person_id, email, called, "", "", REGULAR, 0, None, None, None, 0, "{}", None)


def updated_person(
    row: UserRow, known: Person, *, today: Today, has_status: bool
) -> tuple[Person, list[FieldChange]]:
    """Rules P1 to P4, P8: the known user after the row, and what differs; blank keeps, the clear word empties.

    Only where another key than the address is chosen can a row change the address.
    The administrator's role and the manager are judged with the whole file (`admins`, `managers`), not here.
    """
    cleared = row.cleared
    first = "" if "first_name" in cleared else row.first_name or known.first_name
    last = "" if "last_name" in cleared else row.last_name or known.last_name
    name = _name(row, known, first, last)
    account_type = row.account_type or known.account_type
    day, due = _deactivation(row, known, today)
    custom = _custom(row, known)
    email = known.email if row.key is None or address_key(known.email) == row.email_key else row.email
    after = Person(
        known.id, email, name, first, last, account_type, known.is_org_admin,
        known.deactivated_at, day, due, int(row.leaver) if has_status else known.leaver, custom, known.manager_id,
    )  # fmt: skip
    if after == known:
        return known, []
    return after, _differences(known, after)


def _name(row: UserRow, known: Person, first: str, last: str) -> str:
    if row.name is not None:
        return row.name
    if "name" in row.cleared:
        return compose_name(first, last) or name_of_address(known.email)
    if row.first_name is None and row.last_name is None:
        return known.name
    return compose_name(first, last) or known.name


def _deactivation(row: UserRow, known: Person, today: Today) -> tuple[str | None, str | None]:
    if "deactivation_date" in row.cleared:
        return None, None
    day = row.deactivation_date or (today.eve if row.leaver and not known.leaver else None)
    if day is None or day == known.deactivation_date:
        return known.deactivation_date, known.deactivates_at
    return day, None if known.deactivated_at is not None else today.due(day)


def _custom(row: UserRow, known: Person) -> str:
    gone = {name.removeprefix("custom.") for name in row.cleared if name.startswith("custom.")}
    if not row.custom and not gone:
        return known.custom
    stored = json.loads(known.custom)
    given = {
        label: value for label, value in (row.custom or {}).items() if not _is_shown_as(stored, label, value)
    }
    after = {label: value for label, value in {**stored, **given}.items() if label not in gone}
    return known.custom if after == stored else write_json(after)


def _is_shown_as(stored: dict[str, str | bool], label: str, value: str | bool) -> bool:
    """Rule C2: whether a text is what a stored boolean is shown as, since its field became text."""
    before = stored.get(label)
    return isinstance(before, bool) and isinstance(value, str) and value == ("Yes" if before else "No")


def _differences(known: Person, after: Person) -> list[FieldChange]:
    found: list[FieldChange] = [
        (field, old, new)
        for field, old, new in zip(known._fields, known, after, strict=True)
        if old != new and field not in ("custom", "leaver")
    ]
    if known.custom != after.custom:
        before, now = json.loads(known.custom), json.loads(after.custom)
        labels = {**before, **now}
        found.extend(
            (f"custom.{label}", before.get(label), now.get(label))
            for label in labels
            if before.get(label) != now.get(label)
        )
    return found
