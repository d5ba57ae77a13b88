"""One story again and again, broken at one operation on a file after the other."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.faults.customer import LOST, Customer
from tests.faults.preload import Action, Plan
from tests.faults.world import LOOK_EVERY_S, PATIENCE_S, NewDisk, Resident, Workshop, World, open_world

HEADER = "User Email,First Name,Last Name,Teams,Manager Email,Employee ID\n"
RESIDENTS = 40
ENDING = {Action.KILL_BEFORE, Action.KILL_AFTER, Action.TORN, Action.CUT_BEFORE, Action.CUT_AFTER}


@dataclass
class Result:
    """What came of a kind of fault."""

    kind: str
    points: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    skipped: str | None = None

    def add(self, where: str, found: list[str]) -> None:
        """Count one point."""
        self.points += 1
        self.violations += [f"{self.kind}, {where}: {text}" for text in found]


def first_file(mark: str) -> bytes:
    """Two people, a team, a manager."""
    return (
        f"{HEADER}ann@x.example,Ann,{mark},Ops,boss@x.example,007\nbob@x.example,Bob,{mark},Ops,,008\n"
    ).encode()


def second_file(mark: str) -> bytes:
    """A change, a new person, a row to refuse."""
    return (
        f"{HEADER}ann@x.example,Anna,{mark} 2,Dev,,007\nbad(at)x.example,Bad,{mark},,,\ncy@x.example,Cy,{mark},Ops,,9\n"
    ).encode()


def tell(customer: Customer, mark: str) -> None:
    """The story: an upload, one under a temporary name, one that nobody closes; a lost connection ends it."""
    try:
        with customer.session() as wire:
            customer.put(wire, "users.csv", first_file(mark))
            customer.put_renamed(wire, "users.csv", second_file(mark))
            customer.leave_open(wire, "half.csv", first_file(f"{mark} half"))
    except LOST:
        pass


def enter(world: World) -> Resident:
    """An organization for one telling of the story."""
    resident = world.new_resident()
    # A kill before its meta data leaves a folder without a name, which goes after a day (U3).
    resident.may_keep = {"half.csv", "users.csv", ""}
    return resident


def fires(world: World, resident: Resident) -> bool:
    """Wait until the fault has come, or all has come to rest without it."""
    until = time.monotonic() + PATIENCE_S
    while not world.preload.fired:
        if world.is_settled(resident) and not world.preload.fired:
            return False
        assert time.monotonic() < until, "neither the fault nor rest came"
        time.sleep(LOOK_EVERY_S)
    return True


def break_once(world: World, plan: Plan) -> tuple[str, list[str]] | None:
    """Tell the story with one fault in it; None if it was over before."""
    resident = enter(world)
    world.preload.arm(plan)
    tell(resident.customer, resident.id)
    if not fires(world, resident):
        world.preload.disarm()
        return None
    where = f"{plan.at}, {world.preload.what}"
    if plan.action in ENDING:
        world.heal()
    return where, world.probe(resident) or world.settle(resident) or world.check(resident)


def break_everywhere(
    workshop: Workshop,
    result: Result,
    plan: Callable[[int], Plan],
    *,
    name: str,
    points: Iterator[int] | None = None,
    once: Callable[[World, Plan], tuple[str, list[str]] | None] = break_once,
    most: int | None = None,
    new_disk: NewDisk | None = None,
) -> None:
    """Break the story at one point after the other until it comes to its end unbroken."""
    began = time.monotonic()
    numbers = points or itertools.count(1)
    number = next(numbers)
    for batch in itertools.count():
        with open_world(workshop, f"{name}-{batch}", residents=RESIDENTS, new_disk=new_disk) as world:
            while not world.is_used_up:
                found = once(world, plan(number))
                if found is None or (most is not None and result.points >= most):
                    break
                result.add(*found)
                number = next(numbers)
            else:
                result.violations += [f"{result.kind}, at the end: {text}" for text in world.last_look()]
                continue
            result.violations += [f"{result.kind}, at the end: {text}" for text in world.last_look()]
            break
    result.seconds += time.monotonic() - began
