"""Sessions: what idle ones take of memory beside the other servers, and what many busy ones get done."""

import asyncio
import time
from contextlib import AsyncExitStack

from bench import figures, goals, processes
from bench.clients import Peer
from bench.goals import Finding, Part, Table
from bench.ground import Ground
from bench.peers import all_servers, rosterdrop
from bench.rounds import OURS
from bench.session import by_key, round_trips, upload
from bench.uploads import SMALL_BYTES

TITLE = "Sessions"
ABOVE_IDLE_MIB = 8
IDLE_MIB = 150
MIB = 1 << 20


def measure(ground: Ground, part: Part) -> None:
    """Measure on disk; memory is the same elsewhere."""
    with ground.place() as place, all_servers(place) as (peers, left_out):
        part.failures += [f"left out: {why}" for why in left_out.values()]
        _idle(ground, part, peers)
    _busy(ground, part)


def _idle(ground: Ground, part: Part, peers: list[Peer]) -> None:
    rows = []
    for peer in peers:
        found = {0: held(peer, 0, hold_s=ground.sizes.hold_s)}
        counts = ground.sizes.idle_sessions if peer.name == OURS else ground.sizes.idle_sessions[-1:]
        for count in counts:
            try:
                found[count] = held(peer, count, hold_s=ground.sizes.hold_s)
            except (OSError, asyncio.IncompleteReadError) as exc:
                part.failures.append(f"{count} idle sessions of {peer.name}: {type(exc).__name__}: {exc}")
                break
        rows += [_row(peer.name, count, memory, found[0]) for count, memory in found.items()]
        _judge(part, peer.name, found)
    part.tables.append(
        Table(
            title="Memory with idle sessions",
            text="Largest sums of 20 ms samples over all processes of the server, MiB; RSS counts shared pages in "
            "each process, PSS divides them.",
            columns=("server", "sessions", "RSS", "PSS", "above idle, RSS", "above idle, PSS"),
            rows=tuple(rows),
        )
    )


def held(peer: Peer, count: int, *, hold_s: float) -> processes.Memory:
    """Return the memory while so many sessions do nothing."""

    async def hold() -> processes.Memory:
        async with AsyncExitStack() as stack:
            for _ in range(count):
                sftp = await stack.enter_async_context(by_key(peer))
                await sftp.stat(peer.folder)
            memory = processes.Memory(peer.pid)
            with memory:
                await asyncio.sleep(hold_s)
            return memory

    return asyncio.run(hold())


def _row(
    name: str, count: int, memory: processes.Memory, idle: processes.Memory
) -> tuple[str, str, str, str, str, str]:
    return (
        name,
        str(count),
        f"{memory.resident / MIB:.1f}",
        f"{memory.proportional / MIB:.1f}",
        f"{(memory.resident - idle.resident) / MIB:.1f}" if count else "",
        f"{(memory.proportional - idle.proportional) / MIB:.1f}" if count else "",
    )


def _judge(part: Part, name: str, found: dict[int, processes.Memory]) -> None:
    most = max(found)
    above = (found[most].resident - found[0].resident) / MIB
    if name != OURS:
        text = f"{figures.mebibytes(found[most].resident)}, {above:.1f} above its idle ones"
        part.findings.append(
            Finding(work=f"memory with {most} idle sessions, reported", against=name, measured=text)
        )
        return
    part.findings += [
        goals.below(
            f"memory with {most} idle sessions, above the idle daemon (RSS)",
            value=above,
            limit=ABOVE_IDLE_MIB,
            unit="MiB",
        ),
        goals.below(
            "memory of the idle daemon with its worker (RSS)",
            value=found[0].resident / MIB,
            limit=IDLE_MIB,
            unit="MiB",
        ),
    ]


def _busy(ground: Ground, part: Part) -> None:
    rows = []
    with ground.place() as place, rosterdrop(place) as peer:
        for count in ground.sizes.idle_sessions:
            rows.append(asyncio.run(_crowd(peer, count, busy_s=ground.sizes.busy_s)))
    part.scaling.append(
        Table(
            title="By sessions",
            text=f"Sessions that upload files of {SMALL_BYTES:,} bytes, one after the other, each made durable, and "
            "another session that asks STAT. One process is the client of all: its work is in the times.",
            columns=(
                "busy sessions", "files a second", "CPU ms of the server for a file",
                "STAT, median", "STAT, 99 %", "STAT, most",
            ),
            rows=tuple(rows),
        )
    )  # fmt: skip


async def _crowd(peer: Peer, count: int, *, busy_s: float) -> tuple[str, ...]:
    content, begun, done = bytes(SMALL_BYTES), asyncio.Event(), asyncio.Event()
    files = 0

    async def busy(number: int) -> None:
        nonlocal files
        async with by_key(peer) as sftp:
            while not done.is_set():
                await upload(sftp, f"{peer.folder}/{count}-{number}-{files}.csv", content)
                files += 1
                if files >= count:
                    begun.set()

    async with by_key(peer) as asking, asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(busy(number))
        await begun.wait()
        before, cpu_s, began = files, peer.cpu_s(), time.monotonic()
        asyncio.get_running_loop().call_later(busy_s, done.set)
        took = await round_trips(asking, peer.folder, done)
        made, spent, passed = files - before, peer.cpu_s() - cpu_s, time.monotonic() - began
    return (
        str(count),
        f"{made / passed:.0f}",
        f"{spent / max(made, 1) * 1000:.2f}",
        *(figures.milliseconds(figures.percentile(took, percent)) for percent in (50, 99, 100)),
    )
