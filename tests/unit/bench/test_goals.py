"""What is measured, held against its goal."""

import pytest

from bench import goals
from bench.goals import MET, MISSING, REPORTED, SHORT, Finding


@pytest.mark.parametrize(("theirs", "verdict"), [(2.0, MET), (2.5, MET), (1.99, SHORT)])
def test_as_fast_as_wanted_is_met(theirs: float, verdict: str) -> None:
    found = goals.faster("work", "sshd", ours=[1.0], theirs=[theirs], goal=2.0)
    assert found.verdict == verdict
    assert found.goal == "at least 2 x"


def test_without_a_goal_a_ratio_is_only_reported() -> None:
    found = goals.faster("work", "rclone", ours=[2.0], theirs=[1.0])
    assert (found.verdict, found.measured) == (REPORTED, "0.50 x (2.00 s against 1.00 s)")


@pytest.mark.parametrize(("ours", "met"), [(0.5, True), (0.501, False)])
def test_half_of_the_cost_is_at_most_half(ours: float, met: bool) -> None:
    assert goals.share("work", "sshd", ours=[ours], theirs=[1.0], at_most=0.5).met is met


@pytest.mark.parametrize(("value", "met"), [(8.0, True), (8.01, False)])
def test_a_limit_is_met_exactly(value: float, met: bool) -> None:
    assert goals.below("memory", value=value, limit=8, unit="MiB").met is met


@pytest.mark.parametrize(("value", "met"), [(60_000, True), (59_999, False)])
def test_a_speed_is_met_exactly(value: float, met: bool) -> None:
    assert goals.above("rows", value=value, limit=60_000, unit="rows a second").met is met


def test_what_never_came_is_short() -> None:
    assert goals.below("late", value=float("inf"), limit=20, unit="s").met is False


def test_what_could_not_be_measured_is_neither_met_nor_short() -> None:
    found = goals.missing("work", "rclone", goal="at least 3 x", reason="not installed")
    assert (found.met, found.verdict) == (None, MISSING)


def test_a_part_knows_what_is_short() -> None:
    part = goals.Part(name="uploads", title="Uploads")
    part.findings += [
        Finding(work="one", measured="1", goal="2", met=False),
        Finding(work="two", measured="2", goal="2", met=True),
        Finding(work="three", measured="3"),
    ]
    assert [one.work for one in part.short()] == ["one"]
