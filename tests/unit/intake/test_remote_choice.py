"""`processor/intake/remote_choice.py`: which files of a customer's folder are fetched, and why others are not (S2)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.intake.pulls import Progress, PulledFile
from processor.intake.remote_choice import (
    CHANGING,
    FETCHED,
    Candidate,
    choose,
    flaw_of_name,
    is_same_time,
    shown_name,
)
from processor.intake.sftp_wire import Attributes, Entry, Kind

KNOWN = PulledFile(
    name="users.csv",
    size_bytes=10,
    mtime=1_000,
    uid="1",
    progress=Progress.ACCEPTED,
    at="2026-11-24T00:00:00+00:00",
)


def entry(name: bytes = b"users.csv", size: int | None = 10, mtime: int | None = 1_000) -> Entry:
    return Entry(name, Attributes(Kind.FILE, size, mtime))


def reason(found: Entry, *, pattern: str = "*", known: PulledFile | None = None) -> str | None:
    choice = choose([found], pattern=pattern, known={known.name: known} if known else {})
    return choice.skipped[0].reason if choice.skipped else None


def test_s02_files_are_fetched_by_time_and_then_by_name() -> None:
    found = [
        entry(b"c.csv", mtime=5),
        entry(b"b.csv", mtime=7),
        entry(b"a.csv", mtime=7),
        entry(b"d.csv", mtime=1),
    ]
    choice = choose(found, pattern="*", known={})
    assert [one.name for one in choice.fetch] == ["d.csv", "c.csv", "a.csv", "b.csv"]


def test_s02_a_file_is_complete_when_two_looks_see_the_same() -> None:
    before = {one.name: one for one in (Candidate(1, "a.csv", 10), Candidate(1, "b.csv", 10))}
    found = [
        entry(b"a.csv", 10, 1),
        entry(b"b.csv", 11, 1),
        entry(b"new.csv", 1, 1),
    ]
    choice = choose(found, before=before, pattern="*", known={})
    assert [one.name for one in choice.fetch] == ["a.csv"]
    assert [one.name for one in choice.changing] == ["b.csv", "new.csv"]
    assert CHANGING


@pytest.mark.parametrize(
    ("name", "pattern", "part"),
    [
        (b"users.csv", "*", None),
        (b"USERS.TXT", "users*", None),
        (b"users.csv", "teams*.csv", "does not match"),
        (b"users.csv.filepart", "*", "U5"),
        (b".users.csv", "*", "U5"),
        (b"users.xlsx", "*", "F1"),
        (b"users.csv.20261124T093000Z-abc123.fetched", "*", "F1"),
        (b"../users.csv", "*", "path"),
        (b"/etc/passwd.csv", "*", "path"),
        (b"a\0b.csv", "*", "control"),
        (b"a\nb.csv", "*", "control"),
        ("users\u202evsc.csv".encode(), "*", "control"),
        (b"\xff.csv", "*", "UTF-8"),
        (b"", "*", "path"),
        (b"x" * 252 + b".csv", "*", "longer"),
    ],
)
def test_s02_u05_a_name_decides(name: bytes, pattern: str, part: str | None) -> None:
    found = reason(entry(name), pattern=pattern)
    assert found is None if part is None else found is not None and part in found


@pytest.mark.parametrize("kind", [Kind.FOLDER, Kind.LINK, Kind.OTHER])
def test_s02_what_is_no_regular_file_is_left_alone(kind: Kind) -> None:
    assert reason(Entry(b"users.csv", Attributes(kind, 10, 1_000)))


@pytest.mark.parametrize(("size", "mtime"), [(None, 5), (5, None)])
def test_s02_without_size_and_time_nobody_knows_whether_it_is_complete(
    size: int | None, mtime: int | None
) -> None:
    assert "does not say" in (reason(entry(size=size, mtime=mtime)) or "")


@pytest.mark.parametrize(
    ("changes", "fetched"),
    [
        ({}, True),
        ({"progress": Progress.LEAVING}, True),
        ({"progress": Progress.FETCHING}, False),
        ({"progress": Progress.GONE}, False),
        ({"size_bytes": 11}, False),
        ({"mtime": 1_001}, False),
    ],
)
def test_s02_what_was_accepted_is_fetched_again_only_when_it_changed(
    changes: dict[str, object], fetched: bool
) -> None:
    known = replace(KNOWN, **changes)  # type: ignore[arg-type]  # of a table
    assert (reason(entry(), known=known) == FETCHED) is fetched


@pytest.mark.parametrize(
    ("other", "same"),
    [(10_000, True), (13_600, True), (10_900, True), (10_001, False), (10_000 + 15 * 3_600, False)],
)
def test_s02_a_server_may_list_local_times_and_tell_others_when_asked(other: int, same: bool) -> None:
    assert is_same_time(10_000, other) is same
    assert is_same_time(other, 10_000) is same


def test_s02_a_name_twice_counts_once() -> None:
    choice = choose([entry(mtime=1), entry(mtime=2)], pattern="*", known={})
    assert [one.mtime for one in choice.fetch] == [1]


@given(st.binary(max_size=600))
def test_s02_any_name_can_be_judged_and_shown(raw: bytes) -> None:
    assert shown_name(raw).isprintable()
    assert len(shown_name(raw)) <= 121
    if flaw_of_name(raw) is None:
        name = raw.decode("utf-8")
        assert "/" not in name
        assert name not in (".", "..")
        assert "\0" not in name
