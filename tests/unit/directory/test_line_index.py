"""Known lines and where they stand, against a dictionary."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processor.directory.digests import digest_halves
from processor.directory.fingerprints import (
    Fingerprints,
    LineIndex,
    NewLines,
    as_numbers,
    meaning_of,
    no_fingerprints,
)


def known(lines: list[bytes], people: list[int], evidence: list[int]) -> Fingerprints:
    first, second = digest_halves(lines)
    values = sorted(set(evidence))
    return Fingerprints(
        meaning=b"",
        first=first,
        second=second,
        people=as_numbers(people),
        evidence=as_numbers([values.index(one) for one in evidence]).astype(np.uint16),
        evidence_values=tuple(values),
        orders="[]",
        named=as_numbers([]),
    )


@st.composite
def files(draw: st.DrawFn) -> tuple[list[bytes], list[int], list[int], list[bytes]]:
    """Known lines with their people (in no order) and evidence; the lines of a new file, in two blocks."""
    size = draw(st.integers(0, 8))
    lines = [b"line %d" % number for number in range(size)]
    people = draw(st.permutations(range(100, 100 + size)))
    evidence = draw(st.lists(st.integers(0, 7), min_size=size, max_size=size))
    file = draw(st.lists(st.sampled_from([*lines, b"new", b"other"])))
    return lines, people, evidence, file


@given(files(), st.integers(0, 8))
def test_p10_the_lowest_of_equal_lines_counts_and_the_others_are_repeats(
    given: tuple[list[bytes], list[int], list[int], list[bytes]], cut: int
) -> None:
    lines, people, evidence, file = given
    index = LineIndex(known(lines, people, evidence))
    counted = 0
    start = 2
    for block in (file[:cut], file[cut:]):
        places = index.find(block)
        assert [lines[place] if place >= 0 else None for place in places.tolist()] == [
            line if line in lines else None for line in block
        ]
        here = np.flatnonzero(places >= 0)
        counted += index.passed(places[here], here + start)
        start += len(block)
    at = {line: file.index(line) + 2 for line in lines if line in file}
    repeats = [(number, at[line]) for number, line in enumerate(file, 2) if line in at and at[line] < number]
    assert counted == len(at)
    assert sorted(index.repeated) == repeats
    assert index.lines_of(as_numbers(people)).tolist() == [at.get(line, 0) for line in lines]
    assert sorted(index.passed_people().tolist()) == sorted(people[lines.index(line)] for line in at)
    said = 0
    for line in at:
        said |= evidence[lines.index(line)]
    assert index.evidence(without=set()) == said
    assert index.lines_of(as_numbers([99, 1_000])).tolist() == [0, 0]


@given(files())
def test_g2_what_is_kept_leaves_out_people_whose_row_was_odd(
    given: tuple[list[bytes], list[int], list[int], list[bytes]],
) -> None:
    lines, people, evidence, file = given
    index = LineIndex(known(lines, people, evidence))
    places = index.find(file)
    here = np.flatnonzero(places >= 0)
    index.passed(places[here], here + 2)
    without = set(people[::2])
    stored = NewLines(evidence_values=index.evidence_values).merged(
        index.kept(without=without), meaning=b"m", orders="[]", named=as_numbers(people), without=set()
    )
    expected = {person for line, person in zip(lines, people, strict=True) if line in file} - without
    assert set(stored.people.tolist()) == expected
    assert sorted(stored.everybody.tolist()) == sorted(people)
    again = LineIndex(stored)
    assert {int(stored.people[place]) for place in again.find(lines).tolist() if place >= 0} == expected


def test_g2_new_lines_keep_person_and_evidence() -> None:
    new = NewLines(evidence_values=(5,))
    new.add(b"a", 3, 5)
    new.add(b"b", 1, 9)
    new.pack()
    new.add(b"c", 2, 5)
    new.pack()
    nothing = LineIndex(no_fingerprints()).kept(without=set())
    stored = new.merged(nothing, meaning=b"m", orders="[]", named=as_numbers([3, 4]), without={1})
    index = LineIndex(stored)
    places = index.find([b"a", b"b", b"c"]).tolist()
    assert places[1] == -1
    assert [int(stored.people[place]) for place in (places[0], places[2])] == [3, 2]
    assert [stored.evidence_values[int(stored.evidence[place])] for place in (places[0], places[2])] == [5, 5]
    assert stored.named.tolist() == [4]


def test_g2_the_meaning_differs_when_any_part_does() -> None:
    assert meaning_of("a", "b") != meaning_of("ab", "")
    assert meaning_of("a", "b") == meaning_of("a", "b")
