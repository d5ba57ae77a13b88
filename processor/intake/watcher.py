"""Wakes scans of the `local/` folders (rule U8): events and nudges make one come sooner, they are never the truth."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from core.database import TROUBLES
from core.filled_folders import FilledFolders, prepare_all
from core.inbox import Inbox
from core.nudges import MAIL, nudges_folder
from processor.intake.drop_ins import DropIns

log = structlog.get_logger()

# 8 ms from a write to the event; the defaults of 1600/50 take up to 1,669 ms.
DEBOUNCE_MS = 20
STEP_MS = 5
AFTER_ERROR_S = 1.0

Watch = Callable[..., AsyncIterator[set[tuple[Change, str]]]]  # `watchfiles.awatch`: the seam to inotify


class LocalFolders:
    """Scans all `local/` folders: at start, every ten seconds, when something wakes it, when a file may be complete."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        data_dir: Path,
        organizations: Callable[[], Awaitable[list[str]]],
        nudge: Callable[[str], None],
        quiet_time_s: float,
        unusable_name_wait_s: float,
        scan_interval_s: float,
        watch: Watch = awatch,
    ) -> None:
        self._inbox = inbox
        self._filled = FilledFolders(inbox)
        self._data_dir = data_dir
        self._organizations = organizations
        self._nudge = nudge
        self._quiet_s = quiet_time_s
        self._unusable_s = unusable_name_wait_s
        self._interval_s = scan_interval_s
        self._watch_files = watch
        self._known: set[str] = set()
        self._folders: dict[str, DropIns] = {}  # of those in which something lies
        self._due: dict[
            str, float
        ] = {}  # when, on the monotonic clock, an organization's folder wants a look
        self._gone: set[str] = set()  # organizations whose folder was removed since it was watched
        self._is_first = True  # look since the start
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()  # the set of organizations

    async def run(self) -> None:
        """Scan and watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(), name="watcher")
            group.create_task(self._scan(), name="local folders")

    def wake(self, org_id: str) -> None:
        """Say that something may have changed in an organization's folder; an unknown one has just been made."""
        self._due[org_id] = 0.0
        self._woken.set()

    async def _scan(self) -> None:
        all_due = 0.0
        while True:
            self._woken.clear()
            if time.monotonic() >= all_due:
                try:
                    await self._look_at_organizations()
                except TROUBLES as exc:
                    log.warning("local_folder.deferred", reason=type(exc).__name__)
                all_due = time.monotonic() + self._interval_s
            now = time.monotonic()
            for org_id in [org_id for org_id, due in self._due.items() if due <= now]:
                await self._scan_one(org_id)
            wait_s = max(0.0, min([all_due, *self._due.values()]) - time.monotonic())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    async def _look_at_organizations(self) -> None:
        known = set(await self._organizations())
        if known != self._known:
            await self._adopt(known)
            self._changed.set()  # once for all of them: each change watches everything anew
        busy, lying = await asyncio.to_thread(self._look, known)
        for org_id in busy:
            self._nudge(org_id)
        self._due.update(dict.fromkeys(lying, 0.0))

    def _look(self, known: set[str]) -> tuple[list[str], set[str]]:
        """Return those who have something in the queue, and those whose `local/` wants a scan (blocks).

        What a crash left between a claim and the queue lies in `local/` or in `incoming/`.
        """
        left = known.intersection(self._filled.incoming()) if self._is_first else set()
        self._is_first = False
        return self._filled.queues(known), left.union(self._filled.local(known), self._folders)

    async def _adopt(self, known: set[str]) -> None:
        if new := known - self._known:
            await asyncio.to_thread(prepare_all, self._inbox, new)
        for org_id in self._known - known:
            self._folders.pop(org_id, None)
        self._known = known

    def _drop_ins(self, org_id: str) -> DropIns:
        if org_id not in self._folders:
            self._folders[org_id] = DropIns(
                inbox=self._inbox,
                org_id=org_id,
                quiet_time_s=self._quiet_s,
                unusable_name_wait_s=self._unusable_s,
            )
        return self._folders[org_id]

    async def _scan_one(self, org_id: str) -> None:
        del self._due[org_id]
        try:
            if org_id not in self._known:
                await self._look_at_organizations()
            if org_id not in self._known:
                return
            drop_ins = self._drop_ins(org_id)
            scan = await asyncio.to_thread(drop_ins.scan, time.monotonic())
            if drop_ins.is_done:
                self._folders.pop(org_id, None)
        except TROUBLES as exc:
            log.warning("local_folder.deferred", org=org_id, reason=type(exc).__name__)
            return
        if scan.again_in_s is not None:
            self._due[org_id] = time.monotonic() + scan.again_in_s
        if org_id in self._gone:  # made again; what comes before it is watched, the next look finds
            self._gone.discard(org_id)
            self._changed.set()
            self._due[org_id] = time.monotonic() + self._quiet_s
        if scan.taken:
            self._nudge(org_id)

    async def _watch(self) -> None:
        """Watch until an organization comes or goes; after any error everything is scanned and watched anew."""
        nudges = await asyncio.to_thread(nudges_folder, self._data_dir)
        pause_s = AFTER_ERROR_S
        while True:
            self._changed.clear()
            paths = await asyncio.to_thread(self._watched)
            try:
                await self._watch_these([nudges, *paths], nudges)
            except asyncio.CancelledError:
                raise
            except Exception as exc:  # noqa: BLE001  a name that is not UTF-8 ends the generator with an error of its own
                log.warning("watcher.restarted", reason=type(exc).__name__)
                for org_id in self._known:
                    self.wake(org_id)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, self._interval_s)
            else:
                pause_s = AFTER_ERROR_S

    def _watched(self) -> list[Path]:
        """Return the folders to watch (blocks)."""
        paths = [self._inbox.folders(org_id).local for org_id in list(self._known)]
        return [path for path in paths if path.is_dir()]

    async def _watch_these(self, paths: list[Path], nudges: Path) -> None:
        stop, watched = asyncio.Event(), frozenset(paths)
        stopper = asyncio.create_task(self._stop_on_change(stop))
        try:
            async for changes in self._watch_files(
                *paths,
                watch_filter=None,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=stop,
                recursive=False,
            ):
                for _, name in changes:
                    path = Path(name)
                    if path.parent == nudges:
                        self._nudge(path.name)
                        if path.name != MAIL:
                            self.wake(path.name)
                    elif (
                        path in watched
                    ):  # the folder itself, which an operator removed: the kernel watches it no more
                        self._gone.add(path.parent.name)
                        self.wake(path.parent.name)
                    else:
                        self.wake(path.parent.parent.name)
        finally:
            stopper.cancel()

    async def _stop_on_change(self, stop: asyncio.Event) -> None:
        await self._changed.wait()
        stop.set()
