"""Circles of managers and of parent teams, broken by the letter of the rules (P6, T3)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class Link:
    """Who names whom, in which line."""

    below: str
    above: str
    line: int


def break_circles(
    links: list[Link], stored: dict[str, str | None]
) -> tuple[dict[str, str | None], list[Link]]:
    """Rules P6, T3: set all links together; the last changed one of a circle goes back until there is none."""
    wanted = {link.below: link for link in links}
    graph = {**stored, **{link.below: link.above for link in links}}
    refused: list[Link] = []
    while True:
        for start in list(graph):
            circle = _circle_from(start, graph)
            ours = [wanted[one] for one in circle if one in wanted and graph[one] != stored.get(one)]
            if ours:
                last = max(ours, key=lambda link: link.line)
                graph[last.below] = stored.get(last.below)
                refused.append(last)
                break
        else:
            return graph, refused


def _circle_from(start: str, graph: Mapping[str, str | None]) -> list[str]:
    path = [start]
    while (above := graph.get(path[-1])) is not None:
        if above == start:
            return path
        if above in path:
            return []
        path.append(above)
    return []
