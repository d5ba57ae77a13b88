"""What is due by the clock is looked after through trouble, and long work runs apart from the loop."""

import asyncio
import threading

import pytest
from structlog.testing import capture_logs

from core.apart import run_apart
from core.database import DatabaseBusyError
from core.periodic import periodically


@pytest.mark.parametrize(
    "trouble", [OSError("disk full"), DatabaseBusyError("busy")], ids=["disk", "database"]
)
async def test_o03_a_look_that_meets_trouble_comes_again(trouble: Exception) -> None:
    looked = asyncio.Event()
    failures = [trouble]

    async def look() -> None:
        if failures:
            raise failures.pop()
        looked.set()

    with capture_logs() as logs:
        working = asyncio.create_task(periodically(look, what="digests", every_s=0.001))
        async with asyncio.timeout(20):
            await looked.wait()
    assert not working.done()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert logs == [
        {
            "event": "look.deferred",
            "log_level": "warning",
            "what": "digests",
            "reason": type(trouble).__name__,
        }
    ]


async def test_e01_work_apart_runs_in_another_thread_and_its_result_comes_back() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    assert await run_apart(work) != threading.get_ident()


async def test_e01_work_apart_that_fails_fails_for_its_caller() -> None:
    async def work() -> None:
        raise FileNotFoundError("export")

    with pytest.raises(FileNotFoundError):
        await run_apart(work)


async def test_o02_work_apart_ends_with_its_caller() -> None:
    began, ended = threading.Event(), threading.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    caller = asyncio.create_task(run_apart(work))
    await asyncio.to_thread(began.wait, 20)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert caller.cancelled()
    assert ended.is_set()
