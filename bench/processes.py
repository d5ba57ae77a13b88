"""What a server's processes take: CPU time and memory, the processes found below one pid.

`python -m bench.processes PID` samples the memory every 20 ms until its input ends, and prints the largest sums.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE_S = 0.02
PSS_EVERY = 25  # samples: the kernel walks all pages for it
SETTLE_S = 3.0


def tree(pid: int) -> list[int]:
    """Return the process and everything below it."""
    found = [pid]
    for one in found:
        found.extend(_children(one))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            children.extend(map(int, (task / "children").read_text("ascii").split()))
    except OSError:  # it has ended
        pass
    return children


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of the process and all below it, ended and awaited ones included."""
    return sum(map(_cpu_s, tree(pid)))


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def await_processes(pid: int, wanted: Iterable[int]) -> None:
    """Wait until all children but these have ended and were awaited, so that their CPU time is counted."""
    until, known = time.monotonic() + SETTLE_S, set(wanted)
    while set(tree(pid)) - known and time.monotonic() < until:
        time.sleep(0.002)


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of all together; what they share counts in each."""
    return sum(map(_resident_bytes, pids))


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE
    except OSError:
        return 0


def proportional_bytes(pids: Iterable[int]) -> int:
    """Return the same with what processes share divided among them (PSS)."""
    return sum(map(_proportional_bytes, pids))


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


class Memory:
    """Samples in a process of its own, so that neither the server's loop nor the client's feels it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.resident = 0
        self.proportional = 0

    def __enter__(self) -> "Memory":
        command = [sys.executable, "-m", "bench.processes", str(self._pid)]
        self._sampler = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        out, _ = self._sampler.communicate()
        if kind is None:
            found = json.loads(out)
            self.resident, self.proportional = found["resident"], found["proportional"]


def _await_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    """Sample until standard input ends."""
    pid, ended = int(sys.argv[1]), threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    resident = proportional = count = 0
    while True:
        pids = tree(pid)
        resident = max(resident, resident_bytes(pids))
        if count % PSS_EVERY == 0 or ended.is_set():
            proportional = max(proportional, proportional_bytes(pids))
        count += 1
        if ended.wait(SAMPLE_S):
            break
    print(json.dumps({"resident": resident, "proportional": proportional}))


if __name__ == "__main__":
    main()
