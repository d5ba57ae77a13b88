"""What `rosterdrop imports show` and `rosterdrop import` tell of one import."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.findings import FIRST_CHANGES, print_changes, print_findings
from commands.output import print_pairs, say
from commands.undo import print_undone
from processor.directory.undo_store import Undone
from processor.filing import wording
from processor.findings import Note, Problem
from processor.imports import Change, ImportRecord, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """One import with all that was kept of it (rule R2)."""

    record: ImportRecord
    problems: Sequence[Problem]
    notes: Sequence[Note]
    changes: Sequence[Change]
    undone: Undone | None = None  # what an undo did and left (G3)


def print_page(page: ImportPage) -> None:
    """Print all of one import, the first of long lists."""
    record = page.record
    print_pairs(
        [
            ("Import", record.number),
            ("File", f"{record.name} ({record.size_bytes:,} bytes)"),
            ("SHA-256", record.sha256 or "not known yet"),
            ("Organization", record.org_id),
            ("Uploaded by", _uploader(record)),
            ("Accepted", record.accepted_at),
            ("Started", record.started_at or "not yet"),
            ("Finished", record.finished_at or "not yet"),
            ("Filed as", _place(record)),
            ("Outcome", record.outcome or "running"),
        ]
    )
    print_outcome(page)
    if page.undone is not None:
        say(f"\nUndone at {page.undone.at} by {page.undone.who}")
        print_undone(page.undone)
    if record.log_purged_at is not None:
        say(
            f"\nProblems and changes are kept no longer since {record.log_purged_at}: their retention was over."
        )
    if page.changes:
        say("\nChanges")
        more_by = f"`rosterdrop imports show {record.number} --json`"
        print_changes(page.changes[:FIRST_CHANGES], total=len(page.changes), more_by=more_by)


def print_outcome(page: ImportPage) -> None:
    """Print what the outcome means, the counts, problems and notes."""
    record = page.record
    if record.outcome is None:
        say("\nThe file is being imported.")
        return
    say(f"\n{wording.headline(record)}. {wording.meaning(record)}")
    if record.outcome is Outcome.HELD and record.hold_reason:
        say(f"Why: {record.hold_reason}")
        say(
            f"What to do: `rosterdrop imports approve {record.number}` or `rosterdrop imports discard {record.number}`."
        )
    tiles = wording.tiles(record)
    if tiles and (title := wording.title_of_tiles(record)):
        say(f"{title}:")
    for tile in tiles:
        say(f"  {tile.number:>9,}  {tile.label}")
    print_findings("Problems", page.problems)
    print_findings("Notes", page.notes)


def _place(record: ImportRecord) -> str:
    place = record.filed_as or "not yet"
    if record.file_purged_at is None:
        return place
    return f"{place} (gone since {record.file_purged_at}: its retention was over)"


def _uploader(record: ImportRecord) -> str:
    origin = record.origin
    return ", ".join(part for part in (origin.account, origin.address, origin.client) if part)
