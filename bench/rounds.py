"""Rounds that go from server to server (A B C D, A B C D, ...), so that each meets the same moments of the machine."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench import figures, processes
from bench.clients import Peer
from bench.goals import Part, Table

OURS = "rosterdrop"
Send = Callable[[Peer, int], None]  # the number of the round makes names new


@dataclass(slots=True)
class Spent:
    """What the rounds of one server took."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)  # of the server alone


def interleaved(
    part: Part, peers: Sequence[Peer], *, rounds: int, send: Send, clear: Send
) -> dict[str, Spent]:
    """Return what each server took; one that fails is named, and the others go on without it."""
    spent = {peer.name: Spent() for peer in peers}
    resting = {peer.name: processes.tree(peer.root) for peer in peers}
    for turn in range(rounds):
        for peer in [peer for peer in peers if peer.name in spent]:
            os.sync()  # what the one before left unwritten is not the next one's to wait for
            cpu, began = peer.cpu_s(), time.monotonic()
            try:
                send(peer, turn)
                taken = time.monotonic() - began
                processes.await_processes(peer.root, resting[peer.name])
                spent[peer.name].wall_s.append(taken)
                spent[peer.name].cpu_s.append(peer.cpu_s() - cpu)
                clear(peer, turn)
            except (OSError, RuntimeError) as exc:
                part.failures.append(str(exc))
                del spent[peer.name]
    return spent


def spent_table(title: str, spent: dict[str, Spent], text: str = "") -> Table:
    """Return medians of all servers."""
    return Table(
        title=title,
        text=text,
        columns=("server", "seconds", "CPU seconds of the server", "rounds, seconds"),
        rows=tuple(
            (
                name,
                f"{figures.median(one.wall_s):.2f}",
                f"{figures.median(one.cpu_s):.2f}",
                " ".join(f"{wall_s:.2f}" for wall_s in one.wall_s),
            )
            for name, one in spent.items()
        ),
    )
