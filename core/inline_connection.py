"""An aiosqlite connection without its thread, for a process whose loop serves nobody else (a worker).

A hop into a thread and back costs 70 to 240 microseconds, and a small import makes 150 of them. Private names of
aiosqlite stand here only; `tests/unit/core/test_inline_connection.py` has a canary for each.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from typing import Any

import aiosqlite


class _AtOnce:
    """Stands for the queue of the thread: what is put into it runs before the putting returns."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except Exception as exc:
            if future is None:
                raise
            future.set_exception(exc)
        else:
            if future is not None:
                future.set_result(result)


class InlineConnection(aiosqlite.Connection):
    """Runs each call where it is awaited: the loop stands still meanwhile."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._tx = _AtOnce()  # type: ignore[assignment]  # it has the method that is used

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()
