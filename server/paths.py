"""What a path of a client names: the root, one of the four folders, a name in one; lexical, no disk (rule U1)."""

from dataclasses import dataclass
from enum import Enum

from server.statuses import MissingError, RefusedError

PATH_LIMIT_BYTES = 4096  # as on any Linux (PATH_MAX)


class Area(Enum):
    """A folder that an organization sees in `/`."""

    LOCAL = "local"
    ARCHIVE = "archive"
    ERROR = "error"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Root:
    """The folder a login starts in."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One of the four folders."""

    area: Area


@dataclass(frozen=True, slots=True)
class Inside:
    """Something below one of the four folders; `path` has no `.`, `..` or empty part and does not begin with `/`."""

    area: Area
    path: bytes

    @property
    def is_direct(self) -> bool:
        """Whether it lies in the folder itself, not deeper."""
        return b"/" not in self.path


@dataclass(frozen=True, slots=True)
class Outside:
    """A name in `/` that is none of the four: nothing else exists."""

    path: bytes


Place = Root | Folder | Inside | Outside


def canonical(path: bytes) -> bytes:
    """Resolve `.`, `..` and doubled slashes lexically; `..` in the root stays there, a relative path begins in it.

    Raises:
        RefusedError: the path is too long.
    """
    if len(path) > PATH_LIMIT_BYTES:
        raise RefusedError(f"The path is longer than {PATH_LIMIT_BYTES} bytes (U1)")
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/" + b"/".join(parts)


def place_of(path: bytes) -> Place:
    """Rule U1: say what a client's path names.

    Raises:
        MissingError: it has a NUL byte.
    """
    if b"\0" in path:
        raise MissingError("There is no such file: a name cannot have a NUL byte (U1)")
    head, _, tail = canonical(path)[1:].partition(b"/")
    if not head:
        return Root()
    try:
        area = Area(head.decode("ascii"))
    except ValueError:
        return Outside(path=head + (b"/" + tail if tail else b""))
    return Inside(area, tail) if tail else Folder(area)
