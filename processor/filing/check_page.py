"""The page of `rosterdrop check --html` (rule H7): what an import of a file would do, to be mailed to the customer."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.organizations import Organization
from processor.checking import DryRun
from processor.filing import report, wording
from processor.filing.change_lists import shown_lists
from processor.findings import number_of
from processor.imports import Outcome


def render_check(
    found: DryRun, *, name: str, organization: Organization | None, headers: Sequence[tuple[str, str]]
) -> str:
    """Return a self-contained page; `headers` are the labels with their meanings in words."""
    zone = ZoneInfo(organization.settings.time_zone if organization else "UTC")
    headline, tone, meaning = _verdict(found)
    return report.template("check.html.j2").render(
        name=report.printable(name),
        organization=organization and f"{organization.name} ({organization.id})",
        headline=headline,
        tone=tone,
        meaning=meaning,
        tiles=[] if found.outcome is Outcome.REFUSED else wording.tiles_of(found.counts),
        headers=headers,
        problems=report.grouped_findings(found.problems),
        problem_total=number_of(found.problems),
        problem_more=report.not_shown(found.problems, number_of(found.problems)),
        notes=report.grouped_findings(found.notes),
        note_total=number_of(found.notes),
        note_more=report.not_shown(found.notes, number_of(found.notes)),
        lists=shown_lists(found.changes, {}),
        missing=found.details.missing,
        missing_total=found.counts.users_missing,
        created=found.details.created,
        beside=[],
        **report.formatters(zone),
    )


def _verdict(found: DryRun) -> tuple[str, str, str]:
    if found.outcome is Outcome.REFUSED:
        return "Would be refused", "bad", "An import would apply nothing of this file."
    if found.hold is not None:
        return "Would be held for approval", "warn", found.hold
    if found.problems:
        return (
            "Would be imported in part",
            "warn",
            "What is listed below would be left out, the rest applied.",
        )
    return "Would be imported", "good", "An import would apply every row of this file."
