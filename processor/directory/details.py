"""What an import gives to those whom it makes, field by field (rules H7, H8): the first thousand users and teams.

The history holds a creation as one change; this is for the report of a check, where nobody can look the user up.
"""

import json
from collections.abc import Iterable, Mapping
from itertools import islice

from processor.directory.directory_store import DirectoryReader
from processor.directory.people import REGULAR, Person
from processor.directory.plan import Plan
from processor.directory.spill import Row
from processor.imports import Change

FIRST = 1_000
LONGEST = 200  # characters of a value
_SHOWN = ("name", "first_name", "last_name", "deactivation_date")

Created = dict[tuple[str, str], tuple[Change, ...]]
"""By kind and key of who is made: his values, as changes from nothing."""


async def details_of(plan: Plan, directory: DirectoryReader) -> Created:
    """Return the values of users and teams that a plan makes, but for the usual ones; reads the plan's rows again."""
    people = [Person(*row[:-1]) for row in islice(_rows(plan.new_users.batches()), FIRST)]
    teams = list(islice(_rows(plan.new_teams.batches()), FIRST))
    managers = dict(
        zip((one.id for one in people), plan.managers_of_new.of([one.id for one in people]), strict=True)
    )
    wanted = {one for one in (*managers.values(), *(row[3] for row in teams)) if one}
    emails = await directory.emails(wanted)
    emails.update({row[0]: row[1] for row in _rows(plan.new_users.batches()) if row[0] in wanted})
    names = {team.id: team.name for team in (await directory.teams()).values()}
    names.update({row[0]: row[1] for row in _rows(plan.new_teams.batches())})
    joined: dict[int, list[str]] = {one.id: [] for one in people}
    for person, team in _rows(plan.memberships.batches()):
        if person in joined:
            joined[person].append(names[team])
    found = {
        ("user", one.email): _values_of_user(one, emails.get(managers[one.id] or 0), joined[one.id])
        for one in people
    }
    found.update({("team", row[1]): _values_of_team(row, emails, names) for row in teams})
    return found


def _values_of_user(person: Person, manager: str | None, teams: list[str]) -> tuple[Change, ...]:
    values: list[tuple[str, object]] = [(field, getattr(person, field)) for field in _SHOWN]
    values.append(("account_type", None if person.account_type == REGULAR else person.account_type))
    values.append(("is_org_admin", True if person.is_org_admin else None))
    values.append(("status", "deactivated" if person.deactivated_at else None))
    values.append(("manager_email", manager))
    values += [("teams", team) for team in teams]
    values += [(f"custom.{label}", value) for label, value in json.loads(person.custom).items()]
    return _changes("user", person.email, values)


def _values_of_team(row: Row, emails: Mapping[int, str], names: Mapping[int, str]) -> tuple[Change, ...]:
    _, name, _, owner, parent, kind = row
    values = [("owner_email", emails.get(owner)), ("parent", names.get(parent)), ("type", kind)]
    return _changes("team", name, values)


def _changes(kind: str, key: str, values: Iterable[tuple[str, object]]) -> tuple[Change, ...]:
    return tuple(
        Change(kind, key, field, None, _cut(value)) for field, value in values if value not in (None, "")
    )


def _cut(value: object) -> object:
    return f"{value[:LONGEST]}..." if isinstance(value, str) and len(value) > LONGEST else value


def _rows(batches: Iterable[list[Row]]) -> Iterable[Row]:
    return (row for batch in batches for row in batch)
