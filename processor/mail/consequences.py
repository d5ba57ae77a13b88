"""What a mail says about the files and about what happens if nobody acts (rule N1). Pure."""

from datetime import datetime

from processor.filing import names, wording
from processor.imports import ImportRecord, Outcome


def places(record: ImportRecord, *, problems: int) -> list[tuple[str, str]]:
    """Return what lies where, as the customer's SFTP client sees it; nothing while the drop is in the queue."""
    if record.outcome is None or not record.outcome.is_final:
        return []
    paths = [
        ("The file", names.filed_as(record)),
        ("The report", names.report_path(record)),
        ("The problems as a table", names.problems_path(record, problems=problems)),
        ("The refused rows, ready to be corrected", names.rejected_path(record)),
    ]
    return [(what, f"/{path}") for what, path in paths if path is not None]


def who_can_open(username: str) -> str:
    """Say who has access to the folder."""
    return f"Whoever logs in by SFTP as {username} can open them, and support; nobody else."


def to_do(record: ImportRecord, *, due_at: str | None, problems: int, for_operator: bool) -> str:
    """Say in a sentence what is to be done, which stands right below the outcome."""
    match record.outcome:
        case Outcome.PARTIAL:
            return "Correct what was refused and send it again."
        case Outcome.REFUSED:
            return "Correct the file and send it again."
        case Outcome.CHECKED if problems:
            return "Correct what stands below and send the file again."
        case Outcome.CHECKED:
            return "Nothing is to be put right."
        case Outcome.HELD:
            asked = "If it is right, ask support to approve it; if not, send a corrected file, which takes its place."
            return "Look at what it would change, then approve or discard it." if for_operator else asked
        case Outcome.WAITING:
            return f"Nothing is to be done: it is imported at {due_at or 'its time'}."
        case Outcome.DISCARDED:
            return "If it was meant to be imported, send it again."
        case _:
            return "Nothing is to be done."


def meaning_of(record: ImportRecord) -> str:
    """Say what the outcome means for the directory; of a held file, why it is held (G1)."""
    if record.outcome is Outcome.HELD and record.hold_reason:
        return f"{record.hold_reason} Nothing was applied; it waits for somebody to approve it."
    return wording.meaning(record).replace(" Below stands what", " The counts say what")


def if_nobody_acts(record: ImportRecord, *, due_at: str | None, kept_days: int, hold_days: float) -> str:
    """Say what happens if nobody acts; `due_at` is the time of a waiting drop in words, `hold_days` the setting."""
    kept = f" The files are kept for {kept_days} days." if kept_days else ""
    match record.outcome:
        case Outcome.IMPORTED:
            return "Nothing changes." + kept
        case Outcome.PARTIAL:
            return (
                "What was refused stays as it was in the directory, until a later file has it right. "
                "Nothing else depends on it." + kept
            )
        case Outcome.REFUSED:
            return (
                "The directory stays as it is; the next file is imported by itself, as if this one had not come."
                + kept
            )
        case Outcome.CHECKED:
            return (
                "Nothing is applied, now or later. Ask support to set the organization to live when the checks "
                "look right." + kept
            )
        case Outcome.HELD:
            days = f"{hold_days:g} day{'' if hold_days == 1 else 's'}"
            return (
                "Nothing is applied. Other files wait behind it; a corrected file of the same kind takes its place "
                f"at once. You are reminded daily, and {days} after it was held the file is discarded. Support can "
                "approve it or discard it."
            )
        case Outcome.WAITING:
            when = f" at {due_at}" if due_at else " at its time"
            return f"The file is imported{when}. Until then it can be removed from `/local`."
        case _:
            return "The directory stays as it is." + kept


def time_in_words(moment: datetime) -> str:
    """Write a time in its own zone: `24 Nov 2026, 10:05 CET`."""
    return f"{moment.day} {moment:%b %Y, %H:%M %Z}"


def span_in_words(seconds: float) -> str:
    """Return a span of time in whole hours, or in minutes where it is shorter."""
    hours, minutes = round(seconds / 3600), max(1, round(seconds / 60))
    if seconds < 3600:
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return "an hour" if hours == 1 else f"{hours} hours"
