"""When something that failed is tried again: after pauses that double, of each thing by itself."""

import time
from collections.abc import Callable, Container

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0


class Backoff:
    """Remembers what failed until it goes well, on the monotonic clock; a new process tries all at once."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._pauses: dict[str, tuple[float, float]] = {}  # until when, and how long it is

    def is_due(self, what: str) -> bool:
        """Whether it may be tried now."""
        until, _ = self._pauses.get(what, (0.0, 0.0))
        return self._monotonic() >= until

    def note_failure(self, what: str) -> None:
        """Let it rest: twice as long as the last time, at most `LONGEST_PAUSE_S`."""
        _, last_s = self._pauses.get(what, (0.0, FIRST_PAUSE_S / 2))
        pause_s = min(last_s * 2, LONGEST_PAUSE_S)
        self._pauses[what] = (self._monotonic() + pause_s, pause_s)

    def note_success(self, what: str) -> None:
        """Forget that it failed."""
        self._pauses.pop(what, None)

    def keep_only(self, these: Container[str]) -> None:
        """Forget what is none of these any more."""
        self._pauses = {what: pause for what, pause in self._pauses.items() if what in these}
