"""A run of writes is taken whole or not at all; who decides on each write is `write` alone (rules U2, U9)."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.inbox import Inbox, Origin
from core.settings import load_settings
from server.space import Space
from server.statuses import LimitError, UnfinishedError
from server.threads import Pool
from server.upload import Upload
from server.visits import Visit
from server.writeback import STRETCH_BYTES, begin_writeback

VISIT = Visit(number=1, org_id="007", account="Mavericks_007", address="198.51.100.7", client="OpenSSH")
PIECES = [memoryview(b"abc"), memoryview(b""), memoryview(b"de")]


@contextmanager
def writing(
    folder: Path,
    *,
    data: Path | None = None,
    append: bool = False,
    begin_writeback: Callable[[int, int, int], None] = lambda *_: None,
    **settings: Any,
) -> Iterator[Upload]:
    """Open an upload; its bytes go to `data` where that is given."""
    inbox = Inbox(data_dir=folder, clock=SystemClock())
    root = inbox.prepare("007").root
    incoming = inbox.begin(org_id="007", name="users.csv", origin=Origin(account="Mavericks_007"))
    chosen = load_settings(data_dir=folder, **{"min_free_disk_bytes": 0, **settings})
    pool = Pool(threads=1, name="test")
    upload = Upload(
        incoming=incoming,
        fd=os.open(data or incoming.data, os.O_RDWR),
        size_bytes=0,
        append=append,
        visit=VISIT,
        settings=chosen,
        space=Space(root=root, settings=chosen, pool=pool),
        monotonic=lambda: 0.0,
        begin_writeback=begin_writeback,
    )
    try:
        yield upload
    finally:
        upload.release()
        pool.close()


def state_of(upload: Upload) -> tuple[Any, ...]:
    return upload.size_bytes, upload.failure, upload.in_order, upload.continues(upload.size_bytes)


def test_u02_a_run_counts_as_its_writes_one_by_one(tmp_path: Path) -> None:
    with writing(tmp_path / "1") as one, writing(tmp_path / "2") as other:
        assert one.write_run(0, PIECES, 5)
        assert one.write_run(5, PIECES[:1], 3)
        for offset, data in ((0, b"abc"), (3, b""), (3, b"de"), (5, b"abc")):
            other.write(offset, data)
        assert one.incoming.data.read_bytes() == other.incoming.data.read_bytes() == b"abcdeabc"
        assert state_of(one) == state_of(other)


def test_u02_a_run_that_goes_on_elsewhere_changes_nothing(tmp_path: Path) -> None:
    with writing(tmp_path) as upload:
        assert not upload.write_run(1, PIECES, 5)
        upload.yielded = True
        assert not upload.write_run(0, PIECES, 5)
        assert upload.incoming.data.read_bytes() == b""
    with writing(tmp_path, append=True) as upload:
        assert not upload.write_run(0, PIECES, 5)


def test_u09_a_run_beyond_a_limit_changes_nothing_and_its_writes_are_refused_where_the_limit_is(
    tmp_path: Path,
) -> None:
    with writing(tmp_path, max_file_size_bytes=4) as upload:
        assert not upload.write_run(0, PIECES, 5)
        assert state_of(upload) == (0, None, True, True)
        assert upload.write(0, b"abc") == 3
        with pytest.raises(LimitError, match=r"\(U9\)$"):
            upload.write(3, b"de")
        assert not upload.write_run(3, PIECES[:1], 3)
        with pytest.raises(UnfinishedError):
            upload.write(3, b"")


def test_u02_a_run_on_a_full_disk_changes_nothing_and_the_first_write_fails(tmp_path: Path) -> None:
    with writing(tmp_path, data=Path("/dev/full")) as upload:
        assert not upload.write_run(0, PIECES, 5)
        assert state_of(upload) == (0, None, True, True)
        with pytest.raises(LimitError, match=r"^The disk is full"):
            upload.write(0, b"abc")
        assert upload.failure_of_close is not None


def test_u02_the_disk_is_told_of_each_stretch_once_while_the_file_arrives(tmp_path: Path) -> None:
    begun: list[tuple[int, int]] = []

    def note(fd: int, offset: int, length: int) -> None:
        begin_writeback(fd, offset, length)
        begun.append((offset, length))

    with writing(tmp_path, begin_writeback=note) as upload:
        half = bytes(STRETCH_BYTES // 2)
        for number in range(5):
            assert upload.write_run(number * len(half), [memoryview(half)], len(half))
        assert begun == [(0, STRETCH_BYTES), (STRETCH_BYTES, STRETCH_BYTES)]
    begin_writeback(upload.fd, 0, 1)  # closed meanwhile
