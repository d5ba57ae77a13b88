"""How one session fares while others flood the daemon: `python -m bench.floods` prints the figures of docs/security.md.

It starts the installed command in a temporary folder, on loopback, and measures the answers to STAT of a session that
does nothing else: alone, while hundreds log in, and while dozens upload small files as fast as they can. The flood is
a process of its own, so that its work is not measured but for the processor that it takes.
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from tests.acceptance.daemon import Daemon, Organization

SESSIONS = 500
UPLOADERS = 50
FILES = 40
SMALL = b"User Email\n" + b"ann@flood.example\n" * 200
PAUSE_S = 0.01


@asynccontextmanager
async def logged_in(port: int, organization: Organization) -> AsyncIterator[asyncssh.SFTPClient]:
    """One session."""
    async with (
        asyncssh.connect(
            "127.0.0.1",
            port,
            username=organization.username,
            password=organization.password,
            known_hosts=None,
            config=None,
            client_keys=None,
            agent_path=None,
            login_timeout=600,
            connect_timeout=600,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        yield sftp


async def measure(name: str, sftp: asyncssh.SFTPClient, flood: Awaitable[str]) -> None:
    """Ask again and again while the flood lasts."""
    running = asyncio.ensure_future(flood)
    took: list[float] = []
    begun = time.monotonic()
    while not running.done():
        asked = time.perf_counter()
        await sftp.stat("/local")
        took.append((time.perf_counter() - asked) * 1000)
        await asyncio.sleep(PAUSE_S)
    took.sort()
    print(
        f"{name}: {await running} in {time.monotonic() - begun:.1f} s; STAT took {statistics.median(took):.1f} ms in "
        f"the middle, {took[int(len(took) * 0.99)]:.0f} ms at 99 %, {took[-1]:.0f} ms at most ({len(took)} asked)",
        flush=True,
    )


async def nothing() -> str:
    """Be quiet for a while."""
    await asyncio.sleep(5)
    return "nobody else"


Flood = Callable[[int, list[Organization]], Coroutine[None, None, str]]


def begun(flood: Flood, port: int, organizations: list[Organization]) -> str:
    """Run a flood in this process."""
    return asyncio.run(flood(port, organizations))


async def logins(port: int, organizations: list[Organization]) -> str:
    """Log in at once and stay until all are in."""
    arrived = refused = 0
    everybody = asyncio.Event()

    async def one(organization: Organization) -> None:
        nonlocal arrived, refused
        while True:
            try:
                async with logged_in(port, organization) as sftp:
                    await sftp.stat("/local")
                    arrived += 1
                    if arrived == SESSIONS:
                        everybody.set()
                    await everybody.wait()
                return
            except asyncssh.DisconnectError:  # too many that have not logged in
                refused += 1
                await asyncio.sleep(0.5)

    await asyncio.gather(*(one(organizations[number % len(organizations)]) for number in range(SESSIONS)))
    return f"{arrived} sessions served, {refused} connections told to come later"


async def uploads(port: int, organizations: list[Organization]) -> str:
    """Upload small files."""

    async def one(number: int) -> None:
        async with logged_in(port, organizations[number % len(organizations)]) as sftp:
            for file in range(FILES):
                async with sftp.open(f"/local/{number}-{file}.csv.part", "wb") as target:
                    await target.write(SMALL)

    await asyncio.gather(*(one(number) for number in range(UPLOADERS)))
    return f"{UPLOADERS * FILES} files of {len(SMALL)} bytes from {UPLOADERS} sessions"


async def run(daemon: Daemon) -> None:
    """Do all of it."""
    organizations = [daemon.add("Flood") for _ in range(UPLOADERS)]
    quiet = daemon.add("Quiet")
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as elsewhere:
        async with logged_in(daemon.port, quiet) as sftp:
            await measure("alone", sftp, nothing())
            for name, flood in (("logins", logins), ("uploads", uploads)):
                flooding = loop.run_in_executor(elsewhere, begun, flood, daemon.port, organizations)
                await measure(name, sftp, flooding)
    memory = Path(f"/proc/{daemon.pid}/status").read_text("ascii")
    peak = next(line for line in memory.splitlines() if line.startswith("VmHWM")).split()[1]
    print(f"memory of the daemon at most: {int(peak) // 1024} MiB")


def main() -> None:
    """Start a daemon and flood it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        daemon = Daemon(
            folder=Path(folder),
            keys=Path(folder) / "keys",
            max_sessions=SESSIONS + 10,
            max_startups_per_address=100,  # all come from one address here; MAX_STARTUPS is as it comes, 100
            login_timeout_s=600,
        ).start()
        stack.callback(daemon.stop)
        asyncio.run(run(daemon))


if __name__ == "__main__":
    main()
