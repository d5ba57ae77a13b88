"""What was found, held against what was wanted; and what one part of a run collects."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import figures

MET, SHORT, REPORTED, MISSING = "met", "**short**", "", "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table of goals."""

    work: str
    against: str = ""
    measured: str
    goal: str = ""
    met: bool | None = None  # None: nothing is asked of it, or it could not be measured

    @property
    def verdict(self) -> str:
        """Say in a word what came of it."""
        if self.met is not None:
            return MET if self.met else SHORT
        return MISSING if self.goal else REPORTED


def faster(
    work: str, against: str, *, ours: Sequence[float], theirs: Sequence[float], goal: float | None = None
) -> Finding:
    """Return how many times as fast we are, round by round; `goal` is the least."""
    found = figures.ratio(theirs, ours)
    shown = (
        f"{figures.times(found)} ({figures.seconds(figures.median(ours))} against "
        f"{figures.seconds(figures.median(theirs))})"
    )
    if goal is None:
        return Finding(work=work, against=against, measured=shown)
    return Finding(work=work, against=against, measured=shown, goal=f"at least {goal:g} x", met=found >= goal)


def share(
    work: str, against: str, *, ours: Sequence[float], theirs: Sequence[float], at_most: float
) -> Finding:
    """Return which part of the other's cost is ours, round by round."""
    found = figures.ratio(ours, theirs)
    return Finding(
        work=work,
        against=against,
        measured=f"{found:.3f} x ({figures.seconds(figures.median(ours))} against "
        f"{figures.seconds(figures.median(theirs))})",
        goal=f"at most {at_most:g} x",
        met=found <= at_most,
    )


def below(work: str, *, value: float, limit: float, unit: str, against: str = "") -> Finding:
    """Expect less than the limit, or no more: a limit that is met exactly is met."""
    return Finding(
        work=work,
        against=against,
        measured=f"{value:,.1f} {unit}",
        goal=f"at most {limit:,g} {unit}",
        met=value <= limit,
    )


def above(work: str, *, value: float, limit: float, unit: str, against: str = "") -> Finding:
    """Expect at least the limit."""
    digits = 0 if limit >= 100 else 2
    return Finding(
        work=work,
        against=against,
        measured=f"{value:,.{digits}f} {unit}",
        goal=f"at least {limit:,g} {unit}",
        met=value >= limit,
    )


def missing(work: str, against: str, *, goal: str, reason: str) -> Finding:
    """Return a line that could not be measured, and why."""
    return Finding(work=work, against=against, measured=reason, goal=goal or "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures behind the goals."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Part:
    """What one part of a run has found so far; what it found stays when it fails afterwards."""

    name: str
    title: str
    findings: list[Finding] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    scaling: list[Table] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    took_s: float = 0.0

    def short(self) -> list[Finding]:
        """Return the lines whose goal is not met."""
        return [finding for finding in self.findings if finding.met is False]
