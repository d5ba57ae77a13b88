"""Kinds of faults that come from kills: at each operation, in the middle of a write, of one process, while it heals."""

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.preload import ALL, Action, Plan, Touch
from tests.faults.trials import HEADER, Result, break_everywhere, enter, fires, tell
from tests.faults.world import Resident, Workshop, World, open_world

ROWS = 150
SEED = 20_261_124


def kills(
    workshop: Workshop, result: Result, *, action: Action, points: Iterator[int], match: str = ""
) -> None:
    """Kill -9 of all processes of the daemon at each operation of the story."""
    touches = Touch.WRITE if action is Action.TORN else ALL

    def plan(at: int) -> Plan:
        return Plan(action=action, at=at, touches=touches, match=match)

    break_everywhere(workshop, result, plan, name=f"{action.name.lower()}-{next(_LANES)}", points=points)


def kills_of_one(workshop: Workshop, result: Result, *, points: Iterator[int]) -> None:
    """Kill -9 of the one process that is about to touch a file: worker or daemon."""
    break_everywhere(
        workshop,
        result,
        lambda at: Plan(action=Action.KILL_ONE, at=at),
        name=f"one-{next(_LANES)}",
        points=points,
        once=_kill_one,
    )


def _kill_one(world: World, plan: Plan) -> tuple[str, list[str]] | None:
    resident = enter(world)
    daemon = world.daemon.pid
    world.preload.arm(plan, trace=True)
    tell(resident.customer, resident.id)
    if not fires(world, resident):
        world.preload.disarm()
        return None
    victim = int(next(line[1] for line in world.preload.traced()[::-1] if line[0] == str(plan.at)))
    where = f"{plan.at}, {world.preload.what}"
    world.preload.disarm()
    if victim == daemon:
        world.heal()
    return where, world.probe(resident) or world.settle(resident) or world.check(resident)


def kills_while_healing(workshop: Workshop, result: Result, *, points: Iterator[int]) -> None:
    """Two accepted files lie in the queue; the start that would heal is killed, too, at each operation."""
    began = time.monotonic()
    number = next(points)
    for batch in itertools.count():
        with open_world(workshop, f"healing-{next(_LANES)}-{batch}", residents=4) as world:
            while not world.is_used_up:
                resident = enter(world)
                world.preload.arm(
                    Plan(action=Action.KILL_AFTER, at=2, touches=Touch.RENAME, match=f"{resident.id}/queue/")
                )
                tell(resident.customer, resident.id)
                assert world.preload.fired, "the second file was not accepted"
                world.daemon.reap()
                world.preload.arm(Plan(action=Action.KILL_BEFORE, at=number))
                world.daemon.begin()
                if not fires(world, resident):
                    break
                where = f"{number}, {world.preload.what}"
                world.heal()
                result.add(where, world.probe(resident) or world.settle(resident) or world.check(resident))
                number = next(points)
            else:
                continue
            break
    result.seconds += time.monotonic() - began


@dataclass(kw_only=True)
class Sender:
    """A customer that sends one file after the other, whatever becomes of them."""

    resident: Resident
    ended: threading.Event
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        for number in itertools.count():
            if self.ended.is_set():
                return
            self.resident.may_keep.add(name := f"users{number}.csv")
            sent = self.resident.customer.put_alone(name, roster(self.resident.id, number))
            if not sent.answered_at:
                self.ended.wait(0.2)


def roster(mark: str, number: int) -> bytes:
    """The same people again and again, a part of them changed, some new."""
    people = (
        f"p{person}@x.example,Pat,{mark} {number if person % 5 == number % 5 else 0},Team {person % 7},,{person}\n"
        for person in range(number * 5, number * 5 + ROWS)
    )
    return "".join((HEADER, *people)).encode()


def kills_under_load(workshop: Workshop, result: Result, *, rounds: int, senders: int = 4) -> None:
    """Several organizations send at once; at random moments all is killed, or one process of it."""
    began = time.monotonic()
    pick = random.Random(SEED)
    with open_world(workshop, "load", residents=senders) as world:
        ended = threading.Event()
        running = [Sender(resident=world.new_resident(), ended=ended) for _ in range(senders)]
        for sender in running:
            sender.resident.may_keep.add("")
        for _ in range(rounds):
            time.sleep(pick.uniform(0.3, 2.5))
            found: list[str] = []
            if pick.random() < 0.3 and (workers := world.daemon.workers()):
                _kill(pick.choice(workers))
            else:
                world.daemon.kill_all()
                world.start()
            result.add("a random moment", found)
        ended.set()
        for sender in running:
            sender.thread.join()
        for sender in running:
            found = world.probe(sender.resident) or world.settle(sender.resident, mails=False)
            found = found or world.check(sender.resident, mails=False)
            result.violations += [f"{result.kind}, {sender.resident.id}: {text}" for text in found]
    result.seconds += time.monotonic() - began


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


_LANES = itertools.count()
