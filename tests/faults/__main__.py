"""`make faults`: every kind of fault at every point, side by side on two cores; prints points tried and violations."""

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.faults import kinds_disk, kinds_drop_ins, kinds_kill, kinds_mail, kinds_outside
from tests.faults.preload import Action
from tests.faults.trials import Result
from tests.faults.world import Workshop

LANES = 2
WAL = "rosterdrop.sqlite-wal"

Job = Callable[[Workshop, Result], None]


def every(step: int = 1, first: int = 1) -> Iterator[int]:
    """Points to break at, from the first one on."""
    return itertools.count(first, step)


def shares(job: Callable[..., None], *, step: int, **options: object) -> list[Job]:
    """The same kind on all lanes, each with its part of the points; `step` 2 leaves out each second one."""
    return [partial(job, points=every(step * LANES, 1 + step * lane), **options) for lane in range(LANES)]


def kinds(each: int) -> dict[str, list[Job]]:
    """All kinds of faults; the pages of the write-ahead log are many and alike, so that some are left out.

    With `each` 4 each fourth point is tried.
    """

    def shared(job: Callable[..., None], *, step: int = 1, **options: object) -> list[Job]:
        return shares(job, step=step * each, **options)

    kills, cuts, errors = kinds_kill.kills, kinds_disk.power_cuts, kinds_disk.errors
    return {
        "kill -9 before each operation": [
            *shared(kills, action=Action.KILL_BEFORE, match=f"!{WAL}"),
            *shared(kills, action=Action.KILL_BEFORE, match=WAL, step=3),
        ],
        "kill -9 after each operation": [
            *shared(kills, action=Action.KILL_AFTER, match=f"!{WAL}", step=2),
            *shared(kills, action=Action.KILL_AFTER, match=WAL, step=5),
        ],
        "kill -9 in the middle of a write": [
            *shared(kills, action=Action.TORN, match=f"!{WAL}"),
            *shared(kills, action=Action.TORN, match=WAL, step=3),
        ],
        "kill -9 of one process": shared(kinds_kill.kills_of_one, step=5),
        "kill -9 while it heals": shared(kinds_kill.kills_while_healing, step=8),
        "kill -9 at random under load": [partial(kinds_kill.kills_under_load, rounds=30)],
        "no space (ENOSPC)": shared(errors, name="ENOSPC"),
        "failing disk (EIO)": shared(errors, name="EIO"),
        "short writes": shared(kinds_disk.short_writes, step=3),
        "full disk, emptied again": [kinds_disk.full_disk],
        "SIGSTOP at an operation": shared(kinds_outside.stops, step=12),
        "network breaks": [kinds_outside.broken_networks],
        "clock jumps by a year": [kinds_outside.clock_jumps],
        "bad mail servers": [kinds_mail.bad_mail_servers, kinds_mail.bad_certificates],
        "files in local/: kill -9": shared(kinds_drop_ins.kills, match=f"!{WAL}", step=2),
        "files in local/, another disk: kill -9": shared(
            kinds_drop_ins.kills_across, match=f"!{WAL}", step=3
        ),
        "power cut before each operation": shared(cuts, action=Action.CUT_BEFORE),
        "power cut after each operation": shared(cuts, action=Action.CUT_AFTER, step=3),
    }


def run(workshop: Workshop, chosen: dict[str, list[Job]]) -> list[Result]:
    """Run the jobs of the kinds, as many at once as there are lanes."""
    results = {kind: Result(kind=kind) for kind in chosen}
    with ThreadPoolExecutor(LANES) as lanes:
        running = [
            (kind, lanes.submit(job, workshop, results[kind]))
            for kind, jobs in chosen.items()
            for job in jobs
        ]
        for kind, job in running:
            try:
                job.result()
            except Exception as exc:  # noqa: BLE001  what stops the harness is a failure of that kind
                results[kind].violations.append(f"{kind}: the harness stopped: {type(exc).__name__}: {exc}")
            result = results[kind]
            said = f"... {kind}: {result.points} points, {len(result.violations)} violations so far"
            print(said, file=sys.stderr, flush=True)
    return list(results.values())


def main() -> int:
    """Run all kinds, or those whose name holds a word, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("words", nargs="*", help="only kinds whose name holds one of these words")
    parser.add_argument("--each", type=int, default=1, metavar="N", help="try only each Nth point")
    arguments = parser.parse_args()
    words = arguments.words
    chosen = {
        kind: jobs
        for kind, jobs in kinds(arguments.each).items()
        if not words or any(word in kind for word in words)
    }
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="rosterdrop-faults-"))
    try:
        results = run(Workshop.in_folder(folder), chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for result in results:
        for text in result.violations:
            print(text)
    print(f"\n{'kind of fault':40} {'points':>7} {'violations':>11}")
    for result in results:
        note = f"  left out: {result.skipped}" if result.skipped else ""
        print(f"{result.kind:40} {result.points:7} {len(result.violations):11}{note}")
    points = sum(result.points for result in results)
    broken = sum(len(result.violations) for result in results)
    print(f"{'all':40} {points:7} {broken:11}  in {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
