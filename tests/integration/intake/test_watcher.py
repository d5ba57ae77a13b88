"""Whatever becomes of the watcher, files in `local/` are found at once again (rule U8)."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from watchfiles import Change, awatch

from core.clock import SystemClock
from core.inbox import Inbox
from processor.intake.watcher import LocalFolders
from tests.integration.mail.writing import eventually

FILE = b"User Email\nann@x.example\n"
NEVER_S = 3600.0  # no scan of its own comes in the time of a test
QUIET_S = 0.05


@dataclass
class Watching:
    """What the watcher sees, after so many errors of the kernel's or the library's."""

    errors: list[Exception] = field(default_factory=list)
    begun: int = 0

    async def __call__(self, *paths: Path, **options: Any) -> AsyncIterator[set[tuple[Change, str]]]:
        if self.errors:
            raise self.errors.pop(0)
        self.begun += 1
        async for changes in awatch(*paths, **options):
            yield changes


@asynccontextmanager
async def watched(inbox: Inbox, data_dir: Path, watching: Watching) -> AsyncIterator[None]:
    """Run it on one organization's folder until it watches."""

    async def organizations() -> list[str]:
        return ["007"]

    folders = LocalFolders(
        inbox=inbox,
        data_dir=data_dir,
        organizations=organizations,
        nudge=lambda _org_id: None,
        quiet_time_s=QUIET_S,
        unusable_name_wait_s=NEVER_S,
        scan_interval_s=NEVER_S,
        watch=watching,
    )
    task = asyncio.create_task(folders.run())
    try:
        yield
        assert not task.done(), "it ended"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(data_dir=tmp_path, clock=SystemClock())


async def put_until_taken(inbox: Inbox, name: str) -> None:
    """Put a file there; it is taken by an event, for no scan comes by itself."""
    (inbox.folders("007").local / name).write_bytes(FILE)

    async def taken() -> bool:
        return name in [drop.meta.name for drop in inbox.queue("007")]

    await eventually(taken)


async def begun(watching: Watching, times: int) -> None:
    async def watches() -> bool:
        return watching.begun >= times

    await eventually(watches)
    await asyncio.sleep(0.2)  # until the kernel watches, of which nothing is heard


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "OS file watch limit reached"),
        OSError(errno.EMFILE, "Too many open files"),
        UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "invalid"),
        RuntimeError("the generator is broken"),
    ],
)
async def test_u08_after_any_error_of_the_watcher_all_is_scanned_and_watched_again(
    inbox: Inbox, tmp_path: Path, error: Exception
) -> None:
    watching = Watching([error])
    with capture_logs() as logs:
        async with watched(inbox, tmp_path, watching):
            await begun(watching, 1)
            await put_until_taken(inbox, "users.csv")
    restarts = [line["reason"] for line in logs if line["event"] == "watcher.restarted"]
    assert restarts == [type(error).__name__]


async def test_u08_a_file_that_comes_while_nobody_watches_is_found_by_the_scan_after_the_error(
    inbox: Inbox, tmp_path: Path
) -> None:
    watching = Watching([OSError(errno.ENOSPC, "limit")] * 2)
    inbox.prepare("007")
    async with watched(inbox, tmp_path, watching):
        await put_until_taken(inbox, "users.csv")


async def test_u08_a_name_that_is_not_utf8_stops_no_watching(inbox: Inbox, tmp_path: Path) -> None:
    watching = Watching()
    async with watched(inbox, tmp_path, watching):
        await begun(watching, 1)
        Path(os.fsdecode(os.fsencode(inbox.folders("007").local) + b"/latin-\xe9.csv")).write_bytes(FILE)
        await put_until_taken(inbox, "users.csv")


async def test_u08_a_local_folder_that_was_removed_and_made_again_is_watched_again(
    inbox: Inbox, tmp_path: Path
) -> None:
    watching = Watching()
    async with watched(inbox, tmp_path, watching):
        await begun(watching, 2)
        await put_until_taken(inbox, "first.csv")
        local = inbox.folders("007").local
        shutil.rmtree(local)
        await begun(watching, 3)
        assert local.is_dir()
        await put_until_taken(inbox, "second.csv")
