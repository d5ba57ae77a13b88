import errno
import os

import asyncssh
import pytest
import structlog

from core.errors import ServiceError
from server import statuses


@pytest.mark.parametrize(
    ("exc", "status", "text"),
    [
        (statuses.MissingError(), asyncssh.SFTPNoSuchFile, "There is no such file"),
        (statuses.RefusedError("No (U1)"), asyncssh.SFTPPermissionDenied, "No (U1)"),
        (statuses.LimitError("Full (U9)"), asyncssh.SFTPFailure, "Full (U9)"),
        (statuses.UnsupportedError("What"), asyncssh.SFTPOpUnsupported, "What"),
        (ServiceError("Said"), asyncssh.SFTPFailure, "Said"),
        (asyncssh.SFTPEOFError(), asyncssh.SFTPEOFError, ""),
        (FileNotFoundError(errno.ENOENT, "x", "/secret"), asyncssh.SFTPNoSuchFile, "There is no such file"),
        (OSError(errno.ELOOP, "x", "/secret"), asyncssh.SFTPNoSuchFile, "There is no such file"),
        (OSError(errno.ENOSPC, "x"), asyncssh.SFTPFailure, statuses.DISK_FULL),
    ],
)
def test_an_error_has_its_status(exc: Exception, status: type[Exception], text: str) -> None:
    answer = statuses.status_of(exc)
    assert type(answer) is status
    assert answer.reason == text


@pytest.mark.parametrize("exc", [ValueError("/secret/path"), OSError(errno.EIO, os.strerror(errno.EIO))])
def test_an_unexpected_error_is_logged_and_not_told(exc: Exception) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = statuses.status_of(exc)
    assert answer.reason == statuses.INTERNAL
    assert lines == [{"event": "request.failed", "log_level": "error", "exc_info": exc}]
