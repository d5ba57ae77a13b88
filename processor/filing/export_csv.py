"""The rows of an export in the import's own format (rules E1, E2, C3), and the CSV file that holds them. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from processor.filing.problems_csv import BOM, put_in_front
from processor.reading.labels import label_key
from processor.reading.maps import OURS, HeaderMap, read_target
from processor.reading.values import join_teams, put_guard_on

USER_LABELS = (
    "User Email",
    "User Name",
    "First Name",
    "Last Name",
    "Teams",
    "Manager Email",
    "User Account Type",
    "Is Org Admin",
    "Deactivation Date",
)
TEAM_LABELS = ("Team Name", "Team Owner", "Parent Team", "Team Type")

Row = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedUser:
    """A user with all that an export tells; `custom` by the field's label."""

    email: str
    name: str
    first_name: str
    last_name: str
    teams: Sequence[str]
    manager_email: str | None
    account_type: str
    is_org_admin: bool
    deactivation_date: str | None
    custom: dict[str, str | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTeam:
    """A team with all that an export tells."""

    name: str
    owner_email: str | None
    parent: str | None
    type: str | None


def user_header(fields: Iterable[str], header_map: Mapping[str, str]) -> Row:
    """Rules E1, C3: our labels, then every custom field; as the organization's map lets them mean themselves (H5)."""
    return _own_labels((*USER_LABELS, *fields), header_map)


def team_header(header_map: Mapping[str, str]) -> Row:
    """Rule E1: our labels of a teams file."""
    return _own_labels(TEAM_LABELS, header_map)


def user_row(user: ExportedUser, fields: Iterable[str]) -> Row:
    """Rules E1, E2: one user; dates as ISO, Yes and No, the teams as one cell."""
    custom = user.custom
    cells = (
        user.email,
        user.name,
        user.first_name,
        user.last_name,
        join_teams(user.teams),
        user.manager_email or "",
        user.account_type,
        yes_or_no(user.is_org_admin),
        user.deactivation_date or "",
        *(_custom(custom.get(field)) for field in fields),
    )
    return [put_guard_on(cell) for cell in cells]


def team_row(team: ExportedTeam) -> Row:
    """Rules E1, E2: one team."""
    cells = (team.name, team.owner_email or "", team.parent or "", team.type or "")
    return [put_guard_on(cell) for cell in cells]


def yes_or_no(value: bool) -> str:
    """Return a boolean as an import reads it."""
    return "Yes" if value else "No"


class CsvFile:
    """Writes rows as UTF-8; a byte order mark comes first where Excel or our own reader needs one (F1).

    Excel takes UTF-8 for what it is only after the mark, and an organization that sends UTF-16 would have the file
    read as such without it. `target` is written, and sought and read at the end.
    """

    suffix = ".csv"

    def __init__(self, target: BinaryIO, *, always_mark: bool = False) -> None:
        self._target = target
        self._plain = not always_mark

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        said = text.getvalue()
        self._plain = self._plain and said.isascii()
        self._target.write(said.encode("utf-8", "replace"))

    def close(self) -> None:
        """Put the mark where one is needed; `target` stays open."""
        if not self._plain:
            put_in_front(self._target, BOM)


def _own_labels(labels: Iterable[str], header_map: Mapping[str, str]) -> Row:
    theirs = HeaderMap(entries=header_map)
    return [
        put_guard_on(label) if _means_itself(label, theirs) else OURS + put_guard_on(label)
        for label in labels
    ]


def _means_itself(label: str, theirs: HeaderMap) -> bool:
    found, wanted = theirs.find(label), read_target(label, label)
    if found is None:
        return True
    same_field = label_key(found.field or "") == label_key(wanted.field or "")
    return found.meaning is wanted.meaning and same_field


def _custom(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return yes_or_no(value)
    return value or ""
