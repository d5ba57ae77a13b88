"""Problems, notes and changes as JSON (section X) and as lines that one can forward to a customer."""

from collections.abc import Mapping, Sequence
from typing import Any

from commands.output import say, shown
from processor.field_labels import label_of
from processor.findings import Problem, number_of
from processor.imports import Change
from processor.lines import Lines

FIRST_PLACES = 5
FIRST_CHANGES = 20


def finding_as_dict(finding: Problem) -> dict[str, Any]:
    """Section X: a problem or a note."""
    return {
        "line": finding.line,
        "column": finding.column,
        "code": finding.code,
        "text": finding.text,
        "advice": finding.advice,
    }


def change_as_dict(change: Change) -> dict[str, Any]:
    """Section X: one changed value."""
    return {
        "kind": change.kind,
        "key": change.key,
        "field": change.field,
        "old": change.old,
        "new": change.new,
    }


def print_findings(title: str, findings: Sequence[Problem]) -> None:
    """Print problems or notes: those of one kind together, with the first places and, once, what to do."""
    if not findings:
        return
    say(f"\n{title} ({number_of(findings):,})")
    groups: dict[tuple[str, str], list[Problem]] = {}
    for finding in findings:
        groups.setdefault((finding.code, finding.advice), []).append(finding)
    for group in groups.values():
        _print_group(group)


def _print_group(group: Sequence[Problem]) -> None:
    first = group[0]
    say()
    for finding in group[:FIRST_PLACES]:
        say(f"  {place(finding)}{finding.text}")
    if len(group) > FIRST_PLACES:
        rest = group[FIRST_PLACES:]
        lines = Lines(one.line for one in rest if one.line is not None and one.times == 1)
        more = f"  and {number_of(rest):,} more of this kind"
        beyond = " and further ones" if any(one.times > 1 for one in rest) else ""
        say(f"{more}: {lines.in_words()}{beyond}" if lines else more)
    if first.advice:
        say(f"  -> {first.advice}")


def place(finding: Problem) -> str:
    """Say where something was found: `line 3, Manager Email: `."""
    parts = [] if finding.line is None else [f"line {finding.line}"]
    if finding.column:
        parts.append(finding.column)
    return f"{', '.join(parts)}: " if parts else ""


def print_changes(
    changes: Sequence[Change],
    *,
    total: int,
    more_by: str,
    created: Mapping[tuple[str, str], Sequence[Change]] | None = None,
) -> None:
    """Print changes person by person, old -> new; `total` is how many there are in all.

    `created` has the values of those who are made, where they are known.
    """
    last = None
    for change in changes:
        if change.field == "created":
            last = (change.kind, change.key)
            say(f"  new {change.kind} {change.key}")
            for given in (created or {}).get(last, ()):
                say(f"      {_given_in_words(given)}")
            continue
        if (change.kind, change.key) != last:
            last = (change.kind, change.key)
            say(f"  {change.kind} {change.key}")
        say(f"      {in_words(change)}")
    if total > len(changes):
        say(f"  and {total - len(changes):,} more changes: {more_by}")


def in_words(change: Change) -> str:
    """Say one change: `User Name: Ann -> Anne`, `joins Sales`, `new`."""
    match change.field:
        case "teams":
            return f"joins {shown(change.new)}" if change.new is not None else f"leaves {shown(change.old)}"
        case "deactivates_at" if change.new is not None:
            return f"will be deactivated at {_value(change.new)}"
        case _:
            return f"{label_of(change)}: {_value(change.old)} -> {_value(change.new)}"


def _given_in_words(given: Change) -> str:
    if given.field == "teams":
        return f"joins {shown(given.new)}"
    return f"{label_of(given)}: {_value(given.new)}"


def _value(value: object) -> str:
    text = shown(value)
    return text if text.strip() else "(blank)"
