"""The connection without a thread, and a canary for each private name of aiosqlite that it stands on."""

import asyncio
import inspect
import sqlite3
import threading

import aiosqlite
import pytest
from aiosqlite import core

from core.inline_connection import InlineConnection


async def opened() -> aiosqlite.Connection:
    return await InlineConnection(lambda: sqlite3.connect(":memory:", isolation_level=None))


def test_aiosqlite_is_the_release_that_was_looked_at() -> None:
    assert aiosqlite.__version__.startswith("0.22.")
    assert "self._tx.put_nowait((future, function))" in inspect.getsource(core.Connection._execute)
    assert "self._tx.put_nowait((future, self._connector))" in inspect.getsource(core.Connection._connect)
    assert "self._tx.put_nowait((future, close_and_stop))" in inspect.getsource(core.Connection.stop)
    assert "self._thread.start()" in inspect.getsource(core.Connection.__await__)


async def test_it_works_in_the_thread_of_the_loop_and_starts_none() -> None:
    before = threading.enumerate()
    connection = await opened()
    threads: list[int] = []
    await connection.create_function("here", 0, lambda: threads.append(threading.get_ident()))
    await connection.execute_fetchall("SELECT here()")
    assert threads == [threading.get_ident()]
    assert threading.enumerate() == before
    await connection.close()


async def test_rows_come_as_with_a_thread() -> None:
    connection = await opened()
    await connection.execute("CREATE TABLE t (a)")
    await connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)])
    cursor = await connection.execute("SELECT a FROM t ORDER BY a")
    assert list(await cursor.fetchmany(2)) == [(1,), (2,)]
    assert [row async for row in cursor] == [(3,)]
    await cursor.close()
    await connection.close()


async def test_an_error_is_raised_where_the_call_is_awaited() -> None:
    connection = await opened()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await connection.execute("SELECT * FROM missing")
    assert list(await connection.execute_fetchall("SELECT 1")) == [(1,)]
    await connection.close()


async def test_a_file_that_cannot_be_opened_says_so() -> None:
    with pytest.raises(sqlite3.OperationalError):
        await InlineConnection(lambda: sqlite3.connect("/nowhere/at/all.sqlite"))


async def test_closing_twice_is_once_and_nothing_works_behind_it() -> None:
    connection = await opened()
    await connection.close()
    await connection.close()
    with pytest.raises(ValueError, match="no active connection"):
        await connection.execute("SELECT 1")


async def test_a_cancelled_task_is_cancelled_at_its_next_wait() -> None:
    connection = await opened()

    async def work() -> None:
        await connection.execute("SELECT 1")
        await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await connection.close()
