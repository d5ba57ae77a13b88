import pytest

from core.inbox import Meta, Origin
from server.partials import trusted_size

ORIGIN = Origin(account="Mavericks_007", address="192.0.2.7")
Ranges = tuple[tuple[int, int], ...] | None


@pytest.mark.parametrize(
    ("in_order", "boot", "extents", "size", "hole", "trusted"),
    [
        # a crash of the process: the page cache lives
        (True, "now", None, 10, 10, 10),
        (True, "now", ((0, 4),), 10, 10, 10),  # resumed behind 4, then killed
        (True, "now", None, 10, 6, 6),
        (False, "now", None, 10, 10, 0),
        (False, "now", ((0, 4),), 10, 10, 4),
        # the machine was started again: only what was recorded with an fsync counts
        (True, "before", None, 10, 10, 0),
        (True, "before", ((0, 4),), 10, 10, 4),
        (True, "before", ((0, 4), (6, 10)), 10, 10, 4),
        (True, "before", ((2, 10),), 10, 10, 0),
        (True, "before", ((0, 10),), 6, 6, 6),
        (True, "", None, 10, 10, 0),
    ],
)
def test_u03_after_a_crash_only_proven_bytes_count(
    in_order: bool, boot: str, extents: Ranges, size: int, hole: int, trusted: int
) -> None:
    meta = Meta(
        uid="1",
        name="users.csv",
        origin=ORIGIN,
        started_at="",
        in_order=in_order,
        boot=boot,
        extents=extents,
    )
    now = "now" if boot else ""
    assert trusted_size(meta, size_bytes=size, hole_at=hole, boot=now) == trusted


def test_u05_a_file_that_was_closed_counts_whole() -> None:
    meta = Meta(uid="1", name="users.tmp", origin=ORIGIN, started_at="", closed=True, boot="before")
    assert trusted_size(meta, size_bytes=10, hole_at=4, boot="now") == 10
