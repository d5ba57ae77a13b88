"""Files a drop again and again, dying at each touch of the disk in turn, and files it a second time.

Run as a process of its own: it forks. Prints one line for each point and ends with 1 if any left another state.
An audit hook counts the calls that change the disk (PEP 578), so our own code stays as it is.
"""

import os
import sys
import tempfile
from pathlib import Path

from core.inbox import Drop, Folders
from processor.filing.filer import file_away, leave_queue
from processor.filing.kept_ranges import keep_ranges
from tests.integration.filing.drops import HEADER_RANGE, REFUSED_RANGE, contents, make_drop, tree

TOUCHES = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "ctypes.call_function", "ctypes.dlsym"}
)
DIED = 77


def file_it(folders: Folders, drop: Drop) -> None:
    """File with the ranges that were kept: after a crash nobody else knows them."""
    file_away(folders=folders, drop=drop, contents=contents())
    leave_queue(drop)


def ready_drop(root: Path) -> tuple[Folders, Drop]:
    folders, drop = make_drop(root)
    keep_ranges(drop, header=HEADER_RANGE, rows=[REFUSED_RANGE])
    return folders, drop


def die_at(point: int, folders: Folders, drop: Drop) -> bool:
    """File the drop in a child that dies before its touch number `point`; False if it came to its end."""
    child = os.fork()
    if child == 0:
        left = point

        def count(event: str, _arguments: object) -> None:
            nonlocal left
            if event in TOUCHES:
                left -= 1
                if left < 0:
                    os._exit(DIED)

        sys.addaudithook(count)
        file_it(folders, drop)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == DIED


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folders, drop = ready_drop(Path(name) / "whole")
        file_it(folders, drop)
        expected = tree(folders)
        assert any(path.endswith(".rejected.csv") for path in expected)
        died, point, wrong = True, 0, 0
        while died:
            folders, drop = ready_drop(Path(name) / str(point))
            died = die_at(point, folders, drop)
            file_it(folders, drop)
            same = tree(folders) == expected and not any(folders.queue.iterdir())
            print(point, "same" if same else f"different: {sorted(tree(folders))}")
            wrong += not same
            point += 1
    return 1 if wrong or point < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
