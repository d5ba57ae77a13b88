"""A sample of `make faults`: the points where most is at stake, in the time that a test may take (U2, U7, N3, O6)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.faults.disks import Ext4, require_disks
from tests.faults.kinds_disk import ERRORS, fail_once
from tests.faults.preload import Action, Plan, Touch
from tests.faults.trials import break_once
from tests.faults.world import Workshop, World, open_world

pytestmark = pytest.mark.faults

WAL = "rosterdrop.sqlite-wal"
KILLS = {
    "before it enters the queue": Plan(
        action=Action.KILL_BEFORE, at=1, touches=Touch.RENAME, match="/queue/"
    ),
    "before the queue is synced": Plan(action=Action.KILL_AFTER, at=2, touches=Touch.RENAME, match="/queue/"),
    "in the middle of a commit": Plan(action=Action.TORN, at=40, touches=Touch.WRITE, match=WAL),
    "after a commit is synced": Plan(action=Action.KILL_AFTER, at=3, touches=Touch.SYNC, match=WAL),
    "in the middle of a report": Plan(action=Action.TORN, at=1, touches=Touch.WRITE, match="report.html"),
    "when the bytes are filed": Plan(action=Action.KILL_AFTER, at=2, touches=Touch.RENAME, match="archive/"),
    "before a queue's folder goes": Plan(
        action=Action.KILL_BEFORE, at=3, touches=Touch.UNLINK, match="/queue/"
    ),
}
FAILURES = {
    "an upload's bytes": Plan(action=Action.FAIL, at=1, touches=Touch.WRITE, match="/data"),
    "an upload's sync": Plan(action=Action.FAIL, at=1, touches=Touch.SYNC, match="/data"),
    "the entry of the queue": Plan(action=Action.FAIL, at=1, touches=Touch.RENAME, match="/queue/"),
    "the queue's sync": Plan(action=Action.FAIL, at=1, touches=Touch.SYNC, match="/queue"),
    "a page of the database": Plan(action=Action.FAIL, at=30, touches=Touch.WRITE, match=WAL),
    "a commit": Plan(action=Action.FAIL, at=3, touches=Touch.SYNC, match=WAL),
    "the report": Plan(action=Action.FAIL, at=1, touches=Touch.WRITE, match="report.html"),
    "the filing": Plan(action=Action.FAIL, at=2, touches=Touch.RENAME, match="archive/"),
    "the mail": Plan(action=Action.FAIL, at=1, touches=Touch.SYNC, match="/mail/"),
}
CUTS = {
    "before the queue is synced": Plan(action=Action.CUT_BEFORE, at=2, touches=Touch.SYNC, match="/queue"),
    "after a commit is synced": Plan(action=Action.CUT_AFTER, at=3, touches=Touch.SYNC, match=WAL),
    "when the bytes are filed": Plan(action=Action.CUT_AFTER, at=2, touches=Touch.RENAME, match="archive/"),
}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.in_folder(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def world(workshop: Workshop) -> Iterator[World]:
    with open_world(workshop, "sample", residents=len(KILLS) + len(FAILURES) + 2) as world:
        yield world
        assert world.last_look() == []


@pytest.fixture(scope="module")
def world_on_disk(workshop: Workshop) -> Iterator[World]:
    require_disks(workshop.folder)
    with open_world(
        workshop, "power", residents=len(CUTS), new_disk=lambda place: Ext4(place=place)
    ) as world:
        yield world
        assert world.last_look() == []


@pytest.mark.parametrize("moment", KILLS)
def test_u02_u07_r01_n03_a_kill_costs_nothing_that_was_accepted(world: World, moment: str) -> None:
    found = break_once(world, KILLS[moment])
    assert found is not None, "the operation was not met"
    assert found[1] == [], found[0]


@pytest.mark.parametrize("what", FAILURES)
def test_u02_u09_a_disk_that_fails_once_costs_nothing_that_was_accepted(world: World, what: str) -> None:
    plan = FAILURES[what]
    error = ERRORS["EIO" if plan.touches is Touch.SYNC else "ENOSPC"]
    found = fail_once(world, replace(plan, error=error))
    assert found is not None, "the operation was not met"
    assert found[1] == [], found[0]


@pytest.mark.parametrize("moment", CUTS)
def test_u02_n03_a_power_cut_costs_nothing_that_was_accepted(world_on_disk: World, moment: str) -> None:
    found = break_once(world_on_disk, CUTS[moment])
    assert found is not None, "the operation was not met"
    assert found[1] == [], found[0]
