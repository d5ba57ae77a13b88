"""A drop in a queue, ready to be filed; what the folders hold afterwards."""

from pathlib import Path

from core.clock import SystemClock
from core.inbox import Drop, Folders, Inbox, Origin
from processor.filing.report import ReportContents
from processor.imports import Change, Outcome
from tests.unit.filing.samples import organization, problem, record

HEADER = b"User Email,User Name\n"
ROWS = (b"a@x.example,A\n", b"broken,B\n", b"c@x.example,C\n")
DATA = HEADER + b"".join(ROWS)
HEADER_RANGE = (0, len(HEADER))
REFUSED_RANGE = (len(HEADER) + len(ROWS[0]), len(HEADER) + len(ROWS[0]) + len(ROWS[1]))
NAME = "20261123T090501Z-000017-users.csv"


def make_drop(root: Path, *, data: bytes = DATA) -> tuple[Folders, Drop]:
    inbox = Inbox(data_dir=root, clock=SystemClock())
    folders = inbox.prepare("007")
    incoming = inbox.begin(org_id="007", name="users.csv", origin=Origin(account="Mavericks_007"))
    incoming.data.write_bytes(data)
    return folders, inbox.accept(incoming)


def contents(outcome: Outcome = Outcome.PARTIAL) -> ReportContents:
    return ReportContents(
        record=record(outcome, rows=3, rows_refused=1, users_updated=2),
        organization=organization(),
        problems=[problem(3, "User Email", "bad-address", "The cell is no address", "Correct it.")],
        changes=[Change("user", "a@x.example", "name", "Alpha", "A")],
    )


def tree(folders: Folders) -> dict[str, bytes]:
    """All files of the organization but its counter, by their paths."""
    return {
        path.relative_to(folders.root).as_posix(): path.read_bytes()
        for path in sorted(folders.root.rglob("*"))
        if path.is_file() and path.name != "seq"
    }
