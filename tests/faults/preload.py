"""The library that stands between the daemon and the C library: compiled on the spot, steered by shared memory."""

import mmap
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

from tests.conftest import find_tool

SOURCE = Path(__file__).with_name("preload.c")
SIZE = 4096
HEAD = struct.Struct("=QQIIIIIIII")  # struct control in preload.c, as far as its texts
TEXTS = {"match": (HEAD.size, 128), "skip": (HEAD.size + 128, 128), "what": (HEAD.size + 256, 512)}


class Touch(IntFlag):
    """Kinds of operations on files."""

    WRITE = 1
    SYNC = 2
    CREATE = 4
    RENAME = 8
    LINK = 16
    UNLINK = 32
    TRUNCATE = 64
    MKDIR = 128


ALL = Touch(255)


class Action(IntEnum):
    """What becomes of the chosen operation, and of who does it."""

    NOTHING = 0
    KILL_BEFORE = 1  # kill -9 of all processes of the daemon, before the operation
    KILL_AFTER = 2
    KILL_ONE = 3  # kill -9 of the process that is about to do it
    TORN = 4  # the first half of a write, then kill -9 of all
    FAIL = 5  # it fails with an error
    SHORT = 6  # a write takes the first half and says so
    CUT_BEFORE = 7  # power cut of the file system, then kill -9 of all
    CUT_AFTER = 8
    STOP = 9  # SIGSTOP of all


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to happen at which operation."""

    action: Action
    at: int = 0  # counted from arming, from 1; 0: never, only count
    touches: Touch = ALL
    error: int = 0
    lasting: bool = False  # all from there on fail
    match: str = ""  # only paths that hold this, or, behind a !, that do not


def compiled(folder: Path) -> Path:
    """Compile the library into the folder."""
    library = folder / "preload.so"
    command = (find_tool("cc"), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


class Preload:
    """The library and its block of memory, for the processes of one daemon."""

    def __init__(self, *, library: Path, control: Path, root: Path) -> None:
        control.write_bytes(bytes(SIZE))
        self._log = control.with_name(f"{control.name}.log")
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAULT_CONTROL": str(control),
            "FAULT_ROOT": str(root.resolve()),
        }
        with control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), SIZE)

    def _text(self, name: str) -> str:
        start, size = TEXTS[name]
        return self._memory[start : start + size].split(b"\0")[0].decode("utf-8", "replace")

    def _put_text(self, name: str, value: str) -> None:
        start, size = TEXTS[name]
        self._memory[start : start + size] = value.encode().ljust(size, b"\0")

    def _head(self) -> tuple[Any, ...]:
        return HEAD.unpack_from(self._memory)

    def arm(self, plan: Plan, *, trace: bool = False) -> None:
        """Count from here on, and do what is planned when the number is reached."""
        skipped = self._head()[8]
        HEAD.pack_into(self._memory, 0, *([0] * 8), skipped, 0)
        self._put_text("match", plan.match)
        self._put_text("what", "")
        values = (plan.action, plan.error, plan.touches, 0, trace, plan.lasting, skipped, 0)
        HEAD.pack_into(self._memory, 0, 0, plan.at, *values)

    def disarm(self) -> None:
        """Let everything pass."""
        self.arm(Plan(action=Action.NOTHING))

    def skip(self, touches: Touch, match: str) -> None:
        """Make a mistake: these operations are answered with success and not done."""
        self._put_text("skip", match)
        head = list(self._head())
        head[8] = int(touches)
        HEAD.pack_into(self._memory, 0, *head)

    @property
    def count(self) -> int:
        """How many operations there were since it was armed."""
        return int(self._head()[0])

    @property
    def fired(self) -> int:
        """How often the plan was carried out."""
        return int(self._head()[5])

    @property
    def what(self) -> str:
        """The operation that was broken, and its path."""
        return self._text("what")

    def traced(self) -> list[list[str]]:
        """Number, process, call, size and path of each operation that was traced."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return [line.split(" ", 4) for line in lines]

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()


@contextmanager
def preloaded(*, library: Path, control: Path, root: Path) -> Iterator[Preload]:
    """Open the library for one daemon."""
    preload = Preload(library=library, control=control, root=root)
    try:
        yield preload
    finally:
        preload.close()
