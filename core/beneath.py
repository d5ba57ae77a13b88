"""Paths below a directory handle that no link can lead out of, and renames that replace nothing (rule U1).

`openat2(2)` and `renameat2(2)` are not in Python 3.11: this is the one module that calls them, by number. Where the
kernel has them not (ENOSYS), a container forbids them (EPERM) or the file system can't (EINVAL), it goes step by step.
"""

import ctypes
import errno
import os
from pathlib import PurePosixPath

_SYS_OPENAT2 = 437  # the same on every architecture (Linux 5.6)
_RENAME_NOREPLACE = 1
_RESOLVE = 0x02 | 0x04 | 0x08  # RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL})
_TRY_AGAIN = errno.EAGAIN  # a rename raced with the walk (openat2(2))
_TRIES = 8

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def open_beneath(directory: int, path: str | bytes, flags: int, mode: int = 0) -> int:
    """Rule U1: open `path` below the directory handle; no link is followed, no `..` leads out.

    Raises:
        OSError: as open(2); ELOOP for a link, EXDEV for a path that leads out.
    """
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return _openat2(directory, os.fsencode(path), flags, mode)
    except OSError as exc:
        if exc.errno not in _UNSUPPORTED:
            raise
    return open_step_by_step(directory, os.fsencode(path), flags, mode)


def _openat2(directory: int, path: bytes, flags: int, mode: int) -> int:
    how = _OpenHow(flags, mode if flags & (os.O_CREAT | os.O_TMPFILE) else 0, _RESOLVE)
    for _ in range(_TRIES):
        fd: int = _libc.syscall(_SYS_OPENAT2, directory, path or b".", ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return fd
        if ctypes.get_errno() != _TRY_AGAIN:
            break
    raise _error(ctypes.get_errno(), path)


def open_step_by_step(directory: int, path: bytes, flags: int, mode: int = 0) -> int:
    """Do what `open_beneath` does with `O_NOFOLLOW` for each part of the path."""
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    if path.startswith(b"/") or b".." in parts:
        raise _error(errno.EXDEV, path)
    if not parts:
        return os.open(".", flags | os.O_CLOEXEC, mode, dir_fd=directory)
    at = os.dup(directory)
    try:
        for part in parts[:-1]:
            below = os.open(
                part,
                os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
                dir_fd=at,
            )
            os.close(at)
            at = below
        return os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=at)
    finally:
        os.close(at)


def rename_without_replacing(
    source: str | bytes, target: str | bytes, *, source_dir: int, target_dir: int
) -> None:
    """Rename, or fail where `target` exists.

    Raises:
        FileExistsError: `target` exists.
        OSError: as rename(2).
    """
    result = _libc.renameat2(
        source_dir,
        os.fsencode(source),
        target_dir,
        os.fsencode(target),
        _RENAME_NOREPLACE,
    )
    if result == 0:
        return
    number = ctypes.get_errno()
    if number not in _UNSUPPORTED:
        raise _error(number, os.fsencode(target))
    try:
        os.lstat(target, dir_fd=target_dir)
    except FileNotFoundError:
        os.rename(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir)
        return
    raise _error(errno.EEXIST, os.fsencode(target))


def _error(number: int, path: bytes) -> OSError:
    return OSError(number, os.strerror(number), PurePosixPath(os.fsdecode(path)).name)
