import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.directory.links import NOBODY, Links, places_on_circles, refused_links
from tests.oracle.circles import Link, break_circles

# (below, above, stored, line) of each link in the file; stored links of the others; lines refused
CASES: list[tuple[str, list[tuple[int, int, int, int]], dict[int, int], list[int]]] = [
    ("no links", [], {}, []),
    ("a chain", [(1, 2, 0, 2), (2, 3, 0, 3)], {3: 0}, []),
    ("two name each other: the last goes", [(1, 2, 0, 2), (2, 1, 0, 3)], {}, [3]),
    ("the order of the file decides, not that of the links", [(2, 1, 0, 9), (1, 2, 0, 4)], {}, [9]),
    ("the circle goes over a stored link", [(1, 2, 0, 2)], {2: 3, 3: 1}, [2]),
    ("a stored link that the file repeats stays", [(1, 2, 2, 9), (2, 1, 0, 2)], {}, [2]),
    ("a circle that was stored is not of this file's doing", [(1, 2, 2, 2)], {2: 1}, []),
    ("going back closes another circle", [(1, 2, 3, 4), (2, 1, 0, 2), (3, 1, 0, 3)], {}, [4, 3]),
    ("two circles, each loses one", [(1, 2, 0, 2), (2, 1, 0, 3), (3, 4, 0, 4), (4, 3, 0, 5)], {}, [3, 5]),
    ("above somebody whom nothing is known of", [(1, 99, 0, 2)], {}, []),
]


def links_of(rows: list[tuple[int, int, int, int]]) -> Links:
    links = Links()
    for below, above, stored, line in rows:
        links.add(below=below, above=above, stored=stored, line=line)
    return links


@pytest.mark.parametrize(("rows", "others", "lines"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_p06_the_last_changed_link_of_a_circle_goes_back(
    rows: list[tuple[int, int, int, int]], others: dict[int, int], lines: list[int]
) -> None:
    links = links_of(rows)
    assert sorted(links.lines[place] for place in refused_links(links, others)) == sorted(lines)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, int, int, int]], dict[int, int]]:
    """Stored links of a few people, circles among them too, and what a file says of some."""
    people = list(range(1, draw(st.integers(2, 9)) + 1))
    one = st.sampled_from([NOBODY, *people])
    stored = {person: draw(one) for person in people}
    stored = {below: NOBODY if above == below else above for below, above in stored.items()}
    named = draw(st.lists(st.sampled_from(people), unique=True))
    lines = draw(st.permutations(range(2, len(named) + 2)))
    rows = []
    for below, line in zip(named, lines, strict=True):
        above = draw(st.sampled_from([person for person in people if person != below]))
        rows.append((below, above, stored[below], line))
    return rows, {person: above for person, above in stored.items() if person not in named}


@given(graphs())
def test_p06_circles_are_broken_as_by_the_letter_of_the_rule(
    graph: tuple[list[tuple[int, int, int, int]], dict[int, int]],
) -> None:
    rows, others = graph
    stored = {str(below): str(above) if above else None for below, above in others.items()}
    stored.update({str(below): str(kept) if kept else None for below, _, kept, _ in rows})
    _, refused = break_circles([Link(str(below), str(above), line) for below, above, _, line in rows], stored)
    links = links_of(rows)
    found = refused_links(links, others)
    assert sorted(links.lines[place] for place in found) == sorted(link.line for link in refused)


@given(graphs())
def test_p06_no_circle_is_left_but_one_that_was_stored(
    graph: tuple[list[tuple[int, int, int, int]], dict[int, int]],
) -> None:
    rows, others = graph
    links = links_of(rows)
    refused = set(refused_links(links, others))
    above = {below: kept if place in refused else up for place, (below, up, kept, _) in enumerate(rows)}
    stored = {below: kept for below, _, kept, _ in rows}
    everybody = {**others, **above}
    for circle in circles(everybody):
        assert all(below not in above or above[below] == stored[below] for below in circle)


@given(st.dictionaries(st.integers(1, 12), st.integers(0, 12)))
def test_p06_all_circles_are_found(up: dict[int, int]) -> None:
    below = np.array(list(up), dtype=np.int64)
    above = np.array(list(up.values()), dtype=np.int64)
    found = {frozenset(int(below[place]) for place in circle) for circle in places_on_circles(below, above)}
    assert found == set(circles(up))


def circles(up: dict[int, int]) -> list[frozenset[int]]:
    """All circles of a graph, found step by step."""
    found: list[frozenset[int]] = []
    for start in up:
        path = [start]
        while (above := up.get(path[-1])) in up and above not in path:
            path.append(above)
        if above == start and frozenset(path) not in found:
            found.append(frozenset(path))
    return found


def test_p06_a_line_of_a_hundred_thousand_managers_is_no_circle() -> None:
    links = links_of([(person, person + 1, 0, person + 1) for person in range(1, 100_001)])
    assert refused_links(links, {100_001: NOBODY}) == []
    links.add(below=100_001, above=1, stored=0, line=200_000)
    assert refused_links(links, {}) == [100_000]
