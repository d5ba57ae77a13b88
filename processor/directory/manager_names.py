"""How rows name managers (rules P6, H6): by address, employee id or full name; each distinct one is kept once."""

from dataclasses import dataclass
from enum import Enum

from processor.directory.directory_store import DirectoryReader
from processor.directory.held_values import HeldValues
from processor.directory.people import Person
from processor.reading.header import Header
from processor.reading.labels import Meaning, label_key
from processor.reading.names import name_key
from processor.reading.user_rows import UserRow
from processor.reading.values import key_text

EMPLOYEE_ID = "Employee ID"


class By(Enum):
    """What a manager is named by; the value is the meaning of its column."""

    ADDRESS = Meaning.MANAGER_EMAIL
    EMPLOYEE_ID = Meaning.MANAGER_EMPLOYEE_ID
    NAME = Meaning.MANAGER_NAME


@dataclass(slots=True)
class Named:
    """One manager as rows name him: the key, the first spelling, and what he is called if he must be made."""

    by: By
    key: str
    text: str
    called: str | None = None


def manager_of(row: UserRow) -> Named | None:
    """Rule H6: whom a row names; an address goes before an id, an id before a name."""
    if row.manager_email is not None:
        return Named(By.ADDRESS, row.manager_email.key, row.manager_email.text, row.manager_called)
    if row.manager_employee_id is not None:
        return Named(By.EMPLOYEE_ID, key_text(row.manager_employee_id), row.manager_employee_id)
    if row.manager_name is not None:
        return Named(By.NAME, name_key(row.manager_name), row.manager_name)
    return None


class HeldInFile:
    """Employee ids or names that the rows of a file give, for look-ups among them and everybody else (H6)."""

    def __init__(self) -> None:
        self._given = HeldValues()
        self._people: list[int] = []
        self.gained: list[str] = []  # values that their holder had not before
        self.lost_by: set[int] = set()  # people who had another value before

    def add(self, person: int, *, before: str | None, after: str) -> None:
        """Take what one row gives its person."""
        self._given.add([person], [after])
        self._people.append(person)
        if before != after:
            self.gained.append(after)
            if before is not None:
                self.lost_by.add(person)

    def among(self, stored: HeldValues) -> HeldValues:
        """Return everybody's values after the file."""
        return stored.without(self._people).joined(self._given)


class Namesakes:
    """Who can be meant by employee id or name; costs nothing where the header has no such column."""

    def __init__(self, *, directory: DirectoryReader, header: Header, fields: list[str]) -> None:
        self._directory = directory
        wanted = label_key(EMPLOYEE_ID)
        labels = [*header.of_fields(), *fields]
        self._field = next((label for label in labels if label_key(label) == wanted), EMPLOYEE_ID)
        self._ids = HeldInFile() if header.of(Meaning.MANAGER_EMPLOYEE_ID) else None
        self._names = HeldInFile() if header.of(Meaning.MANAGER_NAME) else None

    def add(self, row: UserRow, *, after: Person, known: Person | None, before_id: str | None) -> None:
        """Take one row's own id and name."""
        if self._ids is not None and row.custom and (own := row.custom.get(self._field)) is not None:
            self._ids.add(after.id, before=before_id and key_text(before_id), after=key_text(str(own)))
        if self._names is not None:
            self._names.add(after.id, before=known and name_key(known.name), after=name_key(after.name))

    def add_made(self, people: list[Person]) -> None:
        """Take the managers whom this file makes on the way."""
        if self._names is not None:
            for person in people:
                self._names.add(person.id, before=None, after=name_key(person.name))

    @property
    def field(self) -> str | None:
        """The custom field of employee ids, where the file names managers by them."""
        return self._field if self._ids is not None else None

    async def find(self, by: By, keys: list[str]) -> list[int]:
        """Return who is meant by each id or name: an id, NOBODY or SEVERAL."""
        return (await self._everybody(by)).only_holders(keys)

    async def _everybody(self, by: By) -> HeldValues:
        held, stored = (
            (self._ids, await self._directory.values_of(self._field, key_text))
            if by is By.EMPLOYEE_ID
            else (self._names, await self._directory.names(name_key))
        )
        return stored if held is None else held.among(stored)

    async def moved(self) -> bool:
        """Rule H6: whether known lines may mean others now: a value has several holders, or a manager lost his."""
        for by, held in ((By.EMPLOYEE_ID, self._ids), (By.NAME, self._names)):
            if held is None or not (held.gained or held.lost_by):
                continue
            if -1 in await self.find(by, held.gained) or await self._directory.count_managed(held.lost_by):
                return True
        return False
