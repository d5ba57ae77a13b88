"""Thousands of organizations: how long the start takes, what idling costs, whether a drop is as fast as with one."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import figures, goals, many_organizations, processes
from bench.filings import Filings
from bench.goals import Part, Table
from bench.ground import Ground
from bench.latency import daily_files, latencies
from bench.service import Service, new_daemon
from tests.acceptance.daemon import Organization

TITLE = "Many organizations"
START_S = 3
IDLE_PERCENT = 2
AS_FAST = 1.2  # times as long as with one, at most: what runs of the same differ by
SENDERS = 5  # organizations, spread over all, that upload daily files
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen with a number of organizations."""

    start_s: float
    idle_percent: float
    idle: processes.Memory
    late: list[float]


def measure(ground: Ground, part: Part) -> None:
    """Measure the numbers one after the other, and judge the largest."""
    found = {}
    for count in ground.sizes.organizations:
        found[count] = _with(ground, count)
        print(f"organizations: {count:,} done, start {found[count].start_s:.2f} s", flush=True)
    most = max(found)
    one, many = found[min(found)], found[most]
    work = f"{most:,} organizations"
    part.findings += [
        goals.below(f"{work}: start", value=many.start_s, limit=START_S, unit="s"),
        goals.below(f"{work}: CPU while idle", value=many.idle_percent, limit=IDLE_PERCENT, unit="% of one"),
        goals.below(
            f"{work}: a daily file of 1,000 rows, CLOSE to filed, median ({_ms(many.late, 50)} ms), as times of that "
            f"with one ({_ms(one.late, 50)} ms)",
            value=figures.median(many.late) / figures.median(one.late),
            limit=AS_FAST,
            unit="x",
        ),
    ]
    part.scaling.append(_table(found))


def _with(ground: Ground, count: int) -> Seen:
    with _daemon(ground, count) as (running, start_s):
        time.sleep(ground.sizes.settle_s)
        cpu_s, began = running.cpu_s(), time.monotonic()
        memory = processes.Memory(running.daemon.pid)
        with memory:
            time.sleep(ground.sizes.idle_s)
        percent = (running.cpu_s() - cpu_s) / (time.monotonic() - began) * 100
        late = asyncio.run(_uploads(running, count, files=ground.sizes.daily_files // 2))
    return Seen(start_s=start_s, idle_percent=percent, idle=memory, late=late)


@contextmanager
def _daemon(ground: Ground, count: int) -> Iterator[tuple[Service, float]]:
    """Start a daemon with so many organizations, and say how long that took."""
    with ground.place() as place:
        daemon = new_daemon(place.folder)
        command = [sys.executable, "-m", "bench.many_organizations", str(daemon.data), str(count)]
        subprocess.run(command, check=True, capture_output=True)
        began = time.monotonic()
        daemon.start()
        start_s = time.monotonic() - began
        try:
            yield Service(daemon, place.folder), start_s
        finally:
            with contextlib.suppress(AssertionError):
                daemon.stop()


async def _uploads(running: Service, count: int, *, files: int) -> list[float]:
    """Upload daily files to some of them, one after the other; each one's first file is not counted."""
    senders = min(SENDERS, count)
    contents, found = daily_files(running.folder), []
    for sender in range(senders):
        number = sender * (count - 1) // max(senders - 1, 1)
        organization = _organization(running.daemon.data, number)
        async with running.session(organization) as sftp:
            with Filings(organization.folder) as filings:
                found += await latencies(sftp, filings, contents, count=files // senders)
    return found


def _organization(data: Path, number: int) -> Organization:
    name = many_organizations.org_id(number)
    return Organization(
        name, many_organizations.username(number), many_organizations.PASSWORD, data / "orgs" / name
    )


def _ms(found: list[float], percent: float) -> str:
    return f"{figures.percentile(found, percent) * 1000:.1f}"


def _table(found: dict[int, Seen]) -> Table:
    return Table(
        title="By organizations",
        text="A fresh start; idle CPU in percent of one processor; then daily files of 1,000 rows to five of "
        "them, milliseconds from the answer to CLOSE to filed.",
        columns=("organizations", "start", "idle CPU", "idle RSS, MiB", "PSS, MiB", "median", "99 %", "most"),
        rows=tuple(
            (
                f"{count:,}",
                figures.seconds(seen.start_s),
                f"{seen.idle_percent:.2f} %",
                f"{seen.idle.resident / MIB:.0f}",
                f"{seen.idle.proportional / MIB:.0f}",
                *(_ms(seen.late, percent) for percent in (50, 99, 100)),
            )
            for count, seen in found.items()
        ),
    )
