"""The page of a run: bench/RESULTS.md from what the parts found and from the owners' notes."""

import re
from collections.abc import Iterator, Mapping, Sequence

from bench.goals import Finding, Part, Table

UNEXPLAINED = "Nobody has written down why yet (bench/notes.md)."
HEADING = re.compile(r"^## +(\S+) *$", re.MULTILINE)


def notes_by_part(text: str) -> dict[str, str]:
    """Split the owners' notes: a heading `## name` for each part, its text below."""
    pieces = HEADING.split(text)
    return {name: note.strip() for name, note in zip(pieces[1::2], pieces[2::2], strict=True)}


def page(*, head: Sequence[str], parts: Sequence[Part], notes: Mapping[str, str]) -> str:
    """Return the whole document."""
    blocks = [
        "# Measurements",
        *head,
        *_goals(parts),
        *_short(parts, notes),
        *_failures(parts),
        *_scaling(parts, notes),
        "## Figures",
        *_figures(parts),
    ]
    return "\n\n".join(blocks) + "\n"


def counted(parts: Sequence[Part]) -> str:
    """Say in a line how the run went."""
    findings = [finding for part in parts for finding in part.findings]
    met = sum(1 for finding in findings if finding.met)
    short = sum(1 for finding in findings if finding.met is False)
    unmeasured = sum(1 for finding in findings if finding.met is None and finding.goal)
    failed = sum(1 for part in parts if part.failures)
    return f"{met} goals met, {short} short, {unmeasured} not measured; {failed} parts with failures"


def goals_table(findings: Sequence[Finding]) -> str:
    """Write the lines of goals."""
    return markdown(
        ("work", "against", "measured", "goal", ""),
        tuple((one.work, one.against, one.measured, one.goal, one.verdict) for one in findings),
    )


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _goals(parts: Sequence[Part]) -> Iterator[str]:
    yield "## Goals"
    yield f"{counted(parts)}."
    yield goals_table([finding for part in parts for finding in part.findings])


def _short(parts: Sequence[Part], notes: Mapping[str, str]) -> Iterator[str]:
    yield "## What is short, and why"
    short = [part for part in parts if part.short()]
    if not short:
        yield "Nothing in this run."
    for part in short:
        yield f"### {part.title}"
        yield "\n".join(
            f"- {one.work}{', against ' if one.against else ''}{one.against}: {one.measured}; wanted: {one.goal}"
            for one in part.short()
        )
        yield notes.get(part.name) or UNEXPLAINED


def _failures(parts: Sequence[Part]) -> Iterator[str]:
    failed = [(part, failure) for part in parts for failure in part.failures]
    if failed:
        yield "## What failed"
        yield "\n".join(f"- {part.title}: {' '.join(failure.split())}" for part, failure in failed)


def _scaling(parts: Sequence[Part], notes: Mapping[str, str]) -> Iterator[str]:
    tables = [table for part in parts for table in part.scaling]
    if tables:
        yield "## Scaling"
        if note := notes.get("scaling"):
            yield note
        for table in tables:
            yield from _table(table)


def _figures(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        for table in part.tables:
            yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.title}"
    if table.text:
        yield table.text
    yield markdown(table.columns, table.rows)
