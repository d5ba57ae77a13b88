"""Rows that wait for their transaction: in memory while they are few, in a temporary file beyond (rule F4)."""

import marshal
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

IN_MEMORY_BYTES = 2 << 20
BATCH_ROWS = 2_000

Row = tuple[Any, ...]


class Spill:
    """Batches of rows of plain values, read back in the order in which they came."""

    def __init__(self, *, folder: Path) -> None:
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115  see close
        self._file = cast("BinaryIO", file)
        self._sizes: list[int] = []
        self._gathered: list[Row] = []
        self.rows = 0

    def __len__(self) -> int:
        return self.rows

    def append(self, rows: list[Row]) -> None:
        """Keep rows (0.3 microseconds each); few at a time are gathered first."""
        self._gathered.extend(rows)
        self.rows += len(rows)
        if len(self._gathered) >= BATCH_ROWS:
            self._write_gathered()

    def _write_gathered(self) -> None:
        if self._gathered:
            packed = marshal.dumps(self._gathered)
            self._file.seek(0, os.SEEK_END)  # somebody may have read in between
            self._file.write(packed)
            self._sizes.append(len(packed))
            self._gathered = []

    def clear(self) -> None:
        """Forget all rows."""
        self._file.seek(0)
        self._file.truncate()
        self._sizes.clear()
        self._gathered = []
        self.rows = 0

    def batches(self) -> Iterator[list[Row]]:
        """Yield all rows in batches; more than once is fine, but not while rows come."""
        self._write_gathered()
        # One read for each batch: `marshal.load` asks a Python file for every number, 60 times slower.
        self._file.seek(0)
        for size in list(self._sizes):
            yield marshal.loads(self._file.read(size))  # noqa: S302  our own bytes, a moment old

    def close(self) -> None:
        """Give the file back; its space is free at once, after a crash too, for it has no name."""
        self._file.close()

    def __enter__(self) -> "Spill":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
