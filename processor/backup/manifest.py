"""What a backup says of itself: a page about the whole, and the SHA-256 of every file as `sha256sum -c` reads it."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from core.errors import DamagedError

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
FORMAT = 1
DATABASE = "data/rosterdrop.sqlite"
ROOMS = ("data", "keys")  # what every path in a backup begins with
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>[^\n]+)\n")


class BackupDamagedError(DamagedError):
    """The backup is not whole, or not one of ours: nothing was restored."""

    code = "backup_damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Written last: a backup without it is half a backup."""

    made_at: str
    program: str  # version of rosterdrop
    schema: str
    organizations: tuple[str, ...]
    files: int
    size_bytes: int
    with_keys: bool
    sums_sha256: str
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Return the page as it is kept."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


def parse_manifest(text: bytes) -> Manifest:
    """Read what `to_json` wrote.

    Raises:
        BackupDamagedError: it is another thing, or of a newer program.
    """
    try:
        values = json.loads(text)
        if values.get("format") != FORMAT:
            raise BackupDamagedError(
                f"The backup has format {values.get('format')}, which this rosterdrop does not know: it was made by "
                "a newer one. Install that version."
            )
        values["organizations"] = tuple(values["organizations"])
        return Manifest(**values)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise BackupDamagedError(f"The backup's {MANIFEST} cannot be read: take another backup.") from exc


def is_plain(path: str) -> bool:
    """Whether a path can stand in the list of sums and be restored: below one of our rooms, with plain characters."""
    parts = PurePosixPath(path).parts
    return (
        path.isprintable()
        and "\\" not in path
        and not path.startswith("/")
        and len(parts) > 1
        and parts[0] in ROOMS
        and ".." not in parts
        and str(PurePosixPath(path)) == path
    )


def format_sums(sums: Iterable[tuple[str, str]]) -> bytes:
    """Return lines of digest and path."""
    return "".join(f"{digest}  {path}\n" for path, digest in sums).encode()


def parse_sums(text: bytes) -> dict[str, str]:
    """Return the digest of each path.

    Raises:
        BackupDamagedError: a line is not one of ours, or its path leads elsewhere.
    """
    found: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").splitlines(keepends=True):
        match = _LINE.fullmatch(line)
        if match is None or not is_plain(match["path"]):
            raise BackupDamagedError(
                f"The backup's {SUMS} has a line that no backup has: take another backup."
            )
        found[match["path"]] = match["digest"]
    return found
