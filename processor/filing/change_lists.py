"""Sorts an import's changes into the lists that a report shows, each with its first 1,000 (rule R1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from processor.imports import Change

SHOWN = 1_000


class ChangeList(StrEnum):
    """The lists of a report, in the order in which it shows them."""

    PLANNED_DEACTIVATIONS = "planned_deactivations"
    USERS_CREATED = "users_created"
    USER_VALUES = "user_values"
    MEMBERSHIPS = "memberships"
    TEAMS_CREATED = "teams_created"
    TEAM_VALUES = "team_values"


TITLES = {
    ChangeList.PLANNED_DEACTIVATIONS: "Planned deactivations",
    ChangeList.USERS_CREATED: "New users",
    ChangeList.USER_VALUES: "Changed users",
    ChangeList.MEMBERSHIPS: "Memberships",
    ChangeList.TEAMS_CREATED: "New teams",
    ChangeList.TEAM_VALUES: "Changed teams",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One person or team with what changed there, in the order of the import."""

    key: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ShownList:
    """The first of one list, and how many it has in all."""

    name: ChangeList
    entries: tuple[Entry, ...]
    total: int

    @property
    def title(self) -> str:
        """What stands above it."""
        return TITLES[self.name]

    @property
    def more(self) -> int:
        """How many changes are not shown."""
        return self.total - sum(len(entry.changes) for entry in self.entries)


def list_of(change: Change) -> ChangeList:
    """Say in which list a change stands."""
    if change.kind == "team":
        return ChangeList.TEAMS_CREATED if change.field == "created" else ChangeList.TEAM_VALUES
    match change.field:
        case "created":
            return ChangeList.USERS_CREATED
        case "teams":
            return ChangeList.MEMBERSHIPS
        case "deactivates_at" if change.new is not None:
            return ChangeList.PLANNED_DEACTIVATIONS
        case _:
            return ChangeList.USER_VALUES


def shown_lists(changes: Iterable[Change], totals: Mapping[ChangeList, int]) -> list[ShownList]:
    """Rule R1: the lists that are not empty, each cut to 1,000; `totals` where there are more than `changes` has."""
    found: dict[ChangeList, list[Change]] = {name: [] for name in ChangeList}
    counted = dict.fromkeys(ChangeList, 0)
    for change in changes:
        name = list_of(change)
        counted[name] += 1
        if len(found[name]) < SHOWN:
            found[name].append(change)
    shown = (
        ShownList(name, _entries(found[name]), max(counted[name], totals.get(name, 0))) for name in ChangeList
    )
    return [each for each in shown if each.total]


def _entries(changes: list[Change]) -> tuple[Entry, ...]:
    return tuple(Entry(key, tuple(group)) for key, group in groupby(changes, key=lambda change: change.key))
