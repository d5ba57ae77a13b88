import errno
import os
from pathlib import Path

import pytest

from core.inbox import Drop, Folders
from processor.filing.filer import DropLostError, FiledTwiceError, FilingError, file_away, leave_queue
from processor.imports import Outcome
from tests.integration.filing.drops import (
    DATA,
    HEADER,
    HEADER_RANGE,
    NAME,
    REFUSED_RANGE,
    ROWS,
    contents,
    make_drop,
    tree,
)


def filed(folders: Folders, drop: Drop, outcome: Outcome = Outcome.PARTIAL) -> str:
    path = file_away(
        folders=folders,
        drop=drop,
        contents=contents(outcome),
        header_range=HEADER_RANGE,
        refused_ranges=[REFUSED_RANGE],
    )
    leave_queue(drop)
    return path


def test_r01_a_partial_file_is_archived_and_its_refused_rows_stand_in_error(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    assert filed(folders, drop) == f"archive/{NAME}"
    left = tree(folders)
    assert set(left) == {
        f"archive/{NAME}",
        f"archive/{NAME}.report.html",
        f"error/{NAME}.problems.csv",
        f"error/{NAME}.rejected.csv",
    }
    assert left[f"archive/{NAME}"] == DATA
    assert left[f"error/{NAME}.rejected.csv"] == HEADER + ROWS[1]
    assert b"bad-address" in left[f"error/{NAME}.problems.csv"]
    assert b"Partly imported" in left[f"archive/{NAME}.report.html"]
    assert list(folders.queue.iterdir()) == []


def test_r01_a_refused_file_lies_in_error_with_report_and_table(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    assert filed(folders, drop, Outcome.REFUSED) == f"error/{NAME}"
    assert set(tree(folders)) == {
        f"error/{NAME}",
        f"error/{NAME}.report.html",
        f"error/{NAME}.problems.csv",
    }


@pytest.mark.parametrize(
    ("outcome", "folder"),
    [(Outcome.IMPORTED, "archive"), (Outcome.CHECKED, "archive"), (Outcome.DISCARDED, "error")],
)
def test_r01_other_outcomes_leave_the_file_and_its_report(
    tmp_path: Path, outcome: Outcome, folder: str
) -> None:
    folders, drop = make_drop(tmp_path)
    filed(folders, drop, outcome)
    assert set(tree(folders)) == {f"{folder}/{NAME}", f"{folder}/{NAME}.report.html"}


def test_r01_filing_twice_is_filing_once(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    first = filed(folders, drop)
    left = tree(folders)
    assert filed(folders, drop) == first
    assert tree(folders) == left


def test_r01_nobody_else_on_the_machine_can_read_what_is_filed(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    filed(folders, drop)
    modes = {path.stat().st_mode & 0o077 for folder in folders.all() for path in folder.iterdir()}
    assert modes == {0}


def test_r01_a_different_file_of_the_same_name_is_never_overwritten(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    (folders.archive / NAME).write_bytes(b"something else")
    with pytest.raises(FiledTwiceError):
        filed(folders, drop)
    assert (folders.archive / NAME).read_bytes() == b"something else"
    assert drop.data.read_bytes() == DATA


def test_r01_the_same_bytes_under_the_name_already_end_the_same(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    (folders.archive / NAME).write_bytes(DATA)
    filed(folders, drop)
    assert (folders.archive / NAME).read_bytes() == DATA
    assert not drop.folder.exists()


def test_r01_a_drop_without_bytes_anywhere_is_reported(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    drop.data.unlink()
    with pytest.raises(DropLostError):
        filed(folders, drop)


def test_u01_a_link_in_place_of_the_archive_is_not_followed(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folders.archive.rmdir()
    folders.archive.symlink_to(elsewhere)
    with pytest.raises(FilingError):
        filed(folders, drop)
    assert list(elsewhere.iterdir()) == []
    assert drop.data.read_bytes() == DATA


def test_r01_a_folder_that_somebody_removed_is_made_again(tmp_path: Path) -> None:
    folders, drop = make_drop(tmp_path)
    folders.error.rmdir()
    filed(folders, drop)
    assert (folders.error / f"{NAME}.rejected.csv").exists()


def test_r01_a_disk_that_takes_nothing_leaves_the_drop_in_the_queue(tmp_path: Path) -> None:
    if os.geteuid() == 0 and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    folders, drop = make_drop(tmp_path)
    # A folder under the hidden name stops the write as a full disk would, with an OSError.
    (folders.archive / f".{NAME}.report.html").mkdir()
    with pytest.raises(FilingError) as caught:
        filed(folders, drop)
    assert caught.value.retryable
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EISDIR
    assert drop.data.read_bytes() == DATA
    (folders.archive / f".{NAME}.report.html").rmdir()
    assert filed(folders, drop) == f"archive/{NAME}"
