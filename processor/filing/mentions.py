"""Finds an organization's files that hold an address (rule R3). Blocking: for a thread; memory is one block."""

from collections.abc import Iterable
from pathlib import Path

FOLDERS = ("archive", "error", "export", "local", "queue", "incoming")
BLOCK_BYTES = 1 << 20
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")


def files_mentioning(root: Path, addresses: Iterable[str]) -> list[str]:
    """Return the paths below the organization's folder of files that hold one of the addresses, case ignored."""
    wanted = {form for address in addresses for form in _forms(address)}
    found = [
        path.relative_to(root).as_posix()
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and not path.is_symlink() and _mentions(path, wanted)
    ]
    return sorted(found)


def _forms(address: str) -> Iterable[bytes]:
    """Yield the bytes that an address is in the encodings that files come in."""
    for encoding in ENCODINGS:
        try:
            yield address.lower().encode(encoding)
        except UnicodeEncodeError:
            continue


def _mentions(path: Path, wanted: set[bytes]) -> bool:
    longest = max(map(len, wanted))
    tail = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            text = tail + block.lower()
            if any(form in text for form in wanted):
                return True
            tail = text[-longest:]
    return False
