"""What a users and a teams file have in common, and the teams file (sections F, T)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.circles import Link, break_circles
from tests.oracle.columns import TEAM_LABELS, Columns, Row
from tests.oracle.table import Record, is_blank
from tests.oracle.words import State, Team, User, Verdict

ADDRESS = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What an organization chose."""

    owner: str
    teams: str = "add"
    dates: str = "auto"
    time_zone: str = "UTC"
    all_or_nothing: bool = False
    header_map: Mapping[str, str] = field(default_factory=dict)  # to `Manager Name` only

    def today(self, now: datetime) -> str:
        """The day of the import in the organization's calendar (P8)."""
        return now.astimezone(ZoneInfo(self.time_zone)).date().isoformat()

    def due(self, day: str, now: datetime) -> datetime:
        """Rule P8: when a known user with a new date is deactivated."""
        if day < self.today(now):
            return now + timedelta(hours=24)
        end_of_day = datetime.combine(datetime.fromisoformat(day).date(), time(23, 59))
        return end_of_day.replace(tzinfo=ZoneInfo(self.time_zone))


class File:
    def __init__(self, choices: Choices, state: State, verdict: Verdict) -> None:
        self.choices, self.state, self.verdict = choices, state, verdict

    def problem(self, line: int, column: str | None, code: str) -> None:
        self.verdict.problems.append((line, column, code))

    def bad_cell(self, line: int, column: str, code: str) -> None:
        self.verdict.count("cells_refused")
        self.problem(line, column, code)

    def kept(self, columns: Columns, rows: list[Record], key: str, missing: str, twice: str) -> list[Row]:
        """Rules F3, P1, P10, P11: the rows that count."""
        kept: list[Row] = []
        seen: set[str] = set()
        for record in rows:
            if is_blank(record.cells):
                continue
            self.verdict.count("rows")
            row = columns.row(record)
            label = columns.label(key)
            code: tuple[str | None, str] | None = None
            if len(record.cells) < columns.width:
                code = None, "row-too-short"
            elif not is_blank(record.cells[columns.width :]):
                code = None, "row-too-long"
            elif not row.text(key):
                code = label, missing
            elif key == "User Email" and not ADDRESS.fullmatch(row.text(key)):
                code = label, "address-invalid"
            elif row.text(key).casefold() in seen:
                code = label, twice
            if code is None:
                seen.add(row.text(key).casefold())
                kept.append(row)
            else:
                self.verdict.count("rows_refused")
                self.problem(row.line, *code)
        return kept

    def user_on_the_way(self, email: str, name: str = "") -> None:
        key = email.casefold()
        if key not in self.state.users:
            self.state.users[key] = User(email=email, name=name or email.rpartition("@")[0])
            self.verdict.count("users_created")

    def team_on_the_way(self, name: str) -> None:
        key = name.casefold()
        if key not in self.state.teams:
            self.state.teams[key] = Team(name=name, owner=self.choices.owner.casefold())
            self.verdict.count("teams_created")


class TeamsFile(File):
    """Section T."""

    def read(self, labels: list[str], records: list[Record]) -> None:
        columns = Columns(labels, TEAM_LABELS, None)
        rows = self.kept(columns, records, "Team Name", "team-name-missing", "repeated-team")
        before = dict(self.state.teams)
        for row in rows:
            self._row(columns, row)
        for row in rows:
            if row.text("Parent Team"):
                self.team_on_the_way(row.text("Parent Team"))
        links = [
            Link(row.text("Team Name").casefold(), row.text("Parent Team").casefold(), row.line)
            for row in rows
            if row.text("Parent Team")
        ]
        links = [link for link in links if link.below != link.above]
        graph, refused = break_circles(links, {key: team.parent for key, team in before.items()})
        for link in refused:
            self.bad_cell(link.line, columns.label("Parent Team"), "team-circle")
        for key, team in list(self.state.teams.items()):
            self.state.teams[key] = replace(team, parent=graph.get(key))
        changed = [key for key, team in before.items() if self.state.teams[key] != team]
        self.verdict.count("teams_updated", len(changed))

    def _row(self, columns: Columns, row: Row) -> None:
        """Rules T1, T2."""
        self.team_on_the_way(row.text("Team Name"))
        key = row.text("Team Name").casefold()
        team = self.state.teams[key]
        owner = row.text("Team Owner")
        if owner and not ADDRESS.fullmatch(owner):
            self.bad_cell(row.line, columns.label("Team Owner"), "owner-invalid")
        elif owner:
            self.user_on_the_way(owner)
            team = replace(team, owner=owner.casefold())
        self.state.teams[key] = replace(team, kind=row.text("Team Type") or team.kind)
