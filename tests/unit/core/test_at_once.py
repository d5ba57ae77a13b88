"""The executor without threads."""

import asyncio
import threading

import pytest

from core.at_once import AtOnceExecutor


@pytest.fixture
def executor() -> AtOnceExecutor:
    return AtOnceExecutor()


async def test_what_a_loop_gives_away_runs_in_its_own_thread(executor: AtOnceExecutor) -> None:
    asyncio.get_running_loop().set_default_executor(executor)
    before = threading.active_count()
    assert await asyncio.to_thread(threading.get_ident) == threading.get_ident()
    assert threading.active_count() == before


async def test_an_error_is_raised_where_the_work_is_awaited(executor: AtOnceExecutor) -> None:
    asyncio.get_running_loop().set_default_executor(executor)
    with pytest.raises(ValueError, match="invalid literal"):
        await asyncio.to_thread(int, "x")
