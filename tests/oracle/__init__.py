"""What the contract promises of a sequence of files (sections F, H, P, T, C), computed slowly and in plain steps.

Written from the contract's text and from nothing else: no product code is imported, so that agreement means
something. Left out: header maps, presets, other keys than the address, clear words, guards.
"""

from dataclasses import replace
from datetime import datetime

from tests.oracle.columns import norm
from tests.oracle.files import Choices, TeamsFile
from tests.oracle.table import BadFileError, records
from tests.oracle.users import UsersFile
from tests.oracle.words import Directory, Found, State, Team, User, Verdict

__all__ = ["Choices", "Directory", "Found", "Oracle", "Team", "User", "Verdict"]


class Oracle:
    """One organization."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        owner = choices.owner
        first = User(email=owner, name=owner.partition("@")[0], is_org_admin=True)
        self.state = State({owner.casefold(): first})

    def drop(self, data: bytes, now: datetime) -> Verdict:
        """Import one file."""
        after, verdict = self.state.copy(), Verdict()
        try:
            header, rows = records(data)
            labels = [cell.strip() for cell in header.cells]
            known = {norm(label) for label in labels}
            if norm("User Email") in known:
                UsersFile(self.choices, after, verdict).read(labels, rows, now)
            elif norm("Team Name") not in known:
                raise BadFileError("no-key")
            else:
                TeamsFile(self.choices, after, verdict).read(labels, rows)
            if not verdict.counts.get("rows"):
                raise BadFileError("no-rows")
        except BadFileError as exc:
            return Verdict(outcome="refused", problems=[(exc.line, None, exc.code)])
        verdict.problems.sort(key=_order)
        return self._judge(after, verdict)

    def carry_out(self, now: datetime) -> int:
        """Rule P8: deactivate whose plans are due, and say how many; it knows nothing of last administrators."""
        due = [
            key
            for key, user in self.state.users.items()
            if user.deactivates_at and user.deactivates_at <= now
        ]
        for key in due:
            self.state.users[key] = replace(self.state.users[key], is_active=False, deactivates_at=None)
        return len(due)

    def reactivate(self, email: str) -> None:
        """Rule P8: what the command does; the date stays."""
        key = email.casefold()
        self.state.users[key] = replace(self.state.users[key], is_active=True, deactivates_at=None)

    def _judge(self, after: State, verdict: Verdict) -> Verdict:
        """Section W: exactly one outcome; what is refused changes nothing."""
        if verdict.problems and self.choices.all_or_nothing:
            problems = [*verdict.problems, (None, None, "all-or-nothing")]
            return Verdict(outcome="refused", problems=sorted(problems, key=_order))
        if verdict.counts.get("rows_refused", 0) == verdict.counts["rows"]:
            return Verdict(outcome="refused", problems=verdict.problems)
        verdict.outcome = "partial" if verdict.problems else "imported"
        self.state = after
        return verdict

    def directory(self) -> Directory:
        """The directory as people see it."""
        users, teams = self.state.users, self.state.teams
        return Directory(
            users={
                user.email: replace(
                    user,
                    manager=None if user.manager is None else users[user.manager].email,
                    teams=frozenset(teams[key].name for key in user.teams),
                )
                for user in users.values()
            },
            teams={
                team.name: replace(
                    team,
                    owner=None if team.owner is None else users[team.owner].email,
                    parent=None if team.parent is None else teams[team.parent].name,
                )
                for team in teams.values()
            },
            fields=self.state.fields,
        )


def _order(problem: Found) -> tuple[str, ...]:
    return tuple(str(part) for part in problem)
