"""Kinds of faults that come from outside: a daemon that is stopped, a network that breaks, a clock that jumps."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator

from tests.acceptance.cutting import cut_after
from tests.faults.customer import Answer
from tests.faults.kinds_kill import roster
from tests.faults.preload import Action, Plan, Touch
from tests.faults.trials import Result, break_everywhere, enter, fires, first_file, second_file, tell
from tests.faults.world import Workshop, World, open_world

STOPPED_S = 0.3
YEAR_S = 365 * 86_400
JUMPS_S = (YEAR_S, 0, -YEAR_S, 0, YEAR_S, -YEAR_S, YEAR_S, 0)
CUTS_BYTES = (*range(1_500, 5_500, 250), *range(5_500, 24_000, 1_000))


def stops(workshop: Workshop, result: Result, *, points: Iterator[int]) -> None:
    """SIGSTOP of all processes at an operation, SIGCONT a moment later: nobody notices anything."""
    break_everywhere(
        workshop,
        result,
        lambda at: Plan(action=Action.STOP, at=at),
        name=f"stop-{next(_LANES)}",
        points=points,
        once=_stop,
    )


def _stop(world: World, plan: Plan) -> tuple[str, list[str]] | None:
    resident = enter(world)
    over = threading.Event()
    waker = threading.Thread(target=_wake, args=(world, over))
    waker.start()
    try:
        world.preload.arm(plan)
        tell(resident.customer, resident.id)
        if not fires(world, resident):
            world.preload.disarm()
            return None
        found = [
            f"{one.name} was {one.answer.value}"
            for one in resident.customer.sent
            if one.answer is not Answer.OK and one.name != "half.csv"
        ]
        where = f"{plan.at}, {world.preload.what}"
        found += world.probe(resident) or world.settle(resident) or world.check(resident)
        return where, found
    finally:
        over.set()
        waker.join()


def _wake(world: World, over: threading.Event) -> None:
    """Let it go on when it has been stopped for a moment."""
    while not over.wait(0.01):
        if world.preload.fired:
            time.sleep(STOPPED_S)
            os.killpg(world.daemon.pid, signal.SIGCONT)
            return


def broken_networks(workshop: Workshop, result: Result) -> None:
    """The connection breaks after so many bytes, in the handshake, in a file, at its CLOSE; then it comes back."""
    began = time.monotonic()
    with open_world(workshop, "network", residents=len(CUTS_BYTES)) as world:
        for size_bytes in CUTS_BYTES:
            resident = enter(world)
            customer = resident.customer
            files = [roster(resident.id, number) for number in (1, 2)]
            with cut_after(size_bytes, port=world.daemon.port) as cutter:
                customer.port = cutter.port
                for data in files:
                    customer.put_alone("users.csv", data)
            customer.port = world.daemon.port
            unsure = [one for one in customer.sent if one.answer is not Answer.OK]
            found = [] if unsure else ["the network did not break"]
            found += world.probe(resident) or world.settle(resident) or world.check(resident)
            result.add(f"after {size_bytes} bytes", found)
        result.violations += [f"{result.kind}, at the end: {text}" for text in world.last_look()]
    result.seconds += time.monotonic() - began


def clock_jumps(workshop: Workshop, result: Result) -> None:
    """Killed with files in the queue and mails in the outbox, it starts again a year later or earlier."""
    began = time.monotonic()
    kills = (
        Plan(action=Action.KILL_AFTER, at=2, touches=Touch.RENAME, match="/queue/"),
        Plan(action=Action.KILL_BEFORE, at=1, touches=Touch.CREATE, match="/mail/tmp/"),
    )
    with open_world(workshop, "clock", residents=len(JUMPS_S) * len(kills) + 1) as world:
        old = enter(world)  # lives through all of it
        for number, (jump_s, kill) in enumerate(itertools.product(JUMPS_S, kills)):
            resident = enter(world)
            old.customer.port = world.daemon.port
            old.customer.put_alone("users.csv", first_file(f"old {number}"))
            world.settle(old, mails=False)
            world.preload.arm(kill)
            tell(resident.customer, resident.id)
            fires(world, resident)
            world.daemon.environment["ROSTERDROP_TEST_NOW_OFFSET_S"] = str(jump_s)
            world.heal()
            found = world.probe(resident) or world.settle(resident) or world.check(resident)
            result.add(f"{jump_s / YEAR_S:+g} years, {world.preload.what or 'the queue is full'}", found)
        old.customer.put_alone("users.csv", second_file("old"))
        found = world.settle(old, mails=False) or world.check(old, mails=False)
        result.violations += [f"{result.kind}, through all jumps: {text}" for text in found]
    result.seconds += time.monotonic() - began


_LANES = itertools.count()
