"""The page that stands beside a filed drop (rule R1): one self-contained HTML file, no scripts, nothing fetched.

It shows values of the changes: it is the customer's own file in the customer's own folder.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from core.clock import from_text
from core.organizations import Organization
from processor.field_labels import label_of
from processor.filing import names, wording
from processor.filing.change_lists import SHOWN, ChangeList, shown_lists
from processor.filing.kept_details import Details
from processor.findings import Note, Problem, number_of
from processor.imports import Change, ImportRecord

TEMPLATES = Path(__file__).with_name("templates")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContents:
    """What a report tells.

    Problems and notes may be cut to the first 1,000 if their totals are given, changes to the first 1,000 of each list
    if `change_totals` says how many there are.
    """

    record: ImportRecord
    organization: Organization
    problems: Sequence[Problem] = ()
    notes: Sequence[Note] = ()
    changes: Sequence[Change] = ()
    problem_total: int | None = None
    note_total: int | None = None
    change_totals: Mapping[ChangeList, int] = field(default_factory=dict)
    details: Details = field(default_factory=Details)

    @property
    def problem_count(self) -> int:
        """How many problems there are, shown or not."""
        return number_of(self.problems) if self.problem_total is None else self.problem_total

    @property
    def note_count(self) -> int:
        """How many notes there are, shown or not."""
        return number_of(self.notes) if self.note_total is None else self.note_total


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Findings with one code and one advice: said once, with the places."""

    code: str
    advice: str
    places: tuple[Problem, ...]

    @property
    def count(self) -> int:
        """How many they stand for."""
        return number_of(self.places)


def render_report(contents: ReportContents) -> str:
    """Rule R1: outcome, counts, notes, problems with advice, planned deactivations, each change."""
    record = replace(contents.record, name=printable(contents.record.name))
    zone = ZoneInfo(contents.organization.settings.time_zone)
    return template("report.html.j2").render(
        record=record,
        organization=contents.organization,
        headline=wording.headline(record),
        tone=wording.tone(record),
        meaning=wording.meaning(record),
        tiles=wording.tiles(record),
        tiles_title=wording.title_of_tiles(record),
        folder=names.folder_of(record),
        file=names.filed_name(record),
        beside=_beside(contents),
        problems=grouped_findings(contents.problems),
        problem_total=contents.problem_count,
        problem_more=not_shown(contents.problems, contents.problem_count),
        notes=grouped_findings(contents.notes),
        note_total=contents.note_count,
        note_more=not_shown(contents.notes, contents.note_count),
        lists=shown_lists(contents.changes, _totals(contents)),
        missing=contents.details.missing,
        missing_total=record.counts.users_missing,
        created=contents.details.created,
        headers=contents.details.headers,
        rejected=names.rejected_path(record),
        time=lambda text: _time(text, zone),
        **formatters(zone),
        size=_size(record.size_bytes),
    )


def printable(text: str) -> str:
    """Replace characters that turn or hide what stands around them (U+202E makes `vsc.exe` of `exe.csv`)."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def formatters(zone: ZoneInfo) -> dict[str, Callable[..., str]]:
    """Return how a page writes labels of changes, values and numbers."""
    return {"label": _label, "value": lambda value: _value(value, zone), "grouped": wording.grouped}


@cache
def template(name: str) -> Template:
    """Return a page's template."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = _coded
    return environment.get_template(name)


def _totals(contents: ReportContents) -> dict[ChangeList, int]:
    """A plan of a user whom the file created is no change of its own, so the counts know of more than the changes."""
    planned = contents.record.counts.deactivations_planned
    known = contents.change_totals.get(ChangeList.PLANNED_DEACTIVATIONS, 0)
    return {**contents.change_totals, ChangeList.PLANNED_DEACTIVATIONS: max(planned, known)}


def _beside(contents: ReportContents) -> list[str]:
    """Return the other files of this import."""
    paths = (
        names.problems_path(contents.record, problems=contents.problem_count),
        names.rejected_path(contents.record),
    )
    return [path for path in paths if path is not None]


def not_shown(findings: Sequence[Problem], total: int) -> int:
    """Return how many findings are beyond those that a page shows."""
    return total - number_of(findings[:SHOWN])


def grouped_findings(findings: Sequence[Problem]) -> list[ProblemGroup]:
    """Group by code and advice, in the order in which each first appears; the first 1,000 are shown."""
    order: dict[tuple[str, str], list[Problem]] = {}
    for finding in findings[:SHOWN]:
        order.setdefault((finding.code, finding.advice), []).append(finding)
    return [ProblemGroup(code, advice, tuple(places)) for (code, advice), places in order.items()]


def _coded(text: str) -> Markup:
    """Show what stands between backticks as code; everything is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just here


def _label(change: Change) -> str:
    if change.kind == "user" and change.field == "teams":
        return "left" if change.new is None else "joined"
    return label_of(change)


def _value(value: object, zone: ZoneInfo) -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return "Yes" if value else "No"
        case list() | tuple():
            return ", ".join(_value(part, zone) for part in value)
        case str() if len(value) > 18 and value[10:11] == "T":
            return _time(value, zone)
        case _:
            return str(value)


def _time(text: str, zone: ZoneInfo) -> str:
    try:
        moment = from_text(text)
    except ValueError:
        return text
    return _in_zone(moment, zone) if moment.tzinfo else text


def _in_zone(moment: datetime, zone: ZoneInfo) -> str:
    local = (
        moment if moment.year == MAXYEAR else moment.astimezone(zone)
    )  # "never" is no time of another zone
    return f"{local.day} {local:%b %Y, %H:%M} {local.tzname() or zone.key}"


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
