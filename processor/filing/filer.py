"""Files a drop away when its outcome is known (rule R1): what stands beside it first, its bytes, the queue last.

Blocking: for a thread or a worker process. Names follow from the row, so a second call after a crash at any point
ends in the same state.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.beneath import rename_without_replacing
from core.durable import sync_directory
from core.errors import ServiceError
from core.inbox import DATA, FILE_MODE, FOLDER_MODE, META, Drop, Folders
from processor.filing import names
from processor.filing.kept_ranges import kept_ranges
from processor.filing.problems_csv import write_problems
from processor.filing.rejected import Range, write_rejected
from processor.filing.rejected_utf16 import write_rejected_utf16
from processor.filing.report import ReportContents, render_report
from processor.findings import Problem
from processor.reading.opening import is_utf16

BLOCK_BYTES = 1 << 20


class FilingError(ServiceError):
    """The disk did not take what is to be filed; the same call may succeed later and loses nothing."""

    code = "filing_failed"
    retryable = True


class FiledTwiceError(ServiceError):
    """Another file has the name; it is never overwritten."""

    code = "filed_twice"


class DropLostError(ServiceError):
    """The bytes are neither in the queue nor where they belong."""

    code = "drop_lost"


def file_away(
    *,
    folders: Folders,
    drop: Drop,
    contents: ReportContents,
    all_problems: Iterable[Problem] | None = None,
    header_range: Range | None = None,
    refused_ranges: Sequence[Range] = (),
) -> str:
    """Rule R1: file the drop and return its path below the organization's folder; twice is once.

    Its folder in the queue stays, so that who is interrupted files again; `leave_queue` ends that.

    `all_problems` go into the table of problems where `contents` has the first ones only; they are read once, one
    after the other (F4). Without `header_range`, the ranges that `keep_ranges` kept are used. Without bytes in the
    queue (a crash came between) they are read where they were filed.

    Raises:
        FilingError: the disk is full or failed; call again later.
        FiledTwiceError: a different file has the name already.
        DropLostError: there are no bytes to file.
    """
    path = names.filed_as(contents.record)
    target = folders.root / path
    problems = contents.problems if all_problems is None else all_problems
    try:
        source = _where_the_bytes_are(drop.data, target)
        if header_range is None and (kept := kept_ranges(drop)) is not None:
            header_range, refused_ranges = kept
        beside = (
            _write_problems(folders, contents, problems),
            _write_rejected(folders, contents, source, header_range, refused_ranges),
            _write_report(folders, contents),
        )
        _move_data(drop, target)
        # Once for all of them: until the row says that it is filed, whoever comes after a crash does it again.
        for folder in {target.parent, *(folders.root / name for name in beside if name is not None)}:
            sync_directory(folder)
        if drop.folder.exists():
            sync_directory(drop.folder)
    except OSError as exc:
        raise FilingError(
            f"The file could not be filed ({exc.strerror or exc}): it stays in the queue."
        ) from exc
    return path


def _where_the_bytes_are(queued: Path, filed: Path) -> Path:
    for path in (queued, filed):
        if path.is_file() and not path.is_symlink():
            return path
    raise DropLostError("The bytes of the drop are neither in the queue nor filed: restore a backup.")


def _write_problems(
    folders: Folders, contents: ReportContents, problems: Iterable[Problem]
) -> PurePosixPath | None:
    path = names.problems_path(contents.record, problems=contents.problem_count)
    if path is None:
        return None
    return _write_whole(folders, path, lambda file: write_problems(file, problems))


def _write_rejected(
    folders: Folders, contents: ReportContents, source: Path, header: Range | None, rows: Sequence[Range]
) -> PurePosixPath | None:
    path = names.rejected_path(contents.record)
    if path is None or header is None or not rows:
        return None
    codec = is_utf16(source, encoding=contents.organization.settings.encoding)

    def write(file: BinaryIO) -> None:
        if codec is None:
            write_rejected(file, data=source, header=header, rows=rows)
        else:
            write_rejected_utf16(file, data=source, codec=codec, header=header, rows=rows)

    return _write_whole(folders, path, write)


def _write_report(folders: Folders, contents: ReportContents) -> PurePosixPath:
    page = render_report(contents).encode("utf-8", "replace")

    def write(file: BinaryIO) -> None:
        file.write(page)

    return _write_whole(folders, names.report_path(contents.record), write)


def _write_whole(folders: Folders, path: str, write: Callable[[BinaryIO], None]) -> PurePosixPath:
    """Write to a hidden name, make it durable, rename: nobody ever reads half of it; return the folder, not synced."""
    place = PurePosixPath(path)
    with _directory(folders.root / place.parent) as folder:
        hidden = _write_hidden(place.name, folder, write)
        os.rename(hidden, place.name, src_dir_fd=folder, dst_dir_fd=folder)
    return place.parent


def _write_hidden(name: str, folder: int, write: Callable[[BinaryIO], None]) -> str:
    """Write a durable file under a name that begins with a dot, and return that; a full disk leaves nothing."""
    hidden = f".{name}"
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(hidden, flags, FILE_MODE, dir_fd=folder)
    try:
        with os.fdopen(fd, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(hidden, dir_fd=folder)
        raise
    return hidden


def _move_data(drop: Drop, target: Path) -> None:
    if not drop.data.exists():
        return
    with _directory(drop.folder) as queue, _directory(target.parent) as folder:
        try:
            rename_without_replacing(DATA, target.name, source_dir=queue, target_dir=folder)
        except FileExistsError:
            _require_equal(drop.data, target)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            if target.exists():  # a crash came between this copy and the removal from the queue
                _require_equal(drop.data, target)
            else:
                _copy_across(drop.data, target.name, folder)


def _copy_across(source: Path, name: str, folder: int) -> None:
    """Do what a rename does where `archive` or `error` is another file system."""
    with source.open("rb") as data:
        hidden = _write_hidden(name, folder, lambda file: shutil.copyfileobj(data, file, BLOCK_BYTES))
    os.rename(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)


def _require_equal(queued: Path, filed: Path) -> None:
    with queued.open("rb") as one, filed.open("rb") as other:
        while True:
            block = one.read(BLOCK_BYTES)
            if block != other.read(BLOCK_BYTES):
                raise FiledTwiceError(
                    f"A different file is filed as {filed.name} already: move it away, the drop stays in the queue."
                )
            if not block:
                return


def leave_queue(drop: Drop) -> None:
    """Remove a filed drop's folder from the queue, its meta data last: without them nobody would find what is left.

    Raises:
        FilingError: the disk failed; call again later.
    """
    if not drop.folder.exists():
        return
    try:
        for entry in sorted(os.listdir(drop.folder), key=lambda name: name == META):
            (drop.folder / entry).unlink(missing_ok=True)
        drop.folder.rmdir()
    except OSError as exc:
        raise FilingError(f"The queue's folder could not be removed ({exc.strerror or exc}).") from exc


def set_aside(drop: Drop) -> Path:
    """Take a drop that cannot be filed out of the queue's order, bytes and all, and return where it lies now."""
    aside = drop.folder.with_name(f"aside-{drop.folder.name}")
    drop.folder.rename(aside)
    return aside


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    """Open a folder of ours, made again if somebody removed it; a link is not followed (U1)."""
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
