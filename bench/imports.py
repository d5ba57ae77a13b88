"""How fast files are imported, beside other importers and beside Python's csv.reader alone.

Ours runs in the daemon's worker, uploaded over SFTP: reading, checking, one transaction with `synchronous=FULL` that
holds each single change for the history, report and mail. The others write flat rows of text into an empty SQLite file.
"""

import asyncio
import csv
import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import figures, goals, processes
from bench.filings import Filings
from bench.goals import Part, Table
from bench.ground import Ground
from bench.rosters import COLUMNS, CUSTOM_COLUMNS, write_roster
from bench.service import Service, service
from tests.acceptance.daemon import Organization

TITLE = "Importing"
ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
FIRST, CHANGED, SAME = "first load", "1 % changed", "identical"
READER = "csv.reader alone"
DEADLINE_S = 300
ROWS_A_SECOND = 60_000
AGAINST_READER = {CHANGED: 1.5, SAME: 3.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another importer."""

    name: str
    script: str  # in bench/importers
    files: tuple[str, ...]
    goal: float | None


RIVALS = (
    Rival(name="sqlite-utils upsert", script="sqlite_utils_upsert", files=(FIRST, CHANGED), goal=3.0),
    Rival(name="django-import-export (tuned)", script="import_export_bulk", files=(FIRST,), goal=8.0),
    Rival(name="Django bulk upsert", script="django_bulk", files=(FIRST, CHANGED), goal=None),
    Rival(
        name="pandas upsert (validates nothing)", script="pandas_upsert", files=(FIRST, CHANGED), goal=None
    ),
)


@dataclass(slots=True)
class Taken:
    """Seconds of each round."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)


Measured = dict[tuple[str, str], Taken]  # by importer and file
OURS = "rosterdrop"


def measure(ground: Ground, part: Part) -> None:
    """Measure rounds that go from importer to importer, then judge, then other sizes."""
    with ground.place() as place:
        files = rosters(place.folder, ground.sizes.rows)
        found: Measured = {}
        out = set[str]()
        for turn in range(ground.sizes.import_rounds):
            _reader(found, files[SAME])
            with service(ground) as running:
                ours(found, running, files)
            for rival in RIVALS:
                if rival.name not in out and (
                    failure := _rival(found, rival, files, place.folder / f"{turn}.db")
                ):
                    part.failures.append(failure)
                    out.add(rival.name)
            print(f"imports: round {turn + 1} of {ground.sizes.import_rounds}", flush=True)
    _judge(part, found, ground.sizes.rows)
    part.tables.append(_table(found, ground.sizes.rows))
    part.scaling.append(_scaling(ground, found))


def rosters(folder: Path, rows: int) -> dict[str, Path]:
    """Make the three uploads of one organization."""
    changed = write_roster(folder / f"changed-{rows}.csv", rows=rows, changed_every=100)
    return {FIRST: write_roster(folder / f"first-{rows}.csv", rows=rows), CHANGED: changed, SAME: changed}


def _reader(found: Measured, path: Path) -> None:
    began, cpu_s = time.monotonic(), time.process_time()
    with path.open(encoding="utf-8", newline="") as file:
        for _ in csv.reader(file):
            pass
    _add(found, READER, SAME, time.monotonic() - began, time.process_time() - cpu_s)


def _add(found: Measured, name: str, file: str, wall_s: float, cpu_s: float) -> None:
    taken = found.setdefault((name, file), Taken())
    taken.wall_s.append(wall_s)
    taken.cpu_s.append(cpu_s)


def ours(found: Measured, running: Service, files: dict[str, Path]) -> None:
    """Upload the files one after the other to an organization of its own."""
    organization = running.daemon.add()
    with Filings(organization.folder) as filings:
        for name, path in files.items():
            wall_s, cpu_s = imported(running, organization, filings, path)
            _add(found, OURS, name, wall_s, cpu_s)


def imported(
    running: Service, organization: Organization, filings: Filings, path: Path
) -> tuple[float, float]:
    """Upload one file and return what its import took: seconds from acceptance to filed, and CPU seconds."""

    async def put() -> float:
        async with running.session(organization) as sftp:
            await sftp.put(str(path), f"/local/{path.name}")
            return running.cpu_s()

    cpu_s = asyncio.run(put())
    filed = filings.next(DEADLINE_S)
    time.sleep(processes.SAMPLE_S)
    return filed.seconds, running.cpu_s() - cpu_s


def _rival(found: Measured, rival: Rival, files: dict[str, Path], database: Path) -> str | None:
    """Run one importer on an empty database; return what failed."""
    try:
        for name in rival.files:
            command = [str(PYTHON), "-m", f"bench.importers.{rival.script}", str(database), str(files[name])]
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=DEADLINE_S, cwd=ROOT
            )
            spent = json.loads(done.stdout)
            _add(found, rival.name, name, spent["seconds"], spent["cpu_s"])
    except (OSError, subprocess.SubprocessError) as exc:
        return f"{rival.name}: {exc} {(getattr(exc, 'stderr', None) or '')[-300:]}"
    finally:
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
    return None


def _judge(part: Part, found: Measured, rows: int) -> None:
    work = f"{rows:,} rows, {FIRST}"
    first = found[OURS, FIRST].wall_s
    part.findings.append(
        goals.above(work, value=rows / figures.median(first), limit=ROWS_A_SECOND, unit="rows a second")
    )
    for rival in RIVALS:
        theirs: Sequence[float] = found.get((rival.name, FIRST), Taken()).wall_s
        if len(theirs) == len(first):
            part.findings.append(goals.faster(work, rival.name, ours=first, theirs=theirs, goal=rival.goal))
        else:
            wanted = f"at least {rival.goal:g} x" if rival.goal else ""
            reason = "failed or not installed"
            part.findings.append(goals.missing(work, rival.name, goal=wanted, reason=reason))
    for name, goal in AGAINST_READER.items():
        part.findings.append(
            goals.faster(
                f"{rows:,} rows, {name}", READER,
                ours=found[OURS, name].wall_s, theirs=found[READER, SAME].wall_s, goal=goal,
            )
        )  # fmt: skip


def _table(found: Measured, rows: int) -> Table:
    return Table(
        title=f"Importing {rows:,} rows",
        text=f"{len(COLUMNS)} columns, {CUSTOM_COLUMNS} of them custom fields, with managers and teams. What is "
        "faster than `csv.reader` alone passes over lines that it knows (docs/developers/importing.md).",
        columns=("importer", "file", "seconds", "CPU seconds", "rows a second", "rounds, seconds"),
        rows=tuple(
            (
                name,
                file if name != READER else "",
                f"{figures.median(taken.wall_s):.3f}",
                f"{figures.median(taken.cpu_s):.3f}",
                f"{rows / figures.median(taken.wall_s):,.0f}",
                " ".join(f"{one:.2f}" for one in taken.wall_s),
            )
            for (name, file), taken in found.items()
        ),
    )


def _scaling(ground: Ground, found: Measured) -> Table:
    """Add the sizes that nothing else measures; a million has a part of its own."""
    by_rows = {}
    for rows in ground.sizes.scaling_rows:
        smaller: Measured = {}
        with ground.place() as place, service(ground) as running:
            ours(smaller, running, rosters(place.folder, rows))
        by_rows[rows] = smaller
    by_rows[ground.sizes.rows] = found
    return scaling_table("By rows", by_rows)


def scaling_table(title: str, by_rows: dict[int, Measured]) -> Table:
    """Return the cost of a row, by the number of rows."""
    return Table(
        title=title,
        text="From acceptance to filed; microseconds a row in brackets.",
        columns=("rows", FIRST, CHANGED, SAME),
        rows=tuple(
            (
                f"{rows:,}",
                *(
                    f"{(taken := figures.median(found[OURS, file].wall_s)):.3f} s ({taken / rows * 1e6:.2f})"
                    for file in (FIRST, CHANGED, SAME)
                ),
            )
            for rows, found in by_rows.items()
        ),
    )
