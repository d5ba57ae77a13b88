"""What a data folder holds of one organization, read from the outside while its daemon runs."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

from tests.integration.directory.house import MEMBERSHIPS, TEAMS, USERS, shown_user
from tests.oracle import Directory, Team

FINAL = ("imported", "partial", "refused", "checked", "discarded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import's row."""

    number: int
    seq: int
    name: str
    outcome: str | None
    accepted_at: str
    filed_as: str | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A row of the outbox."""

    imports: tuple[int, ...]  # one, or those that a summary tells of
    is_summary: bool
    recipient: str
    message_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that the promises are about."""

    imports: tuple[Import, ...]
    mails: tuple[Mail, ...]
    made: tuple[tuple[str, str], ...]  # kind and key of each creation in the history
    files: dict[str, bytes]  # what lies in archive/ and error/
    queue: tuple[str, ...]
    incoming: tuple[tuple[str, int], ...]  # name and size
    local: tuple[str, ...]
    directory: Directory


@contextmanager
def reading(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """Read the database beside its running daemon."""
    with closing(sqlite3.connect(f"file:{data_dir}/rosterdrop.sqlite?mode=ro", uri=True)) as connection:
        yield connection


def is_settled(data_dir: Path, org_id: str, *, mails: bool) -> bool:
    """Whether all that was accepted is filed away, and, if asked for, its mails are out; a disk without power never."""
    try:
        return _is_settled(data_dir, org_id, mails=mails)
    except (sqlite3.Error, OSError):
        return False  # the power went while we looked; what is really damaged never comes to rest


def _is_settled(data_dir: Path, org_id: str, *, mails: bool) -> bool:
    folder = data_dir / "orgs" / org_id
    if any((folder / "queue").iterdir()) or any(
        path.suffix == ".csv" for path in (folder / "local").iterdir()
    ):
        return False
    with reading(data_dir) as connection:
        open_imports = connection.execute(
            "SELECT count(*) FROM imports i JOIN organizations o ON o.no = i.org_no WHERE o.id = ?"
            " AND i.filed_as IS NULL",
            (org_id,),
        ).fetchone()[0]
        waiting = connection.execute(
            "SELECT count(*) FROM outbox m JOIN organizations o ON o.no = m.org_no"
            " WHERE o.id = ? AND m.state = 'waiting' AND m.import_number IS NOT NULL",
            (org_id,),
        ).fetchone()[0]
    return not open_imports and not (mails and waiting)


def look(data_dir: Path, org_id: str) -> Seen:
    """Read all of it."""
    folder = data_dir / "orgs" / org_id
    with reading(data_dir) as connection:
        connection.execute("BEGIN")
        no = connection.execute("SELECT no FROM organizations WHERE id = ?", (org_id,)).fetchone()[0]
        return Seen(
            imports=_imports(connection, no),
            mails=tuple(
                _mail(*row)
                for row in connection.execute(
                    "SELECT import_number, recipient, message_id, state, text FROM outbox WHERE org_no = ?"
                    " ORDER BY id",
                    (no,),
                )
            ),
            made=tuple(
                connection.execute(
                    "SELECT c.kind, c.key FROM changes c JOIN imports i ON i.number = c.import_number"
                    " WHERE i.org_no = ? AND c.field = 'created'",
                    (no,),
                )
            ),
            files={
                f"{name}/{path.name}": path.read_bytes()
                for name in ("archive", "error")
                for path in (folder / name).iterdir()
            },
            queue=tuple(sorted(path.name for path in (folder / "queue").iterdir())),
            incoming=tuple(_incoming(folder / "incoming")),
            local=tuple(sorted(path.name for path in (folder / "local").iterdir())),
            directory=_directory(connection, no),
        )


def _mail(number: int | None, recipient: str, message_id: str, state: str, text: str) -> Mail:
    found = re.findall(r"\(import (\d+)\)", text)
    return Mail(
        imports=tuple(map(int, found)) if number is None else (number,),
        is_summary=number is None,
        recipient=recipient,
        message_id=message_id,
        state=state,
    )


def _imports(connection: sqlite3.Connection, no: int) -> tuple[Import, ...]:
    rows = connection.execute(
        "SELECT number, seq, name, outcome, accepted_at, filed_as, counts FROM imports WHERE org_no = ?"
        " ORDER BY number",
        (no,),
    )
    return tuple(
        Import(
            number=row[0],
            seq=row[1],
            name=row[2],
            outcome=row[3],
            accepted_at=row[4],
            filed_as=row[5],
            counts=json.loads(row[6] or "{}"),
        )
        for row in rows
    )


def _incoming(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.iterdir():
        try:
            name = json.loads((path / "meta.json").read_bytes())["name"]
        except (OSError, ValueError):
            name = ""
        data = path / "data"
        yield name, data.stat().st_size if data.exists() else 0


def _directory(connection: sqlite3.Connection, no: int) -> Directory:
    org = {"org": no}
    fields: dict[str, str] = dict(
        connection.execute("SELECT label, type FROM fields WHERE org_no = :org ORDER BY id", org)
    )
    teams: dict[int, set[str]] = {}
    for user, name in connection.execute(MEMBERSHIPS, org):
        teams.setdefault(user, set()).add(name)
    texts = {label for label, kind in fields.items() if kind == "text"}
    users = {
        row[1]: shown_user(row, teams.get(row[0], set()), texts) for row in connection.execute(USERS, org)
    }
    rows: list[Any] = connection.execute(TEAMS, org).fetchall()
    return Directory(
        users=users,
        teams={row[0]: Team(name=row[0], owner=row[1], parent=row[2], kind=row[3]) for row in rows},
        fields=fields,
    )


def maildir(data_dir: Path) -> list[str]:
    """The Message-ID of each mail in the Maildir."""
    folder = data_dir / "mail" / "new"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [str(message_from_bytes(path.read_bytes())["Message-ID"]).strip() for path in found]
