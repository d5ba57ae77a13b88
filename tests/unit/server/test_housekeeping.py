from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.inbox import Incoming, Meta, Origin
from core.settings import Settings
from server.entries import Entry
from server.housekeeping import Step, pause_s, step_for

START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(name: str, *, closed: bool, busy: bool = False) -> Entry:
    meta = Meta(uid="1", name=name, origin=Origin(account="a"), started_at="", closed=closed)
    incoming = Incoming(org_id="007", folder=Path("x"), meta=meta)
    return Entry(incoming=incoming, changed_at=START, busy=busy)


@pytest.mark.parametrize(
    ("name", "closed", "age_s", "step"),
    [
        ("users.csv", False, 86_399, Step.LEAVE),
        ("users.csv", False, 86_400, Step.REMOVE),
        ("users.tmp", True, 86_399, Step.LEAVE),
        ("users.tmp", True, 86_400, Step.REMOVE),
        ("users.xlsx", True, 599, Step.LEAVE),
        ("users.xlsx", True, 600, Step.ACCEPT),
        ("users.xlsx", False, 600, Step.LEAVE),
        ("users.xlsx", False, 86_400, Step.REMOVE),
    ],
)
def test_u03_u05_what_nobody_came_back_for(name: str, closed: bool, age_s: int, step: Step) -> None:
    now = START + timedelta(seconds=age_s)
    assert step_for(entry(name, closed=closed), Settings(), now=now) is step
    assert step_for(entry(name, closed=closed, busy=True), Settings(), now=now) is Step.LEAVE


def test_u05_short_times_are_looked_at_often() -> None:
    assert pause_s(Settings()) == 30
    assert pause_s(Settings(unusable_name_wait_s=5)) == 0.5
    assert pause_s(Settings(unusable_name_wait_s=0)) == 0.2
