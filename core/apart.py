"""Runs long work in an event loop of its own, in a thread, so that the loop that serves clients never waits for it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run what `work` returns to its end; when the caller is cancelled it is, too, and has ended before this returns.

    What `work` opens must belong to its own loop.
    """
    inner: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = []
    is_stopped = False

    async def watched() -> T:
        inner.append((asyncio.get_running_loop(), asyncio.current_task()))
        if is_stopped:
            raise asyncio.CancelledError
        return await work()

    running = asyncio.ensure_future(asyncio.to_thread(lambda: asyncio.run(watched())))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        is_stopped = True
        for loop, task in inner:
            if task is not None:
                with suppress(RuntimeError):  # its loop has ended by itself
                    loop.call_soon_threadsafe(task.cancel)
        await asyncio.wait({running})
        raise
