"""Where the time of an import goes: `make bench-import` prints it; `make bench` measures beside others.

What is timed is the road of an accepted drop as a worker process takes it (processor/importing.py): read, plan, apply
in one transaction with `synchronous=FULL`, write the mail into the outbox, file away with report. The upload and the
start of processes are not in it. Each round has an empty database; what is shown is the median of the rounds.
"""

import argparse
import asyncio
import cProfile
import csv
import io
import pstats
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bench.rosters import write_roster
from core.clock import SystemClock, to_text
from core.database import Database, open_database
from core.inbox import Inbox, Origin
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization
from core.settings import Settings, load_settings
from processor.importing import Importer, quieten_collector

READER = "csv.reader alone"
FIRST = "first load"
CHANGED = "1 % changed"
SAME = "identical file"
ORG = "007"


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
    lines = ["| what | seconds | CPU seconds | rows a second |", "|---|---:|---:|---:|"]
    for name in (READER, FIRST, CHANGED, SAME):
        seconds = statistics.median(measured.seconds[name])
        cpu_s = statistics.median(measured.cpu_s[name])
        lines.append(f"| {name} | {seconds:.3f} | {cpu_s:.3f} | {rows / seconds:,.0f} |")
    return "\n".join(lines)


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
    parser.add_argument("--profile", action="store_true", help="show hot spots")
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


if __name__ == "__main__":
    main()
