from pathlib import Path

from processor.filing.filer import file_away, leave_queue
from processor.filing.kept_ranges import NAME, keep_ranges, kept_ranges
from tests.integration.filing.drops import (
    HEADER,
    HEADER_RANGE,
    REFUSED_RANGE,
    ROWS,
    contents,
    make_drop,
    tree,
)
from tests.integration.filing.drops import NAME as FILED


def test_r01_ranges_are_kept_beside_the_drop_as_they_were_given(tmp_path: Path) -> None:
    _, drop = make_drop(tmp_path)
    rows = [(21, 35), (5_000_000_000, 5_000_000_100)]
    keep_ranges(drop, header=HEADER_RANGE, rows=rows)
    assert kept_ranges(drop) == (HEADER_RANGE, rows)


def test_r01_a_new_plan_replaces_what_was_kept(tmp_path: Path) -> None:
    _, drop = make_drop(tmp_path)
    keep_ranges(drop, header=HEADER_RANGE, rows=[REFUSED_RANGE])
    keep_ranges(drop, header=HEADER_RANGE, rows=[])
    assert kept_ranges(drop) is None
    assert not (drop.folder / NAME).exists()


def test_r01_a_broken_file_of_ranges_is_none(tmp_path: Path) -> None:
    _, drop = make_drop(tmp_path)
    (drop.folder / NAME).write_bytes(b"abc")
    assert kept_ranges(drop) is None


def test_r01_after_a_crash_the_refused_rows_are_filed_from_what_was_kept(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    keep_ranges(drop, header=HEADER_RANGE, rows=[REFUSED_RANGE])
    file_away(folders=folders, drop=drop, contents=contents())
    leave_queue(drop)
    left = tree(folders)
    assert left[f"error/{FILED}.rejected.csv"] == HEADER + ROWS[1]
    assert not [path for path in left if path.startswith("queue/")]
