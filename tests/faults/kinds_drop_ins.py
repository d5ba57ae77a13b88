"""Kinds of faults with files that an operator copies into `local/` (rule U8), also where that is another disk."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from tests.faults.customer import Answer, Sent
from tests.faults.disks import DiskError, run, why_not
from tests.faults.preload import Action, Plan
from tests.faults.trials import Result, break_everywhere, enter, fires, first_file, second_file
from tests.faults.world import Resident, Workshop, World


def kills(workshop: Workshop, result: Result, *, points: Iterator[int], match: str = "") -> None:
    """Kill -9 of all at each operation that makes a drop of a file in `local/`, and of its import."""

    def plan(at: int) -> Plan:
        return Plan(action=Action.KILL_BEFORE, at=at, match=match)

    break_everywhere(workshop, result, plan, name=f"drop-in-{next(_LANES)}", points=points, once=_kill)


def kills_across(workshop: Workshop, result: Result, *, points: Iterator[int], match: str = "") -> None:
    """The same where no rename leads out of `local/` (EXDEV): the file is copied."""
    if (reason := why_not(workshop.folder)) is not None:
        result.skipped = reason
        return

    def plan(at: int) -> Plan:
        return Plan(action=Action.KILL_BEFORE, at=at, match=match)

    break_everywhere(workshop, result, plan, name=f"across-{next(_LANES)}", points=points, once=_kill_across)


def _kill(world: World, plan: Plan) -> tuple[str, list[str]] | None:
    resident = enter(world)
    world.preload.arm(plan)
    for name, data in (("users.csv", first_file(resident.id)), ("more.csv", second_file(resident.id))):
        copy_in(world, resident, name, data)
    if not fires(world, resident):
        world.preload.disarm()
        return None
    where = f"{plan.at}, {world.preload.what}"
    world.heal()
    return where, world.probe(resident) or world.settle(resident) or world.check(resident)


def _kill_across(world: World, plan: Plan) -> tuple[str, list[str]] | None:
    resident = world.next_resident
    local, elsewhere = world.folder_of(resident) / "local", world.daemon.folder / f"{resident}-elsewhere"
    elsewhere.mkdir()
    run("mount", "--bind", elsewhere, local)
    try:
        return _kill(world, plan)
    finally:
        detach(local)


def detach(place: Path) -> None:
    """Take a mount away though somebody may still look into it."""
    try:
        run("umount", "--lazy", place)
    except DiskError:
        if os.path.ismount(place):
            raise


def copy_in(world: World, resident: Resident, name: str, data: bytes) -> None:
    """As an operator does: what is whole in `local/` is as good as accepted."""
    path = world.folder_of(resident) / "local" / name
    hidden = path.with_name(f".{name}")
    hidden.write_bytes(data)
    hidden.rename(path)
    resident.customer.sent.append(Sent(name=name, data=data, answer=Answer.OK))


_LANES = itertools.count()
