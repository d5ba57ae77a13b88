"""Teams that users files name: joined, and made with defaults where they are unknown (rules P5, T3)."""

from collections.abc import Sequence

from processor.directory.directory_store import KnownTeam
from processor.directory.people import FieldChange
from processor.directory.plan import FileRefusedError, Plan
from processor.reading.catalogue import problem
from processor.reading.values import key_text

CELLS_LIMIT = 20_000


class TeamsOfUsers:
    """The teams of an organization while a users file is planned."""

    def __init__(
        self, *, plan: Plan, known: dict[str, KnownTeam], first_id: int, owner: int, replace: bool, limit: int
    ) -> None:
        self._plan = plan
        self._ids = {key: team.id for key, team in known.items()}
        self._names = {team.id: team.name for team in known.values()}
        self._next = first_id
        self._owner = owner
        self._replace = replace
        self._limit = limit  # of teams that an organization may have (U9)
        self.made = 0
        self._cells: dict[tuple[str, ...], list[int]] = {}
        self._joined: list[tuple[int, int]] = []
        self._ended: list[tuple[int, int]] = []
        self._new: list[tuple[int, str, str, int, None, None]] = []

    def join(self, person: int, names: tuple[str, ...], *, known: set[int] | None) -> list[FieldChange]:
        """Rule P5: join the named teams; `known` are the person's teams, None for a new person.

        Returns the changes to record: none for a new person, whose creation says it all.
        """
        wanted = self._ids_of(names)
        before = known or set()
        joined = [team for team in wanted if team not in before] if before else wanted
        for team in joined:
            self._joined.append((person, team))
        self._plan.counts.memberships_added += len(joined)
        ended = sorted(before.difference(wanted)) if self._replace and wanted else []
        self._ended.extend((person, team) for team in ended)
        if known is None:
            return []
        return [("teams", None, self._names[team]) for team in joined] + [
            ("teams", self._names[team], None) for team in ended
        ]

    def join_all(self, people: Sequence[int], cells: Sequence[tuple[str, ...] | None]) -> None:
        """Rule P5: the same for new people, what a cell names for each."""
        wanted = {names: self._ids_of(names) if names else [] for names in dict.fromkeys(cells)}
        joined = [
            (person, team) for person, names in zip(people, cells, strict=True) for team in wanted[names]
        ]
        self._joined += joined
        self._plan.counts.memberships_added += len(joined)

    def leave(self, person: int, teams: set[int]) -> list[FieldChange]:
        """Rule P3: the clear word ends all memberships."""
        self._ended.extend((person, team) for team in sorted(teams))
        return [("teams", self._names[team], None) for team in sorted(teams)]

    def flush(self) -> None:
        """Hand this batch's rows to the plan."""
        self._plan.memberships.append(self._joined)
        self._plan.ended_memberships.append(self._ended)
        self._plan.new_teams.append(self._new)
        self._plan.changes.append([("team", row[0], row[1], "created", None, row[1]) for row in self._new])
        self._joined, self._ended, self._new = [], [], []

    def __len__(self) -> int:
        return len(self._ids)

    def _ids_of(self, names: tuple[str, ...]) -> list[int]:
        """Return the teams' ids; most cells repeat (0.1 microseconds for those)."""
        found = self._cells.get(names)
        if found is None:
            if len(self._cells) >= CELLS_LIMIT:
                self._cells.clear()
            found = self._cells[names] = list(dict.fromkeys(self._id(name) for name in names))
        return found

    def _id(self, name: str) -> int:
        key = key_text(name)
        found = self._ids.get(key)
        if found is None:
            found = self._next
            self._next += 1
            self.made += 1
            self._ids[key] = found
            self._names[found] = name
            self._new.append((found, name, key, self._owner, None, None))
            self._plan.counts.teams_created += 1
            if len(self._ids) > self._limit:
                raise FileRefusedError(problem("too-many-teams", limit=self._limit))
        return found
