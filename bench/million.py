"""A million rows: linear in time, bounded in memory, and nobody else waits: sessions, and another organization's files.

Each file is imported twice in daemons of their own: alone, and while another organization uploads files of 1,000 rows
one after the other, from the acceptance of the large one until it is filed.
"""

import asyncio
import math
import time
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from bench import figures, goals, processes
from bench.filings import Filings
from bench.goals import Part, Table
from bench.ground import Ground
from bench.imports import CHANGED, FIRST, OURS, SAME, Measured, Taken, rosters, scaling_table
from bench.imports import ours as import_all
from bench.latency import daily_files
from bench.rosters import write_roster
from bench.service import Service, service
from bench.session import round_trips, upload
from tests.acceptance.daemon import Organization

TITLE = "A million rows"
MIB = 1 << 20
MEMORY_MIB = 300
ROUND_TRIP_MS = 50
WITHIN_S = {FIRST: 20, CHANGED: 1}
LINEAR = 0.9  # rows a second of the tenth part, at least
SMALL_ROWS = 1_000
PAUSE_S = 0.1


@dataclass(slots=True)
class Seen:
    """What was seen while one large file was imported."""

    seconds: float
    memory: processes.Memory
    round_trips: list[float]
    daily: list[float]
    first: list[float]


def measure(ground: Ground, part: Part) -> None:
    """Import alone, then beside others."""
    rows = ground.sizes.million
    with ground.place() as place:
        files = rosters(place.folder, rows)
        tenth: Measured = {}
        with service(ground) as running:
            import_all(tenth, running, rosters(place.folder, rows // 10))
        alone, beside = (_all(ground, part, files, busy=busy) for busy in (False, True))
    _judge_alone(part, rows, alone, tenth)
    for state, seen in (("alone", alone), ("beside another organization's files", beside)):
        _judge(part, rows, state, seen)
    for name, within_s in WITHIN_S.items():
        _judge_others(part, rows, name, beside, within_s)
    part.tables.append(_table(rows, alone, beside))
    part.scaling.append(_by_rows(rows, alone))


def _by_rows(rows: int, alone: dict[str, Seen]) -> Table:
    found: Measured = {(OURS, name): Taken(wall_s=[seen.seconds]) for name, seen in alone.items()}
    return scaling_table("By rows, a million", {rows: found})


def _all(ground: Ground, part: Part, files: dict[str, Path], *, busy: bool) -> dict[str, Seen]:
    seen = {}
    with service(ground) as running:
        large, small, new = (running.daemon.add(name) for name in ("Large", "Small", "New"))
        contents = daily_files(running.folder, rows=SMALL_ROWS)
        with Filings(large.folder) as filings, Filings(small.folder) as small_filings:
            asyncio.run(_small(running, small, small_filings, contents[0]))
            for name, path in files.items():
                others = Others(running, small, small_filings, contents, new) if busy else None
                seen[name] = asyncio.run(_large(running, large, filings, path, others))
                print(
                    f"million: {name}{' beside others' if busy else ''}: {seen[name].seconds:.2f} s",
                    flush=True,
                )
    return seen


async def _small(running: Service, small: Organization, filings: Filings, content: bytes) -> None:
    async with running.session(small) as sftp:
        await upload(sftp, "/local/small.csv", content)
        await asyncio.to_thread(filings.next)


class Others:
    """Another organization that uploads while a large file is imported: daily files, and first loads of strangers."""

    def __init__(
        self,
        running: Service,
        small: Organization,
        filings: Filings,
        contents: tuple[bytes, bytes],
        new: Organization,
    ) -> None:
        self._running, self._small, self._new = running, small, new
        self._filings, self._contents = filings, contents
        self.daily: list[float] = []
        self.first: list[float] = []

    async def go_on(self, until: asyncio.Event) -> None:
        """Send daily files to one organization, and files of people whom nobody knows to another."""
        async with self._running.session(self._small) as small, self._running.session(self._new) as new:
            with Filings(self._new.folder) as filings:
                number = 0
                while not until.is_set():
                    number += 1
                    content = self._contents[number % 2]
                    self.daily.append(await _sent(small, self._filings, f"daily-{number}.csv", content))
                    self.first.append(await _sent(new, filings, f"new-{number}.csv", self._strangers(number)))
                    await asyncio.sleep(PAUSE_S)

    def _strangers(self, number: int) -> bytes:
        """Return a first load's worth of people, new in each file."""
        path = self._running.folder / "strangers.csv"
        if number == 1:
            write_roster(path, rows=SMALL_ROWS)
        return path.read_bytes().replace(b"@mavericks.example", f"@new-{number}.example".encode())


async def _sent(sftp: asyncssh.SFTPClient, filings: Filings, name: str, content: bytes) -> float:
    answered = await upload(sftp, f"/local/{name}", content)
    filed = await asyncio.to_thread(filings.next)
    return max(0.0, filed.filed - answered)


async def _large(
    running: Service, large: Organization, filings: Filings, path: Path, others: Others | None
) -> Seen:
    done, memory = asyncio.Event(), processes.Memory(running.daemon.pid)
    async with running.session(large) as sftp, running.session(large) as asking:
        with memory:
            await sftp.put(str(path), f"/local/{path.name}")
            async with asyncio.TaskGroup() as group:
                trips = group.create_task(round_trips(asking, "/local", done))
                if others is not None:
                    group.create_task(others.go_on(done))
                filed = await asyncio.to_thread(filings.next)
                done.set()
            await asyncio.to_thread(time.sleep, 1.0)  # what comes after: a checkpoint
    return Seen(
        seconds=filed.seconds,
        memory=memory,
        round_trips=trips.result(),
        daily=others.daily if others else [],
        first=others.first if others else [],
    )


def _judge_alone(part: Part, rows: int, alone: dict[str, Seen], tenth: Measured) -> None:
    for name in (FIRST, CHANGED):
        small = rows // 10 / figures.median(tenth[OURS, name].wall_s)
        large = rows / alone[name].seconds
        part.findings.append(
            goals.above(
                f"{rows:,} rows, {name}: linear, rows a second ({large:,.0f}) as a share of those of "
                f"{rows // 10:,} rows ({small:,.0f})",
                value=large / small,
                limit=LINEAR,
                unit="x",
            )
        )


def _judge(part: Part, rows: int, state: str, seen: dict[str, Seen]) -> None:
    most = max(one.memory.resident for one in seen.values()) / MIB
    part.findings.append(
        goals.below(
            f"{rows:,} rows, {state}: all processes together", value=most, limit=MEMORY_MIB, unit="MiB"
        )
    )
    longest = max(max(one.round_trips, default=0.0) for one in seen.values()) * 1000
    part.findings.append(
        goals.below(
            f"{rows:,} rows, {state}: another session's round trip, most",
            value=longest,
            limit=ROUND_TRIP_MS,
            unit="ms",
        )
    )


def _judge_others(part: Part, rows: int, name: str, beside: dict[str, Seen], within_s: float) -> None:
    """Rule U7: say how long another organization's 1,000 rows took while the large file was imported."""
    found = [*beside[name].daily, *beside[name].first]
    part.findings.append(
        goals.below(
            f"beside {rows:,} rows, {name}: {SMALL_ROWS:,} rows of another organization, the slowest of {len(found)}",
            value=max(found, default=math.inf),
            limit=within_s,
            unit="s",
        )
    )


def _table(rows: int, alone: dict[str, Seen], beside: dict[str, Seen]) -> Table:
    found = [("alone", alone), ("beside", beside)]
    return Table(
        title=f"{rows:,} rows, alone and beside another organization's files",
        columns=(
            "file", "", "seconds", "rows a second", "RSS, MiB", "PSS, MiB",
            "STAT ms, median", "99 %", "most", "daily file s, median", "most", "first load s, median", "most",
        ),
        rows=tuple(
            (
                name, state, f"{one.seconds:.2f}", f"{rows / one.seconds:,.0f}",
                f"{one.memory.resident / MIB:.0f}", f"{one.memory.proportional / MIB:.0f}",
                *(f"{figures.percentile(one.round_trips or [0.0], percent) * 1000:.1f}" for percent in (50, 99, 100)),
                *(
                    f"{figures.percentile(late, percent):.2f}" if late else ""
                    for late in (one.daily, one.first) for percent in (50, 100)
                ),
            )
            for name in (FIRST, CHANGED, SAME) for state, seen in found for one in (seen[name],)
        ),
    )  # fmt: skip
