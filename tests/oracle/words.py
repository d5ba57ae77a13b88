"""The words of the oracle: users, teams, a directory, a verdict, the state between two files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

Found = tuple[int | None, str | None, str]  # line, column, code


@dataclass(frozen=True, kw_only=True)
class User:
    """A user; in the oracle's state `manager` and `teams` are keys, in a `Directory` they are as spelt."""

    email: str
    name: str
    first_name: str = ""
    last_name: str = ""
    account_type: str = "Regular"
    is_org_admin: bool = False
    is_active: bool = True
    deactivation_date: str | None = None
    deactivates_at: datetime | None = None
    manager: str | None = None
    teams: frozenset[str] = frozenset()
    custom: Mapping[str, str | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Team:
    """A team; in the oracle's state `owner` and `parent` are keys."""

    name: str
    owner: str | None
    parent: str | None = None
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class Directory:
    """All that an organization knows, as spelt."""

    users: dict[str, User]
    teams: dict[str, Team]
    fields: dict[str, str]


@dataclass(kw_only=True)
class Verdict:
    """What one import ends in."""

    outcome: str = "imported"
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Found] = field(default_factory=list)

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by


@dataclass
class State:
    """Users and teams by key, custom fields by label, and what earlier files proved or named."""

    users: dict[str, User]
    teams: dict[str, Team] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    date_order: str | None = None
    named: frozenset[str] = frozenset()

    def copy(self) -> "State":
        return State(dict(self.users), dict(self.teams), dict(self.fields), self.date_order, self.named)
