"""From the answer to CLOSE to the finished import: a daily file of 1,000 rows, one in a hundred changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncssh

from bench import figures, goals
from bench.filings import Filings
from bench.goals import Part, Table
from bench.ground import Ground
from bench.rosters import write_roster
from bench.service import Service, service
from bench.session import upload
from tests.acceptance.daemon import Organization

TITLE = "From CLOSE to the finished import"
ROWS = 1_000
CHANGED_EVERY = 100
MEDIAN_MS = 20
PERCENTILE_MS = 100
PAUSE_S = 0.05


def measure(ground: Ground, part: Part) -> None:
    """Measure on disk and in memory."""
    rows = []
    for kind in ground.kinds():
        with service(ground, kind) as running:
            found = asyncio.run(_daily(running, running.daemon.add(), count=ground.sizes.daily_files))
        median, late = figures.median(found) * 1000, figures.percentile(found, 99) * 1000
        work = f"from the answer to CLOSE to filed, {ROWS:,} rows, 1 % changed, on {kind}"
        part.findings += [
            goals.below(f"{work}: median", value=median, limit=MEDIAN_MS, unit="ms"),
            goals.below(f"{work}: 99th percentile", value=late, limit=PERCENTILE_MS, unit="ms"),
        ]
        rows.append(
            (
                kind,
                str(len(found)),
                *(f"{figures.percentile(found, one) * 1000:.1f}" for one in (1, 50, 90, 99, 100)),
            )
        )
    part.tables.append(
        Table(
            title=TITLE,
            text=f"Milliseconds; {ROWS:,} rows, one in a hundred changed; one file after the other in one session.",
            columns=("on", "files", "1 %", "median", "90 %", "99 %", "most"),
            rows=tuple(rows),
        )
    )


async def _daily(running: Service, organization: Organization, *, count: int) -> list[float]:
    async with running.session(organization) as sftp:
        with Filings(organization.folder) as filings:
            return await latencies(sftp, filings, daily_files(running.folder), count=count)


def daily_files(folder: Path, *, rows: int = ROWS) -> tuple[bytes, bytes]:
    """Return two files of the same people; going from one to the other changes one in a hundred."""
    one = write_roster(folder / "daily-one.csv", rows=rows)
    other = write_roster(folder / "daily-other.csv", rows=rows, changed_every=CHANGED_EVERY)
    return one.read_bytes(), other.read_bytes()


async def latencies(
    sftp: asyncssh.SFTPClient,
    filings: Filings,
    contents: Sequence[bytes],
    *,
    count: int,
    pause_s: float = PAUSE_S,
) -> list[float]:
    """Upload a first file that is not counted, then daily ones; return seconds from CLOSE's answer to filed."""
    found = [late async for late in _uploads(sftp, filings, contents, count=1 + count, pause_s=pause_s)]
    return found[1:]


async def _uploads(
    sftp: asyncssh.SFTPClient, filings: Filings, contents: Sequence[bytes], *, count: int, pause_s: float
) -> AsyncIterator[float]:
    for number in range(count):
        answered = await upload(sftp, f"/local/daily-{number:04}.csv", contents[number % len(contents)])
        filed = await asyncio.to_thread(filings.next)
        yield max(0.0, filed.filed - answered)
        await asyncio.sleep(pause_s)
