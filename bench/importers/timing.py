"""Runs one importer: DATABASE FILE on the command line, its seconds as JSON on standard output."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

ADDRESS = "User Email"


def run(prepare: Callable[[Path], None], upsert: Callable[[Path, Path], None]) -> None:
    """Time the import alone: not the start of Python, nor the making of an empty table."""
    database, file = map(Path, sys.argv[1:3])
    prepare(database)
    began, cpu_s = time.perf_counter(), time.process_time()
    upsert(database, file)
    spent = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu_s}
    print(json.dumps(spent))
