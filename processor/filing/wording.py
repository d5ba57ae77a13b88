"""What an import's outcome means in words; report and mail say it alike, and nothing else says it."""

from dataclasses import dataclass

from processor.imports import Counts, ImportRecord, Kind, Outcome


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of an import, with its name; `tone` is `good`, `bad`, `warn` or nothing."""

    number: int
    label: str
    tone: str = ""


def headline(record: ImportRecord) -> str:
    """Return the outcome in two or three words."""
    return {
        Outcome.IMPORTED: "Imported",
        Outcome.PARTIAL: "Partly imported",
        Outcome.REFUSED: "Refused",
        Outcome.CHECKED: "Checked in test mode",
        Outcome.DISCARDED: "Discarded",
        Outcome.WAITING: "Waiting for its time",
        Outcome.HELD: "Held for approval",
    }[_outcome(record)]


def tone(record: ImportRecord) -> str:
    """Return the outcome's colour: `good`, `warn`, `bad` or `calm`."""
    return {
        Outcome.IMPORTED: "good",
        Outcome.PARTIAL: "warn",
        Outcome.REFUSED: "bad",
        Outcome.CHECKED: "calm",
        Outcome.DISCARDED: "calm",
        Outcome.WAITING: "calm",
        Outcome.HELD: "warn",
    }[_outcome(record)]


def meaning(record: ImportRecord) -> str:
    """Return in one or two sentences what the outcome means for the directory."""
    counts = record.counts
    match _outcome(record):
        case Outcome.IMPORTED if changed_nothing(counts):
            return (
                "Every row was read. The directory said all of it already, so nothing had to change."
                if counts.rows
                else "The file was read and nothing had to change."
            )
        case Outcome.IMPORTED:
            return "Every row of the file was applied to the directory."
        case Outcome.PARTIAL:
            left_out = _left_out(counts)
            return f"{left_out[0].upper()}{left_out[1:]}; everything else of the file was applied to the directory."
        case Outcome.REFUSED:
            return "Nothing of this file was applied: the directory is as it was before."
        case Outcome.CHECKED:
            return (
                "Test mode is on, so nothing was applied. "
                "Below stands what an import of this file would have done."
            )
        case Outcome.DISCARDED:
            return (
                "Nothing of this file was applied: "
                "it was withdrawn, rejected, replaced by a newer one, or waited too long."
            )
        case Outcome.HELD:
            return (
                "The file would change unusually much at once. "
                "Nothing was applied; it waits for somebody to approve it."
            )
        case _:
            return "The file is complete and waits for the time at which files are imported."


def title_of_tiles(record: ImportRecord) -> str:
    """Return what stands above the counts of what was not applied; nothing where they tell what was."""
    match record.outcome:
        case Outcome.HELD | Outcome.CHECKED:
            return "What it would do"
        case Outcome.DISCARDED:
            return "What it would have done"
        case _:
            return ""


def tiles(record: ImportRecord) -> list[Tile]:
    """Return the counts worth showing: those that are not 0, and the rows of every file that was read."""
    read = record.outcome in (Outcome.IMPORTED, Outcome.PARTIAL, Outcome.CHECKED)
    return tiles_of(record.counts, was_read=read or record.counts.rows > 0)


def tiles_of(counts: Counts, *, was_read: bool = True) -> list[Tile]:
    """Return the counts that are not 0, and the rows where the file was read."""
    shown = [Tile(counts.rows, _plural(counts.rows, "row", "rows") + " in the file")] if was_read else []
    rest = [
        Tile(counts.users_created, _users(counts.users_created) + " created", "good"),
        Tile(counts.users_updated, _users(counts.users_updated) + " updated", "good"),
        Tile(counts.users_unchanged, _users(counts.users_unchanged) + " unchanged"),
        Tile(counts.teams_created, _teams(counts.teams_created) + " created", "good"),
        Tile(counts.teams_updated, _teams(counts.teams_updated) + " updated", "good"),
        Tile(
            counts.memberships_added,
            _plural(counts.memberships_added, "membership", "memberships") + " added",
            "good",
        ),
        Tile(
            counts.fields_created,
            _plural(counts.fields_created, "new field", "new fields"),
            "good",
        ),
        Tile(
            counts.deactivations_planned,
            _plural(counts.deactivations_planned, "deactivation", "deactivations") + " planned",
            "warn",
        ),
        Tile(
            counts.users_missing,
            _users(counts.users_missing) + " no longer in the file",
            "warn",
        ),
        Tile(
            counts.rows_refused,
            _plural(counts.rows_refused, "row", "rows") + " refused",
            "bad",
        ),
        Tile(
            counts.cells_refused,
            _plural(counts.cells_refused, "cell", "cells") + " refused",
            "bad",
        ),
    ]
    return shown + [tile for tile in rest if tile.number]


def summary(record: ImportRecord) -> str:
    """Return the outcome as the end of a subject: `imported (12 users updated)`."""
    counts = record.counts
    match _outcome(record):
        case Outcome.IMPORTED:
            return f"imported ({_what_changed(record)})"
        case Outcome.PARTIAL:
            return f"partly imported ({_left_out(counts)})"
        case Outcome.REFUSED:
            return "refused (nothing was applied)"
        case Outcome.CHECKED:
            found = counts.rows_refused + counts.cells_refused
            return f"checked in test mode ({_left_out(counts) if found else 'no problems'})"
        case Outcome.DISCARDED:
            return "discarded (nothing was applied)"
        case Outcome.HELD:
            return "held for approval"
        case _:
            return "waiting for its time"


def changed_nothing(counts: Counts) -> bool:
    """Whether the directory is as it was."""
    return not (
        counts.users_created
        or counts.users_updated
        or counts.teams_created
        or counts.teams_updated
        or counts.memberships_added
        or counts.fields_created
        or counts.deactivations_planned
    )


def deactivated(number: int) -> str:
    """Say that planned deactivations were carried out (P8)."""
    return f"{grouped(number)} {_users(number)} deactivated as planned"


def grouped(number: int) -> str:
    """Write a number in groups of three: `1,000`."""
    return f"{number:,}"


def _outcome(record: ImportRecord) -> Outcome:
    if record.outcome is None:
        raise ValueError(f"import {record.number} has no outcome yet")
    return record.outcome


def _what_changed(record: ImportRecord) -> str:
    counts = record.counts
    people = [(counts.users_created, "created"), (counts.users_updated, "updated")]
    groups = [(counts.teams_created, "created"), (counts.teams_updated, "updated")]
    said = [
        [f"{grouped(number)} {_users(number)} {done}" for number, done in people if number],
        [f"{grouped(number)} {_teams(number)} {done}" for number, done in groups if number],
    ]
    if record.kind is Kind.TEAMS:
        said.reverse()
    parts = said[0] + said[1]
    if not parts and counts.deactivations_planned:
        number = counts.deactivations_planned
        parts = [f"{grouped(number)} {_plural(number, 'deactivation', 'deactivations')} planned"]
    if not parts and counts.memberships_added:
        number = counts.memberships_added
        parts = [f"{grouped(number)} {_plural(number, 'membership', 'memberships')} added"]
    return ", ".join(parts) or "nothing changed"


def _left_out(counts: Counts) -> str:
    parts = [
        f"{grouped(number)} {_plural(number, one, many)}"
        for number, one, many in (
            (counts.rows_refused, "row", "rows"),
            (counts.cells_refused, "cell", "cells"),
        )
        if number
    ]
    return (" and ".join(parts) or "a part") + " refused"


def _users(number: int) -> str:
    return _plural(number, "user", "users")


def _teams(number: int) -> str:
    return _plural(number, "team", "teams")


def _plural(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
