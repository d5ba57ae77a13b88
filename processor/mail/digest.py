"""The one mail a day (rule N4): what came of everything since the last one, first what needs somebody. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import from_text
from core.daily_times import daily_time
from core.organization_settings import OrganizationSettings
from core.organizations import Organization
from processor.filing import names, wording
from processor.findings import Problem
from processor.imports import ImportRecord, Outcome
from processor.mail.colours import COLOURS
from processor.mail.compose import SaidProblem, said_problem
from processor.mail.consequences import span_in_words, time_in_words, who_can_open
from processor.mail.mails import MailContent, one_line
from processor.mail.news_store import NewsKind
from processor.mail.templating import template

FILES_SHOWN = 40
PROBLEMS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestImport:
    """One import, with its first problems; `needs_somebody`: it stands among what is to be done."""

    record: ImportRecord
    needs_somebody: bool
    problems: Sequence[Problem] = ()
    problem_total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenUpload:
    """An upload that broke off and was not completed within an hour (U3)."""

    name: str
    size_bytes: int
    began_at: str
    identity: str = ""  # of this upload as it was told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything since the last one."""

    organization: Organization
    imports: Sequence[DigestImport] = ()
    uploads: Sequence[BrokenUpload] = ()
    deactivated: int = 0
    partial_keep_s: float = 86_400  # how long what broke off is kept (U3)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One file as the digest shows it."""

    title: str
    outcome: str
    colour: str
    detail: str
    place: str = ""
    problems: Sequence[SaidProblem] = ()
    more: int = 0


def is_due(settings: OrganizationSettings, *, oldest: Mapping[NewsKind, datetime], now: datetime) -> bool:
    """Rule N4: whether a digest goes out now; `oldest` has the time of the oldest news of each kind that there is.

    At `digest_at`, and later where nobody was there to send it then. News that wait although the organization wants
    no digest any more go at once; deactivations wait for the next import's mail then.
    """
    if settings.mail == "digest":
        last = daily_time(settings.digest_at, settings.time_zone).last(now)
        return any(at < last for at in oldest.values())
    return NewsKind.IMPORT in oldest or NewsKind.UPLOAD in oldest


def is_next(settings: OrganizationSettings, kept: datetime, *, now: datetime) -> bool:
    """Rule N2: whether it is the next day for a digest that nobody could get at the time `kept`."""
    return daily_time(settings.digest_at, settings.time_zone).last(now) > kept


def compose_digest(digest: Digest) -> MailContent:
    """Rule N4: one glance tells whether somebody is needed; then file by file."""
    organization = digest.organization
    zone = ZoneInfo(organization.settings.time_zone)
    bad = [_of_import(item, zone) for item in digest.imports if item.needs_somebody]
    bad += [_of_upload(item, zone) for item in digest.uploads]
    well = [_of_import(item, zone) for item in digest.imports if not item.needs_somebody]
    name, total = one_line(organization.name), len(bad) + len(well)
    headline = _headline(len(bad), total, digest.deactivated)
    any_refused = any(item.record.outcome is Outcome.REFUSED for item in digest.imports)
    values = {
        "organization": name,
        "headline": headline,
        "meaning": _meaning(len(bad), total),
        "colours": COLOURS["good" if not bad else "bad" if any_refused else "warn"],
        "sections": [
            (title, lines[:FILES_SHOWN], max(0, len(lines) - FILES_SHOWN))
            for title, lines in (("What needs somebody", bad), ("What went well", well))
            if lines
        ],
        "deactivated": _of_deactivated(digest.deactivated),
        "who": who_can_open(organization.username) if total else "",
        "if_nobody_acts": _if_nobody_acts(len(bad), digest),
        "grouped": wording.grouped,
        "digest_at": organization.settings.digest_at if organization.settings.mail == "digest" else "",
    }
    return MailContent(
        subject=f"{name}: {headline[0].lower()}{headline[1:]}",
        text=template("digest.txt.j2").render(values),
        html=template("digest.html.j2").render(values),
    )


def _headline(bad: int, total: int, deactivated: int) -> str:
    files = f"{wording.grouped(total)} file{'' if total == 1 else 's'}"
    if bad == total == 1:
        return "A file needs somebody"
    if bad:
        return f"{wording.grouped(bad)} of {files} need{'s' if bad == 1 else ''} somebody"
    if total:
        return f"{files}, nothing to do"
    return wording.deactivated(deactivated)[0].upper() + wording.deactivated(deactivated)[1:]


def _meaning(bad: int, total: int) -> str:
    if bad:
        return "Look at what stands first: it was not applied, or not all of it."
    return "All of it was dealt with." if total else "No file came since the last mail."


def _if_nobody_acts(bad: int, digest: Digest) -> str:
    if not bad:
        return "Nothing is to be done."
    said = "What was refused stays as it was in the directory, until a later file has it right"
    if not digest.uploads:
        return f"{said}."
    return f"{said}; what broke off is removed {span_in_words(digest.partial_keep_s)} after it stopped."


def _of_deactivated(count: int) -> str:
    if not count:
        return ""
    said = wording.deactivated(count)
    return f"{said}. The reports of the files that planned it list them under planned deactivations."


def _of_import(item: DigestImport, zone: ZoneInfo) -> _Line:
    record = item.record
    came = time_in_words(from_text(record.accepted_at).astimezone(zone))
    is_final = record.outcome is not None and record.outcome.is_final
    return _Line(
        title=one_line(record.name),
        outcome=wording.headline(record),
        colour=COLOURS[wording.tone(record)][0],
        detail=one_line(f"Import {record.number}, uploaded {came}: {wording.summary(record)}"),
        place=f"/{names.report_path(record)}" if is_final else "",
        problems=[said_problem(problem, record) for problem in item.problems[:PROBLEMS_SHOWN]],
        more=max(0, item.problem_total - PROBLEMS_SHOWN),
    )


def _of_upload(item: BrokenUpload, zone: ZoneInfo) -> _Line:
    began = time_in_words(from_text(item.began_at).astimezone(zone))
    return _Line(
        title=one_line(item.name),
        outcome="Upload broke off",
        colour=COLOURS["warn"][0],
        detail=f"Begun {began}, stopped after {item.size_bytes:,} bytes; nothing of it was imported.",
        problems=[SaidProblem("The whole file", "The upload was not completed.", "Send the file again.")],
    )
