"""An undo as values (rule G3): what an import did, what is stored now, what goes back, what is left and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from processor.directory.people import Person
from processor.reading.dates import read_date
from processor.reading.field_types import FieldType
from processor.reading.values import BOOLEANS, key_text

WHY = {  # why something was left; stable, kept in the database
    "changed-later": "something changed it since",
    "plan-carried-out": "the plan came due and was carried out: `rosterdrop users reactivate` brings the user back",
    "plan-cancelled": "the plan was cancelled since",
    "last-admin": "this is the last active administrator",
    "address-taken": "another user has the address now",
    "user-unknown": "the user named before is not known any more",
    "team-unknown": "the team named before is not known any more",
    "circle": "who reports to whom would go round in a circle",
    "field-gone": "there is no field of that name any more",
    "value-misfit": "the value from before does not fit the type that the field has now",
    "erased": "the person was erased since",
}

DATES = ("deactivation_date", "deactivates_at")
Place = tuple[str, int, str]  # kind, target, field; of one membership `teams:<name key>`


class Done(NamedTuple):
    """One change of the import, as it was kept."""

    place: int
    kind: str
    target: int
    key: str
    field: str
    old: Any
    new: Any

    @property
    def where(self) -> Place:
        """What it changed."""
        if self.kind == "user" and self.field == "teams":
            name = self.new if self.new is not None else self.old
            return self.kind, self.target, f"teams:{key_text(str(name))}"
        return self.kind, self.target, self.field


class Back(NamedTuple):
    """One change that the undo makes."""

    kind: str
    target: int
    key: str
    field: str
    old: Any
    new: Any


class Left(NamedTuple):
    """One change of the import that stays, and why (`WHY`)."""

    done: Done
    code: str


class TeamNow(NamedTuple):
    """A team as stored."""

    id: int
    name: str
    owner_id: int | None
    parent_id: int | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryNow:
    """What is stored now of all that the import changed."""

    people: Mapping[int, Person]
    memberships: Mapping[int, set[int]]
    teams: Mapping[int, TeamNow]
    team_ids: Mapping[str, int]  # by name key
    ids: Mapping[str, int]  # users by address key, all that the import's values name
    emails: Mapping[int, str]
    types: Mapping[str, FieldType]  # of custom fields
    admins: frozenset[int]  # active ones, of the whole organization
    managers: Mapping[int, int]  # of all above those concerned; 0 for none
    parents: Mapping[int, int]  # of all teams
    later: frozenset[Place]  # what later imports changed


@dataclass(slots=True)
class UndoPlan:
    """All that an undo changes and leaves."""

    people: dict[int, Person] = field(default_factory=dict)
    teams: dict[int, TeamNow] = field(default_factory=dict)
    joined: list[tuple[int, int]] = field(default_factory=list)
    ended: list[tuple[int, int]] = field(default_factory=list)
    changes: list[Back] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """What is told of it."""
        plans = sum(back.field == "deactivates_at" and back.new is None for back in self.changes)
        deactivated = sum(back.field == "deactivated_at" for back in self.changes)
        memberships = sum(back.field == "teams" for back in self.changes)
        others = sum(back.field not in ("teams", *DATES, "deactivated_at") for back in self.changes)
        return {
            "values_restored": others + sum(back.field == "deactivation_date" for back in self.changes),
            "memberships_taken_back": memberships,
            "plans_taken_back": plans,
            "users_deactivated": deactivated,
            "left": len(self.left),
        }


def custom_of(person: Person) -> dict[str, str | bool]:
    """Return a person's custom values."""
    found: dict[str, str | bool] = json.loads(person.custom)
    return found


def custom_text(values: Mapping[str, str | bool]) -> str:
    """Write custom values as they are stored."""
    return json.dumps(values, ensure_ascii=False) if values else "{}"


def shown_value(value: Any) -> Any:
    """Rule C2: a boolean is the same as the word that it is shown as since its field became text."""
    return ("Yes" if value else "No") if isinstance(value, bool) else value


def fitting_value(value: Any, kind: FieldType) -> Any:
    """Rule C2: the value as the field's type of now has it; None where it has no place in it."""
    match kind:
        case FieldType.BOOLEAN:
            return value if isinstance(value, bool) else BOOLEANS.get(str(value).casefold())
        case FieldType.DATE:
            reading = read_date(str(value))
            return reading.dmy if reading is not None and reading.dmy == reading.mdy else None
        case _:
            return value
