"""The one mail in place of many (rule N1): one line for each import.

Its text part is where the lines are kept until it goes out, so that later imports can join it.
"""

from collections.abc import Sequence
from uuid import UUID

from processor.filing import names, wording
from processor.imports import ImportRecord
from processor.mail.colours import COLOURS
from processor.mail.mails import SUMMARY, MailContent, SummaryLine, message_id, one_line
from processor.mail.templating import template

SUMMARY_ID = f"<{SUMMARY}"  # how the Message-ID of a summary begins
_BULLET = "- "
_NEEDS = "! "  # how a line begins that tells of something to be done


def compose_summary(organization: str, lines: Sequence[SummaryLine]) -> MailContent:
    """Rule N1: say in one mail what each of these imports came to, in their order."""
    name = one_line(organization)
    count = f"{len(lines)} more import{'' if len(lines) == 1 else 's'}"
    needing = sum(line.needs_somebody for line in lines)
    values = {
        "organization": name,
        "lines": [(line.needs_somebody, one_line(line.text)) for line in lines],
        "count": count,
        "to_do": f"{needing} of them need{'s' if needing == 1 else ''} somebody."
        if needing
        else "Nothing is to be done.",
        "colours": COLOURS["bad" if needing else "good"],
    }
    return MailContent(
        subject=f"{name}: {count} in the last hour" + (f", {needing} to look at" if needing else ""),
        text=template("summary.txt.j2").render(values),
        html=template("summary.html.j2").render(values),
    )


def summary_line(record: ImportRecord, *, needs_somebody: bool = False, deactivated: int = 0) -> SummaryLine:
    """Return what a summary says of one import: name, outcome, counts, where the file is, who was deactivated (P8)."""
    place = f": /{names.filed_as(record)}" if record.outcome and record.outcome.is_final else ""
    left = f"; {wording.deactivated(deactivated)}" if deactivated else ""
    said = one_line(f"{record.name} (import {record.number}) {wording.summary(record)}{place}{left}")
    return SummaryLine(said, needs_somebody)


def lines_of(text: str) -> list[SummaryLine]:
    """Return the lines of a summary from its text part."""
    return [
        SummaryLine(line[len(_BULLET) :], line.startswith(_NEEDS))
        for line in text.splitlines()[1:]
        if line.startswith((_BULLET, _NEEDS))
    ]


def summary_id(uuid: UUID, mail_from: str) -> str:
    """Return the Message-ID of a summary, by which the outbox knows one."""
    return SUMMARY_ID + message_id(uuid, mail_from).removeprefix("<")
