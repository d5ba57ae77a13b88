"""An executor without threads, for a process whose loop serves nobody else (a worker): the loop stands still meanwhile.

A way into a thread and back costs a tenth of a millisecond or more, and a small import goes it eight times.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class AtOnceExecutor(ThreadPoolExecutor):
    """What is submitted runs before `submit` returns; a loop's default executor must be a ThreadPoolExecutor."""

    def submit(self, work: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Run the work and return what came of it."""
        done: Future[T] = Future()
        try:
            done.set_result(work(*arguments, **named))
        except BaseException as exc:  # noqa: BLE001  # whoever awaits the future meets it
            done.set_exception(exc)
        return done
