"""How fast files are imported: `make bench-import` measures and writes bench/RESULTS.md.

What is timed is the road of an accepted drop as a worker process takes it (processor/importing.py): read, plan, apply
in one transaction with `synchronous=FULL`, write the mail into the outbox, file away with report. The upload and the
start of processes are not in it. Each round has an empty database; what is shown is the median of the rounds.
"""

import argparse
import asyncio
import cProfile
import csv
import io
import os
import platform
import pstats
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import structlog

from bench.rosters import COLUMNS, CUSTOM_COLUMNS, write_roster
from core.clock import SystemClock, to_text
from core.database import Database, open_database
from core.inbox import Inbox, Origin
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization
from core.settings import Settings, load_settings
from processor.importing import Importer, quieten_collector

RESULTS = Path(__file__).with_name("RESULTS.md")
READER = "csv.reader alone"
FIRST = "first load"
CHANGED = "1 % changed"
SAME = "identical file"
GOALS = {FIRST: 25_000, CHANGED: 300_000}
ORG = "007"
LIBRARIES = ("sqlalchemy", "aiosqlite", "xxhash", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The three uploads of one organization."""

    first: Path
    changed: Path
    rows: int


@dataclass(slots=True)
class Spent:
    """Time that passed in a block, and what of it this process computed, all threads together."""

    seconds: float = 0
    cpu_s: float = 0

    def __enter__(self) -> "Spent":
        self.seconds, self.cpu_s = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.seconds, self.cpu_s = time.perf_counter() - self.seconds, time.process_time() - self.cpu_s


@dataclass(slots=True)
class Measured:
    """Seconds of each round, by what was done."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu_s: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, spent: "Spent") -> None:
        """Keep one round."""
        self.seconds.setdefault(name, []).append(spent.seconds)
        self.cpu_s.setdefault(name, []).append(spent.cpu_s)


async def measure(
    folder: Path, files: Files, measured: Measured, profiles: dict[str, cProfile.Profile]
) -> None:
    """One round on an empty database."""
    settings = load_settings(data_dir=folder, keys_dir=folder / "keys", min_free_disk_bytes=0)
    prepare_database(settings.database_path)
    async with open_database(settings.database_path) as database:
        send = await _organization(database, settings)
        with Spent() as spent, files.first.open(encoding="utf-8", newline="") as file:
            read = sum(1 for _ in csv.reader(file)) - 1
        measured.add(READER, spent)
        assert read == files.rows
        for name, path, expected in (
            (FIRST, files.first, {"users_created": files.rows}),
            (CHANGED, files.changed, {"users_updated": files.rows // 100}),
            (SAME, files.changed, {"users_unchanged": files.rows}),
        ):
            spent, counts = await send(path, profiles.get(name))
            measured.add(name, spent)
            found = {key: counts[key] for key in expected}
            assert found == expected, f"{name}: {counts}"
            await database.checkpoint()


Send = Callable[[Path, cProfile.Profile | None], Awaitable[tuple[Spent, dict[str, int]]]]


async def _organization(database: Database, settings: Settings) -> Send:
    clock = SystemClock(offset_s=0)
    inbox = Inbox(data_dir=settings.data_dir, clock=clock)
    inbox.prepare(ORG)
    async with database.writing() as connection:
        await add_organization(
            connection,
            org_id=ORG,
            name="Mavericks",
            username="Mavericks_007",
            password_hash="-",
            settings=OrganizationSettings(owner="owner@mavericks.example"),
            now=to_text(clock.now()),
        )
    importer = Importer(database=database, inbox=inbox, clock=clock, settings=settings)

    async def send(path: Path, profile: cProfile.Profile | None) -> tuple[Spent, dict[str, int]]:
        incoming = inbox.begin(org_id=ORG, name=path.name, origin=Origin(account="Mavericks_007"))
        incoming.data.write_bytes(path.read_bytes())
        drop = inbox.accept(incoming)
        with Spent() as spent, profile or nullcontext():
            record = await importer.process(drop)
        assert record.filed_as is not None
        return spent, record.counts.as_dict()

    return send


def table(measured: Measured, rows: int) -> str:
    """The result as a table."""
    lines = ["| what | seconds | CPU seconds | rows a second | goal |", "|---|---:|---:|---:|---:|"]
    for name in (READER, FIRST, CHANGED, SAME):
        seconds = statistics.median(measured.seconds[name])
        cpu_s = statistics.median(measured.cpu_s[name])
        goal = f"{GOALS[name]:,}" if name in GOALS else ""
        lines.append(f"| {name} | {seconds:.3f} | {cpu_s:.3f} | {rows / seconds:,.0f} | {goal} |")
    return "\n".join(lines)


def machine() -> str:
    """What it ran on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{cpu}, {os.cpu_count()} CPUs, Linux {platform.release()}; Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {libraries}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


def results(measured: Measured, rows: int, rounds: int) -> str:
    """The document."""
    return f"""# Measurements

Written by `make bench-import`; do not edit. {machine()}; {time.strftime("%Y-%m-%d", time.gmtime())}.

## Importing

{rows:,} rows of {len(COLUMNS)} columns, {CUSTOM_COLUMNS} of them custom fields, with managers and teams; medians of
{rounds} rounds. The time runs from the acceptance of the file until it lies in `archive/` with its report: reading,
checking, one transaction with `synchronous=FULL` that holds each single change for the history, and the mail.

{table(measured, rows)}

`csv.reader` alone is Python's reader over the same file in the same round, with nothing done to the rows: what is
faster than it skips lines that it knows (docs/developers/importing.md). Where seconds and CPU seconds are far apart,
the machine was busy with something else.
"""


def _profiled(profiles: dict[str, cProfile.Profile]) -> None:
    for name, profile in profiles.items():
        out = io.StringIO()
        pstats.Stats(profile, stream=out).sort_stats("tottime").print_stats(25)
        print(f"\n=== {name}\n{out.getvalue()}")


def main() -> None:
    """Measure, print, and write the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show hot spots and write nothing")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    quieten_collector()  # as in the daemon's workers and in `rosterdrop import`
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="rosterdrop-bench-") as name:
        folder = Path(name)
        files = Files(
            first=write_roster(folder / "monday.csv", rows=chosen.rows),
            changed=write_roster(folder / "tuesday.csv", rows=chosen.rows, changed_every=100),
            rows=chosen.rows,
        )
        for number in range(chosen.rounds):
            data = folder / f"round-{number}"
            data.mkdir()
            profiles = {one: cProfile.Profile() for one in (FIRST, CHANGED, SAME) if chosen.profile}
            asyncio.run(measure(data, files, measured, profiles))
            _profiled(profiles)
    print(table(measured, chosen.rows))
    if not chosen.profile:
        RESULTS.write_text(results(measured, chosen.rows, chosen.rounds), "utf-8")
        print(f"\nwritten to {RESULTS}")


if __name__ == "__main__":
    main()
