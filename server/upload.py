"""One open upload: takes writes and knows what arrived; when it is complete is decided in `local_folder.py`."""

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from core.inbox import Incoming
from core.settings import Settings
from server import limits
from server.extents import Extents
from server.space import Space
from server.statuses import DISK_FULL, LimitError, RefusedError, UnfinishedError
from server.visits import Visit
from server.writeback import STRETCH_BYTES

log = structlog.get_logger()

MAX_READ_BYTES = 256 * 1024
LOCK_TRIES = 5
LOCK_PAUSE_S = 0.02
YIELDED = "Another session took this file over: it goes on there (U3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFlags:
    """How a client opens a file for writing (SFTP version 3, section 6.3)."""

    create: bool = False
    truncate: bool = False
    exclusive: bool = False
    append: bool = False


class Upload:
    """A handle that a client writes to."""

    def __init__(
        self,
        *,
        incoming: Incoming,
        fd: int,
        size_bytes: int,
        append: bool,
        visit: Visit,
        settings: Settings,
        space: Space,
        monotonic: Callable[[], float],
        begin_writeback: Callable[[int, int, int], None],
    ) -> None:
        self.incoming = incoming
        self.visit = visit
        self.extents = Extents([(0, size_bytes)])
        self.in_order = True
        self.opened_at = self.last_write_at = self.last_used_at = monotonic()
        self.failure: str | None = None  # why its CLOSE will be refused; what arrived goes
        self.misfit: str | None = None  # the same; what arrived stays as a partial
        self.yielded = False
        self.abandoned = False  # its session is gone: no CLOSE will come
        self.expected_size = 0
        self.times: float | None = None
        self._fd = fd
        self._append = append
        self._appended = False
        self._next = size_bytes
        self._settings = settings
        self._space = space
        self._monotonic = monotonic
        self._begin_writeback = begin_writeback
        self._begun = size_bytes  # up to where the disk was told to write

    @property
    def fd(self) -> int:
        """The open data file."""
        return self._fd

    @property
    def size_bytes(self) -> int:
        """Rule U3: up to where the bytes are unbroken."""
        return self.extents.unbroken_end

    @property
    def failure_of_close(self) -> str | None:
        """Rule U2: why this file cannot be accepted as it is."""
        if self.failure is not None or self.misfit is not None:
            return self.failure or self.misfit
        if self.extents.has_hole or self.extents.end < self.expected_size:
            return f"The file has a hole behind byte {self.size_bytes} that was never written: send it again (U2)"
        return None

    def continues(self, offset: int) -> bool:
        """Whether a write there begins where the one before ended."""
        return self._append or offset == self._next

    def write(self, offset: int, data: bytes) -> int:
        """Take bytes, in the loop: a thread hop for each write cost 38 %.

        Raises:
            LimitError, RefusedError, UnfinishedError: and the handle is spoilt, its CLOSE will be refused (U2).
        """
        self.last_used_at = self.last_write_at = self._monotonic()
        if self.yielded:
            raise RefusedError(YIELDED)
        if self._append:
            offset = self._place_to_append(offset)
        self._check(offset, len(data))
        try:
            self._put(offset, data)
        except OSError as exc:
            self.failure = DISK_FULL
            log.warning("upload.write_failed", error=os.strerror(exc.errno or 0))
            raise LimitError(DISK_FULL) from exc
        self._wrote(offset, len(data))
        return len(data)

    def write_run(self, offset: int, pieces: Sequence[memoryview], length: int) -> bool:
        """Take writes that continue each other and the one before in one call.

        False: nothing counts as written, `write` is to decide on each. So there is one place that refuses.
        """
        if self._append or offset != self._next or self.yielded or self.failure or self.misfit:
            return False
        if self._refusal(offset, length) is not None:
            return False
        try:
            written = os.pwritev(self._fd, pieces, offset)
        except OSError:
            return False
        if written < length:  # the disk is full, or nearly
            return False
        self.last_used_at = self.last_write_at = self._monotonic()
        self._wrote(offset, length)
        return True

    def _wrote(self, offset: int, length: int) -> None:
        before = self.extents.end
        self.extents.add(offset, offset + length)
        self._space.add(self.extents.end - before)
        self.in_order = self.in_order and self._next == offset
        self._next = offset + length
        if self._next - self._begun >= STRETCH_BYTES:
            self._begin_writeback(self._fd, self._begun, self._next - self._begun)
            self._begun = self._next

    def _place_to_append(self, offset: int) -> int:
        """Return the end, whatever the client says later; where it begins elsewhere, it resumes another file.

        Clients say the size that they saw, or 0 (asyncssh, curl). One that saw a taken file's size (U4) or that of a
        partial which was replaced meanwhile would append to the wrong bytes.
        """
        end = self.extents.end
        if not self._appended and offset not in (0, end):
            self.misfit = (
                f"The file has {end} bytes, so that it cannot be resumed at {offset}: send it again (U3)"
            )
        self._appended = True
        return end

    def _check(self, offset: int, length: int) -> None:
        refused = self.failure or self.misfit
        if refused is not None:
            raise UnfinishedError(refused)
        refusal = self._refusal(offset, length)
        if refusal is not None:
            self.failure = refusal
            log.warning("limit.reached", reason=refusal, org=self.visit.org_id)
            raise LimitError(refusal)

    def _refusal(self, offset: int, length: int) -> str | None:
        end = offset + length
        growth = max(0, end - self.extents.end)
        return (
            limits.size_refusal(self._settings, end=end)
            or (self._space.refusal(growth_bytes=growth) if growth else None)
            or limits.extents_refusal(extents=self.extents.count)
        )

    def _put(self, offset: int, data: bytes) -> None:
        written = os.pwrite(self._fd, data, offset)
        while written < len(data):
            written += os.pwrite(self._fd, memoryview(data)[written:], offset + written)

    def read(self, offset: int, size: int) -> bytes:
        """Read back what was written (sshfs); nothing behind the unbroken end."""
        self.last_used_at = self._monotonic()
        if self.yielded:
            raise RefusedError(YIELDED)
        size = min(size, MAX_READ_BYTES, max(0, self.size_bytes - offset))
        return os.pread(self._fd, size, offset) if size else b""

    def resize(self, size_bytes: int) -> None:
        """Obey a SETSTAT of the size: less cuts, more is what must have arrived at CLOSE (lftp says it first)."""
        self.last_used_at = self._monotonic()
        if self.yielded:
            raise RefusedError(YIELDED)
        refusal = limits.size_refusal(self._settings, end=size_bytes)
        if refusal is not None:
            raise LimitError(refusal)
        if size_bytes < self.extents.end:
            os.ftruncate(self._fd, size_bytes)
            self.extents.cut(size_bytes)
            self._next = min(self._next, size_bytes)
        self.expected_size = size_bytes

    def release(self) -> None:
        """Give the data file back; twice is once."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def open_data(incoming: Incoming, *, size_bytes: int | None) -> int:
    """Open the bytes of an upload for its one writer and cut what is behind `size_bytes` (blocks).

    The lock tells other processes that the upload is running; it ends with this process.

    Raises:
        BlockingIOError: another process writes to it.
    """
    fd = os.open(incoming.data, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        _lock(fd)
        if size_bytes is not None:
            os.ftruncate(fd, size_bytes)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _lock(fd: int) -> None:
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(LOCK_PAUSE_S)  # a command that lists uploads holds it for a moment
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
