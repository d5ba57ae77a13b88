"""Who reports to whom (rule P6; parents of teams, T3): all links of a file are set together, circles are broken."""

from __future__ import annotations  # array.array cannot be subscripted before 3.12

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from processor.directory.digests import Numbers

NOBODY = 0  # no user or team has the id 0


@dataclass(slots=True)
class Links:
    """Links that a file would set: who, above whom, at which line, and what is stored now (`NOBODY`: nothing)."""

    below: array[int] = field(default_factory=lambda: array("q"))
    above: array[int] = field(default_factory=lambda: array("q"))
    stored: array[int] = field(default_factory=lambda: array("q"))
    lines: array[int] = field(default_factory=lambda: array("i"))

    def __len__(self) -> int:
        return len(self.below)

    def columns(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return below, above and stored as arrays; there must be links."""
        below, above, stored = (
            np.frombuffer(one, dtype=np.int64) for one in (self.below, self.above, self.stored)
        )
        return below, above, stored

    def add(self, *, below: int, above: int, stored: int, line: int) -> None:
        """Take one link; each `below` comes once."""
        self.below.append(below)
        self.above.append(above)
        self.stored.append(stored)
        self.lines.append(line)

    def add_all(self, *, below: Sequence[int], above: Sequence[int], lines: Sequence[int]) -> None:
        """Take links of people of whom nothing is stored."""
        self.below.extend(below)
        self.above.extend(above)
        self.stored.extend([NOBODY] * len(below))
        self.lines.extend(lines)


def places_on_circles(below: Numbers, above: Numbers) -> list[list[int]]:
    """Return the circles of a graph in which each node has at most one link upwards, as places in `below`.

    Most graphs have none, which pointer doubling shows in 20 steps for a million links; only what never reaches
    a top is walked.
    """
    if not len(below):
        return []
    is_sorted = bool(np.all(below[:-1] <= below[1:]))
    order = (
        np.arange(len(below), dtype=np.int32)
        if is_sorted
        else np.argsort(below, kind="stable").astype(np.int32)
    )
    nodes = below if is_sorted else below[order]
    at = np.searchsorted(nodes, above).astype(np.int32)
    at[at == len(nodes)] = 0
    top = len(nodes)
    up = np.append(np.where(nodes[at] == above, at, np.int32(top))[order], np.int32(top)).astype(np.int32)
    del at, nodes
    far = up
    for _ in range(int(top).bit_length()):
        far = far[far]
    endless = np.flatnonzero(far[:top] != top)
    return [[int(order[node]) for node in circle] for circle in _walk(endless.tolist(), up)]


def _walk(endless: list[int], up: npt.NDArray[np.int32]) -> list[list[int]]:
    circles = []
    seen: set[int] = set()
    for start in endless:
        path: dict[int, int] = {}
        node = start
        while node not in seen:
            seen.add(node)
            path[node] = len(path)
            node = int(up[node])
        if node in path:
            circles.append(list(path)[path[node] :])
    return circles


def refused_links(links: Links, others: Mapping[int, int]) -> list[int]:
    """Rules P6, T3: return the places of links that would close a circle and go back to what is stored.

    `others` are the stored links of everybody above whom no link of the file concerns. Of the links on a circle
    that the file changes, the one that stands last in the file goes back, until no circle is left.
    """
    below = np.concatenate((_numbers(links.below), _numbers(list(others))))
    above = np.concatenate((_numbers(links.above), _numbers(list(others.values()))))
    stored = _numbers(links.stored)
    refused: list[int] = []
    progress = True
    while progress:
        progress = False
        for circle in places_on_circles(below, above):
            ours = [place for place in circle if place < len(stored) and above[place] != stored[place]]
            if ours:  # a circle that was stored already is none of this file's doing
                last = max(ours, key=lambda place: links.lines[place])
                above[last] = stored[last]
                refused.append(last)
                progress = True
    return refused


def _numbers(values: Sequence[int]) -> Numbers:
    return np.array(values, dtype=np.int64)
