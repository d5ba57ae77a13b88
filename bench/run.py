"""All measurements: `make bench` writes bench/RESULTS.md, `make bench-quick` measures small sizes and only prints.

A part that fails loses nothing of the others: the page names it, and is written anew after each part.
"""

import argparse
import importlib
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import structlog

from bench.goals import Part
from bench.ground import FULL, MEMORY, QUICK, Ground, Sizes, file_system
from bench.page import counted, goals_table, notes_by_part, page
from bench.place import tool

RESULTS = Path(__file__).with_name("RESULTS.md")
PINS = Path(__file__).with_name("peers.txt")
IMPORTERS = ("django", "django-import-export", "pandas", "sqlite-utils")
NOTES = Path(__file__).with_name("notes.md")
PARTS = ("uploads", "logins", "sessions", "latency", "imports", "million", "organizations")
LONGEST_S = 900
LIBRARIES = ("asyncssh", "cryptography", "sqlalchemy", "aiosqlite", "xxhash", "numpy")


METHOD = """\
Figures are medians; ratios are medians of the ratios of rounds that went from one to the other in turn (A B C, A B C
...). Client and server share the processors. An upload is timed with the login and, of ours, with the fsync at CLOSE;
an import from acceptance to the moment when the file lies in `archive/`, its report beside it. Small files and logins
are measured while a schedule holds imports. Memory is that of all processes of a server together, sampled every 20 ms.
"""


class PartTimeoutError(Exception):
    """A part hung."""


def measured(name: str, ground: Ground) -> Part:
    """Run one part; whatever goes wrong in it is named in what it returns."""
    module = importlib.import_module(f"bench.{name}")
    part = Part(name=name, title=module.TITLE)
    work: Callable[[Ground, Part], None] = module.measure
    began = time.monotonic()
    try:
        with _deadline(LONGEST_S):
            work(ground, part)
    except Exception as exc:  # noqa: BLE001  # the other parts are measured all the same
        part.failures.append(f"broken off: {said(exc)}")
        traceback.print_exception(exc)
    part.took_s = time.monotonic() - began
    return part


def said(error: BaseException) -> str:
    """Name an error, and of a group the first one in it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


@contextmanager
def _deadline(limit_s: int) -> Iterator[None]:
    def expired(_number: int, _frame: FrameType | None) -> None:
        raise PartTimeoutError(f"not done within {limit_s} s")

    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(limit_s)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def head(ground: Ground, parts: list[Part], load: float, *, command: str) -> list[str]:
    """Say on what, when and how it was measured."""
    took = " ".join(f"{part.name} {part.took_s:.0f} s," for part in parts).rstrip(",")
    places = f"Data folders on disk ({file_system(ground.disk)})"
    if ground.tmpfs is not None:
        places += f" and in memory ({file_system(ground.tmpfs)})"
    return [
        f"Written by `{command}`; do not edit. {time.strftime('%Y-%m-%d', time.gmtime())}.",
        f"{_processor()}, {os.cpu_count()} CPUs, {_memory_gib():.0f} GiB, {platform.system()} {platform.release()}. "
        f"{places}. Load when it began: {load:.1f}. Took: {took}.",
        f"rosterdrop {version('rosterdrop')} ({_revision()}), Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}, {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}; beside it: "
        f"{_peers()}.",
        METHOD.strip(),
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)


def _revision() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=RESULTS.parent,
    )
    return done.stdout.strip() or "no revision"


def _peers() -> str:
    programs = {"OpenSSH": ("ssh", "-V"), "ProFTPD": ("proftpd", "-v"), "rclone": ("rclone", "version")}
    found = []
    for name, (program, option) in programs.items():
        try:
            done = subprocess.run([tool(program), option], capture_output=True, text=True, check=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            continue
        said = (done.stdout or done.stderr).splitlines()[0]
        found.append(said if name in said else f"{name} {said.split()[-1]}")
    pins = [line.strip() for line in PINS.read_text("utf-8").splitlines()]
    importers = [pin.replace("==", " ") for pin in pins if pin.partition("==")[0] in IMPORTERS]
    return "; ".join([*found, *importers])


def main() -> int:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes; print only")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some parts; print only")
    parser.add_argument("--disk", type=Path, default=Path("/var/tmp"), help="where folders on disk are made")
    parser.add_argument("--output", type=Path, help="another page to write")
    wanted = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    sizes: Sizes = QUICK if wanted.quick else FULL
    ground = Ground(sizes=sizes, disk=wanted.disk, tmpfs=MEMORY if MEMORY.is_dir() else None)
    whole = not wanted.quick and tuple(wanted.only) == PARTS
    output = wanted.output or (RESULTS if whole else None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started and made is taken away
    load, text = os.getloadavg()[0], ""
    parts: list[Part] = []
    for name in wanted.only:
        print(f"--- {name} ...", flush=True)
        part = measured(name, ground)
        parts.append(part)
        print(f"{goals_table(part.findings)}\n", flush=True)
        for failure in part.failures:
            print(f"failed: {failure}", flush=True)
        print(f"--- {name}: {part.took_s:.0f} s", flush=True)
        text = page(
            head=head(
                ground,
                parts,
                load,
                command="make bench" if whole else " ".join(["python -m bench.run", *sys.argv[1:]]),
            ),
            parts=parts,
            notes=notes_by_part(NOTES.read_text("utf-8")),
        )
        if output is not None:
            output.write_text(text, "utf-8")
    print(text if output is None else f"written to {output}")
    print(counted(parts))
    return 1 if any(part.failures for part in parts) else 0


if __name__ == "__main__":
    sys.exit(main())
