"""What files and folders look like in listings: as on a normal server (rule U10)."""

import stat

from asyncssh import SFTPAttrs, SFTPName

OWNER_ID = 1000
FOLDER_SIZE_BYTES = 4096
WRITABLE = 0o644
READ_ONLY = 0o444
_FOLDER = 0o755


def file_attributes(*, size_bytes: int, mtime: float, mode: int = WRITABLE) -> SFTPAttrs:
    """Describe a regular file."""
    return _attributes(size_bytes, mtime, stat.S_IFREG | mode, links=1)


def folder_attributes(*, mtime: float) -> SFTPAttrs:
    """Describe a folder."""
    return _attributes(FOLDER_SIZE_BYTES, mtime, stat.S_IFDIR | _FOLDER, links=2)


def listed(name: bytes | str, attributes: SFTPAttrs) -> SFTPName:
    """Return one line of a listing; asyncssh writes its long form as `ls -l` does."""
    return SFTPName(name, attrs=attributes)


def _attributes(size_bytes: int, mtime: float, mode: int, *, links: int) -> SFTPAttrs:
    seconds = max(0, int(mtime))
    return SFTPAttrs(
        size=size_bytes,
        uid=OWNER_ID,
        gid=OWNER_ID,
        permissions=mode,
        atime=seconds,
        mtime=seconds,
        nlink=links,
    )
