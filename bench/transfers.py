"""How fast files arrive: `make bench-transfers` measures ours beside other servers and writes bench/TRANSFERS.md.

The client is OpenSSH's `sftp`; what is timed is its whole run, login by key included. Our server answers CLOSE after
fsync (U2), the others never fsync. Rounds go from server to server, so that each meets the same moments of the machine.
"""

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.peers import CIPHER, Peer, all_servers

RESULTS = Path(__file__).with_name("TRANSFERS.md")
RIVAL = "sshd"
MIB = 1 << 20
SMALL_BYTES = 20_000
GCM = ("-c", CIPHER)


@dataclass(slots=True)
class Spent:
    """What the rounds of one server took."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)  # of the server alone


@dataclass(frozen=True, slots=True)
class Work:
    """What is sent to each server."""

    title: str
    send: Callable[[Peer, int], None]  # the round makes names new
    clear: Callable[[Peer, int], None]


def works(folder: Path, *, big_mib: int, small_files: int) -> list[Work]:
    """Make the files and say what is done with them."""
    big = folder / "big.csv"
    with big.open("wb") as file:
        for _ in range(big_mib):
            file.write(os.urandom(MIB))
    many = folder / "many"
    many.mkdir()
    for number in range(small_files):
        (many / f"{number:04}.csv").write_bytes(os.urandom(SMALL_BYTES))
    names = [path.name for path in sorted(many.iterdir())]

    def send_big(*options: str) -> Callable[[Peer, int], None]:
        return lambda peer, turn: peer.sftp(f"put {big} {peer.folder}/big{turn}.csv", options=options)

    def clear_big(peer: Peer, turn: int) -> None:
        peer.sftp(f"rm {peer.folder}/big{turn}.csv")

    def send_many(peer: Peer, turn: int) -> None:
        peer.sftp(*(f"put {many / name} {peer.folder}/{turn}-{name}" for name in names))

    def clear_many(peer: Peer, turn: int) -> None:
        peer.sftp(*(f"rm {peer.folder}/{turn}-{name}" for name in names))

    return [
        Work(f"{big_mib} MiB, the client's own ciphers", send_big(), clear_big),
        Work(f"{big_mib} MiB, {CIPHER}", send_big(*GCM), clear_big),
        Work(f"{small_files} files of {SMALL_BYTES:,} bytes in one session", send_many, clear_many),
    ]


def measure(peers: Sequence[Peer], work: Work, *, rounds: int) -> dict[str, Spent]:
    """Return what each server took."""
    spent = {peer.name: Spent() for peer in peers}
    for turn in range(rounds):
        for peer in peers:
            cpu, began = peer.cpu_s(), time.monotonic()
            work.send(peer, turn)
            spent[peer.name].wall_s.append(time.monotonic() - began)
            spent[peer.name].cpu_s.append(peer.cpu_s() - cpu)
            work.clear(peer, turn)
    return spent


def table(work: Work, spent: dict[str, Spent]) -> list[str]:
    """Return medians, and how each stands to sshd."""
    rival = spent.get(RIVAL)
    lines = [
        f"### {work.title}", "",
        f"| server | seconds | CPU seconds | speed, {RIVAL} = 1 | CPU, {RIVAL} = 1 |",
        "|---|---:|---:|---:|---:|",
    ]  # fmt: skip
    for name, one in spent.items():
        wall, cpu = statistics.median(one.wall_s), statistics.median(one.cpu_s)
        ratios = ["", ""]
        if rival is not None:
            ratios[0] = f"{statistics.median(rival.wall_s) / wall:.2f}"
            ratios[1] = f"{cpu / max(statistics.median(rival.cpu_s), 0.01):.2f}"
        lines.append(f"| {name} | {wall:.2f} | {cpu:.2f} | {ratios[0]} | {ratios[1]} |")
    return [*lines, ""]


def report(peers: Sequence[Peer], tables: list[str], *, rounds: int) -> str:
    """Return the page."""
    versions = ", ".join(f"{peer.name} {peer.version}" for peer in peers)
    machine = (
        f"{os.cpu_count()} CPUs, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )
    head = [
        "# Transfers",
        "",
        f"Written by `make bench-transfers`; do not edit. {machine}; {versions}; {datetime.now(UTC):%Y-%m-%d}.",
        f"Medians of {rounds} rounds; client and server share the CPUs. Load when it began: {os.getloadavg()[0]:.1f}.",
        "",
    ]
    return "\n".join([*head, *tables]).rstrip() + "\n"


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep-results", action="store_true", help="print only")
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rosterdrop-transfers-"))
    try:
        jobs = works(folder, big_mib=wanted.mib, small_files=wanted.files)
        with all_servers(folder / "servers") as peers:
            tables: list[str] = []
            for work in jobs:
                tables += table(work, measure(peers, work, rounds=wanted.rounds))
            page = report(peers, tables, rounds=wanted.rounds)
    finally:
        shutil.rmtree(folder)
    print(page)
    if not wanted.keep_results:
        RESULTS.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
