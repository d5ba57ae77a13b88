"""Plans a teams file (section T): at most 100,000 teams, so all are held in memory; circles are judged at the end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.addresses import EmailAddress, address_key
from core.organization_settings import OrganizationSettings
from processor.directory.directory_store import DirectoryReader, KnownTeam
from processor.directory.links import NOBODY, Links, refused_links
from processor.directory.people import person_on_the_way
from processor.directory.plan import FileRefusedError, Plan
from processor.directory.remarks import note_of_users_named_only
from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.keys import is_blank_row
from processor.reading.table import Batch, Record
from processor.reading.team_rows import TeamRow
from processor.reading.values import key_text

ReadTeam = Callable[[int, Sequence[str]], TeamRow | Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsFile:
    """What a teams file was understood to be."""

    batches: Iterable[Batch]
    read_row: ReadTeam
    key_label: str
    parent_label: str | None
    owner_label: str | None


class TeamsPlan:
    """The making of one plan."""

    def __init__(
        self, *, plan: Plan, directory: DirectoryReader, settings: OrganizationSettings, limit: int
    ) -> None:
        self._limit = limit  # of teams that an organization may have (U9)
        self._plan = plan
        self._counts = plan.counts
        self._directory = directory
        self._settings = settings
        self._base = directory.state.org_no << 32
        self._rows: dict[str, TeamRow] = {}

    async def make(self, file: TeamsFile) -> None:
        """Plan the whole file."""
        self._file = file
        self._known = await self._directory.teams()
        self._owner = await self._directory.owner(self._settings.owner)
        for batch in file.batches:
            for record in batch.records:
                if not is_blank_row(record.cells):
                    self._take(batch, record)
        owners = await self._owners()
        teams = self._teams(owners)
        self._link_parents(teams)
        await self._write(teams)

    def _take(self, batch: Batch, record: Record) -> None:
        self._counts.rows += 1
        row = self._file.read_row(record.line, record.cells)
        if isinstance(row, TeamRow) and (first := self._rows.get(row.name_key)):
            row = problem("repeated-team", line=row.line, column=self._file.key_label, first=first.line)
        if isinstance(row, Problem):
            self._counts.rows_refused += 1
            self._plan.add_problems([row])
            start = batch.block.offset_of(record.line)
            self._plan.refused_ranges.add(start, start + len(record.raw))
            return
        if len(self._rows) == self._limit:
            raise FileRefusedError(problem("too-many-teams", limit=self._limit))
        self._rows[row.name_key] = row
        self._counts.cells_refused += len(row.findings)
        self._plan.add_problems(row.findings)
        if record.line in batch.stray:
            self._plan.add_notes([problem("text-after-quote", line=record.line)])

    async def _owners(self) -> dict[str, int]:
        """Rule T2: find the owners, and make those who are unknown, as in P6."""
        wanted: dict[str, EmailAddress] = {}
        for row in self._rows.values():
            if row.owner is not None:
                wanted.setdefault(row.owner.key, row.owner)
        ids = await self._directory.found_by_address(list(wanted))
        self._plan.users_made = self._directory.state.users_made
        made: set[str] = set()
        for key, address in wanted.items():
            if key in ids or key in self._directory.erased:
                continue
            self._plan.users_made += 1
            person = person_on_the_way(
                person_id=self._base + self._plan.users_made, email=address.text, name=None
            )
            ids[key] = person.id
            made.add(key)
            self._counts.users_created += 1
            self._plan.new_users.append([(*person, address_key(person.email))])
            self._plan.changes.append([("user", person.id, person.email, "created", None, person.email)])
        lines = [row.line for row in self._rows.values() if row.owner is not None and row.owner.key in made]
        self._plan.add_notes(
            note_of_users_named_only(
                len(made), lines, column=self._file.owner_label, role="the owner of a team"
            )
        )
        return ids

    def _teams(self, owners: dict[str, int]) -> dict[str, KnownTeam]:
        """Return each team of the file after its row, parents as stored; parents that are unknown come too (T3)."""
        made = self._directory.state.teams_made
        after: dict[str, KnownTeam] = {}
        parents: dict[str, str] = {}
        for row in self._rows.values():
            if row.parent:
                parents.setdefault(key_text(row.parent), row.parent)
        for key, row in self._rows.items():
            team = self._known.get(key)
            if team is None:
                made += 1
                team = KnownTeam(self._base + made, row.name, self._owner, None, None)
            owner = team.owner_id
            if row.owner is not None and row.owner.key in owners:
                owner = owners[row.owner.key]
            elif row.owner is not None:
                self._counts.cells_refused += 1
                self._plan.add_problems(
                    [problem("owner-erased", line=row.line, column=self._file.owner_label)]
                )
            after[key] = replace(
                team,
                owner_id=self._owner if "owner" in row.cleared else owner,
                type=None if "type" in row.cleared else row.type or team.type,
            )
        for key, name in parents.items():
            if key not in self._known and key not in after:
                made += 1
                after[key] = KnownTeam(self._base + made, name, self._owner, None, None)
        self._plan.teams_made = made
        if len(self._known.keys() | after.keys()) > self._limit:
            raise FileRefusedError(problem("too-many-teams", limit=self._limit))
        return after

    def _link_parents(self, teams: dict[str, KnownTeam]) -> None:
        """Rule T3: set all parents of the file together; a circle sends the last of its links back."""
        links = Links()
        keys: list[str] = []
        ids = {key: team.id for key, team in {**self._known, **teams}.items()}
        for key, row in self._rows.items():
            stored = teams[key].parent_id or NOBODY
            if "parent" in row.cleared:
                links.add(below=teams[key].id, above=NOBODY, stored=stored, line=row.line)
                keys.append(key)
            if row.parent is None:
                continue
            parent = key_text(row.parent)
            if parent == key:
                self._plan.add_notes([problem("team-self", line=row.line, column=self._file.parent_label)])
                continue
            links.add(below=teams[key].id, above=ids[parent], stored=stored, line=row.line)
            keys.append(key)
        below = set(links.below)
        others = {team.id: team.parent_id or NOBODY for team in self._known.values() if team.id not in below}
        refused = set(refused_links(links, others))
        for place, key in enumerate(keys):
            if place in refused:
                self._counts.cells_refused += 1
                self._plan.add_problems(
                    [problem("team-circle", line=links.lines[place], column=self._file.parent_label)]
                )
            else:
                teams[key] = replace(teams[key], parent_id=links.above[place] or None)

    async def _write(self, teams: dict[str, KnownTeam]) -> None:
        names = {team.id: team.name for team in (*self._known.values(), *teams.values())}
        owners = await self._directory.emails(
            {one for team in (*self._known.values(), *teams.values()) if (one := team.owner_id) is not None}
        )
        owners.update({row[0]: row[1] for batch in self._plan.new_users.batches() for row in batch})
        for key, team in teams.items():
            known = self._known.get(key)
            if known is None:
                self._counts.teams_created += 1
                self._plan.new_teams.append(
                    [(team.id, team.name, key, team.owner_id, team.parent_id, team.type)]
                )
                self._plan.changes.append([("team", team.id, team.name, "created", None, team.name)])
            elif team != known:
                self._counts.teams_updated += 1
                self._plan.updated_teams.append(
                    [(team.id, team.name, team.owner_id, team.parent_id, team.type)]
                )
                self._plan.changes.append(_differences(known, team, owners, names))


def _differences(
    known: KnownTeam, after: KnownTeam, owners: dict[int, str], names: dict[int, str]
) -> list[tuple[object, ...]]:
    values = (
        ("owner_email", owners.get(known.owner_id or 0), owners.get(after.owner_id or 0)),
        ("parent", names.get(known.parent_id or 0), names.get(after.parent_id or 0)),
        ("type", known.type, after.type),
    )
    return [("team", known.id, known.name, field, old, new) for field, old, new in values if old != new]
