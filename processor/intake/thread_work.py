"""Blocking work in a thread that has ended when its caller goes on, also when the caller was cancelled."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread and wait until it has ended, however often the task is cancelled meanwhile.

    `asyncio.to_thread` lets go of its thread when it is cancelled: a file would be closed, or a lock given back, while
    the thread still writes.

    Raises:
        asyncio.CancelledError: the task was cancelled; what the function returned or raised is lost.
    """
    call = partial(copy_context().run, function, *args, **kwargs)
    work = asyncio.get_running_loop().run_in_executor(
        None, call
    )  # no task, which the end of a loop would cancel
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as exc:  # raised below, when the thread has ended
            cancelled = exc
    if cancelled is not None:
        work.exception()  # it is nobody's any more
        raise cancelled
    return work.result()
