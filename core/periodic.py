"""Looks again and again at what is due by the clock, through full disks and busy databases."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.database import TROUBLES
from core.errors import BusyError

log = structlog.get_logger()

PASSING: tuple[type[Exception], ...] = (*TROUBLES, BusyError)  # what may be well the next time
LOOK_S = 5.0  # timed actions happen within 10 s of their time (S1)


async def periodically(look: Callable[[], Awaitable[None]], *, what: str, every_s: float = LOOK_S) -> None:
    """Look until cancelled; `what` names it in the log when a look has to be put off."""
    while True:
        try:
            await look()
        except PASSING as exc:
            log.warning("look.deferred", what=what, reason=type(exc).__name__)
        await asyncio.sleep(every_s)
