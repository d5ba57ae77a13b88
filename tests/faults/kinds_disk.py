"""Kinds of faults that come from the disk: errors at each operation, a full disk, power cuts."""

import errno
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.customer import LOST, Answer, Sent
from tests.faults.disks import Disk, Ext4, Memory, why_not
from tests.faults.preload import Action, Plan, Touch
from tests.faults.trials import Result, break_everywhere, enter, fires, first_file, second_file, tell
from tests.faults.world import Resident, Workshop, World, open_world

ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}
FAILING = Touch.WRITE | Touch.SYNC | Touch.CREATE | Touch.RENAME | Touch.MKDIR | Touch.TRUNCATE
CHANGING = Touch.SYNC | Touch.RENAME | Touch.UNLINK | Touch.MKDIR | Touch.CREATE | Touch.LINK
# After these nothing may be tried again, so that the daemon has to end; after all others it has to go on.
ENDING = ("rosterdrop.sqlite", "/queue", " /")
ENDS_S = 30.0  # its last words, its workers and its helpers included
ASKED_AGAIN_S = 1.5  # how much room there is, is asked now and then
LEFT_KIB = (0, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


def fail_once(world: World, plan: Plan) -> tuple[str, list[str]] | None:
    """One operation fails: the daemon heals without a restart, or, after a failed sync, ends and heals with one."""
    resident = enter(world)
    world.preload.arm(plan)
    tell(resident.customer, resident.id)
    if not fires(world, resident):
        world.preload.disarm()
        return None
    what = world.preload.what
    where = f"{plan.at}, {what}"
    found: list[str] = []
    has_ended = wait_for_rest(world, resident)
    if must_end(what) and not has_ended:
        has_ended = world.daemon.ends_within(ENDS_S)
        if not has_ended:
            found.append("the daemon goes on after a sync failed")
    if has_ended:
        status = world.daemon.exit_status
        if "sync" not in what or not any(part in what for part in ENDING):
            found.append(f"the daemon ended: {world.daemon.log_text()[-800:]}")
        if status in (0, None) or status < 0:
            found.append(f"the daemon ended with status {status}")
        doubt(resident.customer.sent)
        world.heal()
    world.preload.disarm()
    return where, [
        *found,
        *(world.probe(resident) or world.settle(resident, mails=False) or world.check(resident, mails=False)),
    ]


def must_end(what: str) -> bool:
    """Whether nobody knows after this failure what is on the disk: a sync of the database or of a queue."""
    call, _, path = what.partition(" ")
    return "sync" in call and ("rosterdrop.sqlite" in path or path.endswith("/queue"))


def wait_for_rest(world: World, resident: Resident) -> bool:
    """Wait until all has come to rest, or the daemon has ended; return whether it has."""
    world.settle(resident, mails=False)
    if "server.failed" in world.daemon.log_text():
        world.daemon.wait_for_end()
    return not world.daemon.is_alive


def doubt(sent: list[Sent]) -> None:
    """What a daemon that was about to end refused is not certain: the file may lie in the queue already."""
    for one in sent:
        if one.answer is Answer.REFUSED:
            one.answer = Answer.UNKNOWN


def errors(workshop: Workshop, result: Result, *, name: str, points: Iterator[int]) -> None:
    """Each operation of the story fails once, with this error."""

    def plan(number: int) -> Plan:
        return Plan(action=Action.FAIL, at=number, touches=FAILING, error=ERRORS[name])

    break_everywhere(
        workshop, result, plan, name=f"errors-{name}-{next(_LANES)}", points=points, once=fail_once
    )


def short_writes(workshop: Workshop, result: Result, *, points: Iterator[int]) -> None:
    """A write takes the first half and says so: the caller has to go on."""

    def plan(number: int) -> Plan:
        return Plan(action=Action.SHORT, at=number, touches=Touch.WRITE)

    break_everywhere(workshop, result, plan, name=f"short-{next(_LANES)}", points=points, once=fail_once)


def power_cuts(
    workshop: Workshop, result: Result, *, action: Action, points: Iterator[int], match: str = ""
) -> None:
    """The power of an ext4 goes at an operation; what was not synced is lost."""
    if (reason := why_not(workshop.folder)) is not None:
        result.skipped = reason
        return

    def plan(number: int) -> Plan:
        return Plan(action=action, at=number, touches=CHANGING, match=match)

    break_everywhere(
        workshop,
        result,
        plan,
        name=f"power-{next(_LANES)}",
        points=points,
        new_disk=lambda place: Ext4(place=place),
    )


def full_disk(workshop: Workshop, result: Result) -> None:
    """A small disk is full when the story begins, is emptied in its middle, and nobody starts anything again."""
    began = time.monotonic()
    if (reason := why_not(workshop.folder)) is not None:
        result.skipped = reason
        return

    def new_disk(place: Path) -> Disk:
        return Memory(place=place, size_kib=24 << 10)

    with open_world(workshop, "full-disk", new_disk=new_disk, residents=len(LEFT_KIB) + 1) as world:
        for left in LEFT_KIB:
            result.add(f"{left} KiB left", _fill_and_empty(world, left << 10))
        result.violations += [f"{result.kind}, at the end: {text}" for text in world.last_look()]
    result.seconds += time.monotonic() - began


def _fill_and_empty(world: World, left_bytes: int) -> list[str]:
    assert isinstance(world.disk, Memory)
    resident = enter(world)
    ballast = world.data / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while (room := world.disk.free_bytes - left_bytes) > 0:
            try:
                file.write(bytes(min(room, 65_536)))
            except OSError:
                break
    tell(resident.customer, resident.id)
    time.sleep(1.0)  # let what was accepted meet the full disk
    try:
        with resident.customer.session() as wire:
            resident.customer.put(wire, "users.csv", first_file(f"{resident.id} again"))
            resident.customer.put(wire, "users.csv", second_file(f"{resident.id} again"))
    except LOST:
        pass
    if not world.daemon.is_alive:
        return [f"the daemon ended: {world.daemon.log_text()[-800:]}"]
    ballast.unlink()
    time.sleep(ASKED_AGAIN_S)
    return world.probe(resident) or world.settle(resident, mails=False) or world.check(resident, mails=False)


_LANES = itertools.count()
