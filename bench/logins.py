"""Many clients at once, each of which logs in by password and uploads one file, beside the other servers.

Each server checks passwords at its own cost: ours argon2id, sshd what the system's accounts have, ProFTPD SHA-512
crypt, rclone compares plain text. The cost of ours is stated, and taken off where rclone's is none.
"""

import os
from pathlib import Path

from bench import figures, goals
from bench.clients import Peer
from bench.goals import Part, Table
from bench.ground import Ground
from bench.peers import all_servers
from bench.place import temporary_place
from bench.rounds import OURS, Spent, interleaved, spent_table
from bench.uploads import SMALL_BYTES, compare

TITLE = "Logins"
SSHD_GOAL = 1.5
RCLONE_GOAL = 1.0
WARM_UP = 1


def measure(ground: Ground, part: Part) -> None:
    """Measure on disk and in memory."""
    with temporary_place(ground.tmpfs or ground.disk) as source:
        small = source.folder / "small.csv"
        small.write_bytes(os.urandom(SMALL_BYTES))
        for kind in ground.kinds():
            with ground.place(kind) as place, all_servers(place) as (peers, left_out):
                part.failures += [f"left out on {kind}: {why}" for why in left_out.values()]
                part.failures += [
                    f"left out on {kind}: {peer.name} has no account with a password (root only)"
                    for peer in peers
                    if peer.password is None
                ]
                _crowd(ground, part, kind, [peer for peer in peers if peer.password is not None], small)


def _crowd(ground: Ground, part: Part, kind: str, peers: list[Peer], small: Path) -> None:
    count = ground.sizes.crowd
    work = f"{count} clients at once: login by password, one file, on {kind}"

    def send(peer: Peer, turn: int) -> None:
        peer.at_once(
            [[f"put {small} {peer.folder}/{turn}-{number}.csv"] for number in range(count)], by_password=True
        )

    def clear(peer: Peer, turn: int) -> None:
        peer.sftp(*(f"rm {peer.folder}/{turn}-{number}.csv" for number in range(count)))

    spent = interleaved(
        part, peers, rounds=WARM_UP + ground.sizes.small_rounds + ground.sizes.rounds, send=send, clear=clear
    )
    for one in spent.values():
        del one.wall_s[:WARM_UP], one.cpu_s[:WARM_UP]
    part.tables.append(spent_table(work, spent))
    compare(part, work, spent, "sshd", SSHD_GOAL)
    compare(part, work, spent, "ProFTPD", None)
    costs = {peer.name: peer.hash_s for peer in peers}
    if OURS in spent and "rclone" in spent:
        compare(part, work, spent, "rclone", None)
        _without_hashes(part, work, spent, count=count, hash_s=costs[OURS] or 0.0)
    part.tables.append(
        Table(
            title=f"One check of a password, on {kind}",
            columns=("server", "CPU seconds"),
            rows=tuple((name, "unknown" if cost is None else f"{cost:.4f}") for name, cost in costs.items()),
        )
    )


def _without_hashes(part: Part, work: str, spent: dict[str, Spent], *, count: int, hash_s: float) -> None:
    """Take off what our hashes cost: all clients' together, spread over the processors."""
    off_s = count * hash_s / (os.cpu_count() or 1)
    part.findings.append(
        goals.faster(
            f"{work}; {figures.seconds(off_s)} taken off: {count} checks of "
            f"{figures.milliseconds(hash_s)} on {os.cpu_count()} processors",
            "rclone",
            ours=[wall_s - off_s for wall_s in spent[OURS].wall_s],
            theirs=spent["rclone"].wall_s,
            goal=RCLONE_GOAL,
        )
    )
