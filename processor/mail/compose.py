"""Composes the mail of one import (rule N1): never a cell value, never an attachment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import from_text
from core.organizations import Organization
from processor.filing import wording
from processor.findings import Note, Problem
from processor.imports import ImportRecord, Outcome
from processor.mail.colours import COLOURS
from processor.mail.consequences import (
    if_nobody_acts,
    meaning_of,
    places,
    time_in_words,
    to_do,
    who_can_open,
)
from processor.mail.labels import shown_label
from processor.mail.mails import MailContent, one_line
from processor.mail.templating import template

PROBLEMS_SHOWN = 10
QUOTES_LABELS = frozenset({"no-key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNews:
    """What there is to tell of one import.

    `due_at` is when a waiting drop is imported; `deactivated` counts the users who were deactivated as planned since
    the last mail (P8); `hold_days` is after how many days a held file is discarded. Problems may be the first ones
    only, if `problem_total` says how many there are.
    """

    record: ImportRecord
    organization: Organization
    problems: Sequence[Problem] = ()
    notes: Sequence[Note] = ()
    problem_total: int | None = None
    note_total: int | None = None
    due_at: datetime | None = None
    deactivated: int = 0
    hold_days: float = 7
    for_operator: bool = False


@dataclass(frozen=True, slots=True)
class SaidProblem:
    """A problem as the mail says it."""

    place: str
    text: str
    advice: str


def compose_import_mail(news: ImportNews) -> MailContent:
    """Rule N1: outcome, counts, the first problems, where the files are, who can open them, what if nobody acts."""
    record, organization = news.record, news.organization
    zone = ZoneInfo(organization.settings.time_zone)
    name, file = one_line(organization.name), one_line(record.name)
    problem_total = len(news.problems) if news.problem_total is None else news.problem_total
    due_at = time_in_words(news.due_at.astimezone(zone)) if news.due_at else None
    values = {
        "organization": name,
        "file": file,
        "record": record,
        "accepted": time_in_words(from_text(record.accepted_at).astimezone(zone)),
        "headline": wording.headline(record),
        "colours": COLOURS[wording.tone(record)],
        "colours_of": COLOURS,
        "meaning": meaning_of(record),
        "to_do": to_do(record, due_at=due_at, problems=problem_total, for_operator=news.for_operator),
        "tiles": wording.tiles(record),
        "tiles_title": wording.title_of_tiles(record),
        "grouped": wording.grouped,
        "problems": [said_problem(problem, record) for problem in news.problems[:PROBLEMS_SHOWN]],
        "problems_title": "Why" if record.outcome is Outcome.DISCARDED else "What to put right",
        "more": max(0, problem_total - PROBLEMS_SHOWN),
        "deactivated": wording.deactivated(news.deactivated) if news.deactivated else "",
        "notes": len(news.notes) if news.note_total is None else news.note_total,
        "places": places(record, problems=problem_total),
        "who": who_can_open(organization.username),
        "if_nobody_acts": if_nobody_acts(
            record,
            due_at=due_at,
            kept_days=organization.settings.file_retention_days,
            hold_days=news.hold_days,
        ),
        "for_operator": news.for_operator,
    }
    return MailContent(
        subject=f"{name}: {file} {wording.summary(record)}",
        text=template("import.txt.j2").render(values),
        html=template("import.html.j2").render(values),
    )


def said_problem(problem: Problem, record: ImportRecord) -> SaidProblem:
    """Return a problem in a mail's words: a label that may be data is called by its place."""
    parts = []
    if problem.line is not None:
        parts.append(f"line {wording.grouped(problem.line)}")
    if problem.column is not None:
        parts.append(one_line(shown_label(problem.column, record.column_numbers.get(problem.column))))
    place = ", ".join(parts) or "the whole file"
    if problem.code in QUOTES_LABELS:  # of a file without a header these are data
        text = (
            "The labels of the file are not those of users or teams; the report beside the file lists them."
        )
        return SaidProblem(place[0].upper() + place[1:], text, _sentence(problem.advice))
    return SaidProblem(place[0].upper() + place[1:], _sentence(problem.text), _sentence(problem.advice))


def _sentence(text: str) -> str:
    """End a text of the catalogue as a sentence ends."""
    said = " ".join(text.split())
    return said if said.endswith((".", "!", "?", ":")) or not said else f"{said}."
