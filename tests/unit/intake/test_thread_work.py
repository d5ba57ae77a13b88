"""`processor/intake/thread_work.py`: nothing that a thread uses is let go of while it works (rules S2, U2)."""

import asyncio
import threading

import pytest

from processor.intake.thread_work import to_its_end


async def test_s02_what_a_thread_does_ends_before_its_task_however_often_that_is_cancelled() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done = []

    def work() -> None:
        begun.set()
        assert go_on.wait(60)
        done.append("all of it")

    task = asyncio.create_task(to_its_end(work))
    await asyncio.to_thread(begun.wait, 60)
    for _ in range(3):
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["all of it"]


async def test_s02_a_limit_of_time_waits_for_the_thread_and_is_told_as_such() -> None:
    go_on = threading.Event()
    done = []

    def work() -> None:
        assert go_on.wait(60)
        done.append("all of it")

    asyncio.get_running_loop().call_later(0.2, go_on.set)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await to_its_end(work)
    assert done == ["all of it"]


async def test_s02_what_a_thread_returns_or_raises_comes_back() -> None:
    assert await to_its_end(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await to_its_end(divmod, 7, 0)


async def test_s02_an_error_of_a_thread_whose_task_was_cancelled_is_not_left_behind() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert go_on.wait(60)
        raise OSError

    task = asyncio.create_task(to_its_end(work))
    await asyncio.to_thread(begun.wait, 60)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
