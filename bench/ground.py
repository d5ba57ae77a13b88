"""What a run stands on: its sizes, and the folders on disk and in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.place import Place, temporary_place

MEMORY = Path("/dev/shm")
DISK, TMPFS = "disk", "tmpfs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    kinds: tuple[str, ...]  # of file systems
    rounds: int
    big_mib: int
    small_files: int
    small_rounds: int
    crowd: int  # clients that log in at once
    idle_sessions: tuple[int, ...]
    daily_files: int  # of which latencies are taken
    rows: int
    import_rounds: int
    scaling_rows: tuple[int, ...]
    million: int
    organizations: tuple[int, ...]
    settle_s: float  # after the start, before idling is measured
    idle_s: float
    hold_s: float  # in which idle sessions are sampled
    busy_s: float  # in which busy ones upload


FULL = Sizes(
    kinds=(DISK, TMPFS),
    rounds=3,
    big_mib=512,
    small_files=500,
    small_rounds=3,
    crowd=16,
    idle_sessions=(1, 10, 100),
    daily_files=300,
    rows=100_000,
    import_rounds=3,
    scaling_rows=(10_000,),
    million=1_000_000,
    organizations=(1, 100, 1_000, 10_000),
    settle_s=15,
    idle_s=20,
    hold_s=2,
    busy_s=5,
)
QUICK = Sizes(
    kinds=(DISK,),
    rounds=1,
    big_mib=64,
    small_files=50,
    small_rounds=1,
    crowd=4,
    idle_sessions=(1, 10),
    daily_files=20,
    rows=10_000,
    import_rounds=1,
    scaling_rows=(1_000,),
    million=30_000,
    organizations=(1, 200),
    settle_s=3,
    idle_s=3,
    hold_s=0.5,
    busy_s=2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Sizes, and where data folders are made."""

    sizes: Sizes
    disk: Path
    tmpfs: Path | None  # None: there is none

    def kinds(self) -> tuple[str, ...]:
        """Return on which kinds of file systems things are measured."""
        return self.sizes.kinds if self.tmpfs is not None else (DISK,)

    @contextmanager
    def place(self, kind: str = DISK) -> Iterator[Place]:
        """Make a folder with keys, and remove it afterwards."""
        parent = self.disk if kind == DISK or self.tmpfs is None else self.tmpfs
        with temporary_place(parent) as place:
            yield place


def file_system(folder: Path) -> str:
    """Return the type of the file system that a folder lies on."""
    best, found = "", "unknown"
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _device, mounted, kind, *_ = line.split()
        if len(mounted) > len(best) and folder.resolve().is_relative_to(mounted):
            best, found = mounted, kind
    return found
