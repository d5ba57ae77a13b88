"""Uploads beside sshd, ProFTPD and rclone: one large file, and many small ones in one session.

The client is OpenSSH's `sftp`; what is timed is its whole run, login by key included. Our server answers CLOSE after
fsync (U2), the others never fsync.
"""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bench import goals
from bench.clients import CIPHER, Peer
from bench.goals import Part
from bench.ground import DISK, Ground
from bench.peers import all_servers
from bench.place import temporary_place
from bench.rounds import OURS, Spent, interleaved, spent_table

TITLE = "Uploads"
MIB = 1 << 20
SMALL_BYTES = 20_000
CIPHERS: dict[str, tuple[str, ...]] = {"aes128-gcm": ("-c", CIPHER), "the client's own ciphers": ()}
BIG_GOALS = {"sshd": 2.0, "ProFTPD": 3.0, "rclone": 3.0}
CPU_GOAL = 0.5
SMALL_GOALS: dict[str, dict[str, float | None]] = {
    "disk": {"sshd": 1.0, "ProFTPD": None, "rclone": None},
    "tmpfs": {"sshd": 1.2, "ProFTPD": None, "rclone": None},
}


def measure(ground: Ground, part: Part) -> None:
    """Measure on disk and in memory."""
    with temporary_place(ground.tmpfs or ground.disk) as source:
        big, small = _files(source.folder, ground)
        for kind in ground.kinds():
            with ground.place(kind) as place, all_servers(place) as (peers, left_out):
                part.failures += [f"left out on {kind}: {why}" for why in left_out.values()]
                _big(ground, part, kind, peers, big)
            _small(ground, part, kind, small)


def _files(folder: Path, ground: Ground) -> tuple[Path, Path]:
    """Make what is sent: random bytes, the same for all."""
    big, small = folder / "big.csv", folder / "small.csv"
    with big.open("wb") as file:
        for _ in range(ground.sizes.big_mib):
            file.write(os.urandom(MIB))
    small.write_bytes(os.urandom(SMALL_BYTES))
    return big, small


def _big(ground: Ground, part: Part, kind: str, peers: list[Peer], big: Path) -> None:
    def send(options: tuple[str, ...], peer: Peer, turn: int) -> None:
        peer.sftp(f"put {big} {peer.folder}/big-{turn}.csv", options=options)

    def clear(peer: Peer, turn: int) -> None:
        peer.sftp(f"rm {peer.folder}/big-{turn}.csv")

    for cipher, options in CIPHERS.items():
        work = f"{ground.sizes.big_mib} MiB in one file, {cipher}, on {kind}"
        rounds = ground.sizes.rounds
        spent = interleaved(part, peers, rounds=rounds, send=partial(send, options), clear=clear)
        part.tables.append(spent_table(f"Upload of {work}", spent))
        for rival, goal in BIG_GOALS.items():
            compare(part, work, spent, rival, goal)
        if OURS in spent and "sshd" in spent:
            part.findings.append(
                goals.share(
                    f"CPU of the server, {work}", "sshd",
                    ours=spent[OURS].cpu_s, theirs=spent["sshd"].cpu_s, at_most=CPU_GOAL,
                )
            )  # fmt: skip


def _small(ground: Ground, part: Part, kind: str, small: Path) -> None:
    """Start new servers for each round: with ours, thousands of files that wait for a schedule are another work."""
    count = ground.sizes.small_files
    work = f"{count} files of {SMALL_BYTES:,} bytes in one session, on {kind}"
    spent: dict[str, Spent] = {}

    def send(peer: Peer, turn: int) -> None:
        peer.sftp(*(f"put {small} {peer.folder}/small-{number:03}.csv" for number in range(count)))

    for _ in range(ground.sizes.small_rounds):
        with ground.place(kind) as place, all_servers(place) as (peers, _left_out):
            for name, one in interleaved(part, peers, rounds=1, send=send, clear=lambda *_: None).items():
                so_far = spent.setdefault(name, Spent())
                so_far.wall_s += one.wall_s
                so_far.cpu_s += one.cpu_s
    part.tables.append(spent_table(f"Upload of {work}", spent))
    for rival, goal in SMALL_GOALS[kind if kind == DISK else "tmpfs"].items():
        compare(part, work, spent, rival, goal)


def compare(part: Part, work: str, spent: Mapping[str, Spent], rival: str, goal: float | None) -> None:
    """Add the line of one rival; say so where it could not be measured."""
    if OURS in spent and rival in spent:
        part.findings.append(
            goals.faster(work, rival, ours=spent[OURS].wall_s, theirs=spent[rival].wall_s, goal=goal)
        )
    else:
        wanted = f"at least {goal:g} x" if goal else ""
        part.findings.append(goals.missing(work, rival, goal=wanted, reason="failed or not installed"))
