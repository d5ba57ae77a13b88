"""Answers that are not OK: the errors of this room and the SFTP status of every error; made nowhere else."""

import errno
from collections.abc import Callable

import structlog
from asyncssh import (
    SFTPError,
    SFTPFailure,
    SFTPNoSuchFile,
    SFTPOpUnsupported,
    SFTPPermissionDenied,
)

from core.errors import BusyError, NotFoundError, ServiceError

log = structlog.get_logger()

INTERNAL = "Internal error: the operator's log says more"
NO_SUCH_FILE = "There is no such file"
STOPPING = "The server is stopping: connect again in a minute (O2)"
DISK_FULL = "The disk is full: send the file again later (U9)"

_TOLD: dict[int, Callable[[], SFTPError]] = {
    **dict.fromkeys(
        (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV), lambda: SFTPNoSuchFile(NO_SUCH_FILE)
    ),
    **dict.fromkeys((errno.EACCES, errno.EPERM), lambda: SFTPPermissionDenied("Permission denied")),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), lambda: SFTPFailure(DISK_FULL)),
    errno.EEXIST: lambda: SFTPFailure("There is a file of that name already"),
}


class MissingError(NotFoundError):
    """Nothing of that name exists for this organization."""

    code = "no_such_file"

    def __init__(self, public_message: str = NO_SUCH_FILE) -> None:
        super().__init__(public_message)


class RefusedError(ServiceError):
    """A rule forbids it; asking again changes nothing."""

    code = "refused"


class InUseError(BusyError):
    """Another handle is writing to it (U6)."""

    code = "in_use"


class LimitError(ServiceError):
    """A limit is reached (U9)."""

    code = "limit"
    retryable = True


class UnfinishedError(ServiceError):
    """The file did not arrive whole, so its CLOSE cannot be OK (U2)."""

    code = "unfinished"
    retryable = True


class UnsupportedError(ServiceError):
    """A request that this server does not know."""

    code = "unsupported"


def status_of(exc: Exception) -> SFTPError:
    """Return what the client is told; a cause that is nobody's business stays in the log."""
    match exc:
        case SFTPError():
            return exc
        case NotFoundError():
            return SFTPNoSuchFile(exc.public_message)
        case RefusedError():
            return SFTPPermissionDenied(exc.public_message)
        case UnsupportedError():
            return SFTPOpUnsupported(exc.public_message)
        case ServiceError():
            return SFTPFailure(exc.public_message)
        case OSError() if exc.errno in _TOLD:
            return _TOLD[exc.errno]()
    log.error("request.failed", exc_info=exc)
    return SFTPFailure(INTERNAL)
