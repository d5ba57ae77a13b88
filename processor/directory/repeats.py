"""Whether a file is the organization's last users file once more, byte for byte (rule G2)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The bytes of the file at hand."""

    size_bytes: int
    sha256: Callable[[], Awaitable[str]]  # in hexadecimal; asked for only where the size fits


@dataclass(frozen=True, slots=True)
class LastFile:
    """The users file that left the organization's fingerprints."""

    sha256: str
    size_bytes: int
    rows: int  # data rows, refused ones included


async def is_repeat(given: FileBytes | None, *, last: LastFile | None, known: int) -> bool:
    """Return whether a file has the bytes of the last one, and each of its rows left a fingerprint that counts.

    Then all of its lines are known ones, and nothing is learned from reading them: `known` says how many there are.
    """
    if given is None or last is None or last.rows != known or not known:
        return False
    return given.size_bytes == last.size_bytes and await given.sha256() == last.sha256
