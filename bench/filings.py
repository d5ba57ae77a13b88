"""When drops of an organization entered its queue and when they were filed: told by inotify, to the millisecond."""

import ctypes
import os
import queue
import select
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

IN_MOVED_TO = 0x80
EVENT = struct.Struct("iIII")
BESIDE = (".report.html", ".problems.csv", ".rejected.csv")  # written before the file itself is moved
POLL_MS = 200


@dataclass(frozen=True, slots=True)
class Filed:
    """A drop's moments on the monotonic clock."""

    accepted: float
    filed: float
    folder: str  # archive or error

    @property
    def seconds(self) -> float:
        """Return how long the import took."""
        return self.filed - self.accepted


class Filings:
    """Watches the folders of one organization, whose drops are filed in their order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._accepted: queue.Queue[float] = queue.Queue()
        self._filed: queue.Queue[Filed] = queue.Queue()
        self._ended = threading.Event()
        self._watches: dict[int, str] = {}

    def __enter__(self) -> "Filings":
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_CLOEXEC)
        for name in ("queue", "archive", "error"):
            path = os.fsencode(self._folder / name)
            watch = libc.inotify_add_watch(self._fd, path, IN_MOVED_TO)
            if watch < 0:
                os.close(self._fd)
                raise OSError(ctypes.get_errno(), f"{self._folder / name} cannot be watched")
            self._watches[watch] = name
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._fd)

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        while not self._ended.is_set():
            if not poll.poll(POLL_MS):
                continue
            now, data, at = time.monotonic(), os.read(self._fd, 1 << 16), 0
            while at < len(data):
                watch, _mask, _cookie, length = EVENT.unpack_from(data, at)
                name = (
                    data[at + EVENT.size : at + EVENT.size + length].rstrip(b"\0").decode("utf-8", "replace")
                )
                at += EVENT.size + length
                self._note(self._watches[watch], name, now)

    def _note(self, folder: str, name: str, now: float) -> None:
        if folder == "queue":
            self._accepted.put(now)
        elif not name.startswith(".") and not name.endswith(BESIDE):
            self._filed.put(Filed(self._accepted.get_nowait(), now, folder))

    def next(self, within_s: float = 300) -> Filed:
        """Wait for the next drop that is filed.

        Raises:
            RuntimeError: none was within the time, or it was refused.
        """
        try:
            found = self._filed.get(timeout=within_s)
        except queue.Empty:
            raise RuntimeError(f"nothing was filed within {within_s:g} s in {self._folder}") from None
        if found.folder != "archive":
            raise RuntimeError(f"a file was refused: see {self._folder / 'error'}")
        return found
