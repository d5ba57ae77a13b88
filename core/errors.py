"""What may go wrong in words that an operator or a client may read; nothing else defines base errors."""


class ServiceError(Exception):
    """Something that an operator or a client must hear about.

    `code` is stable (logs, tests, docs); `retryable` says whether the same call may succeed later;
    `public_message` may leave the process: no path, no SQL, no cell value.
    """

    code = "service_error"
    retryable = False

    def __init__(self, public_message: str) -> None:
        super().__init__(public_message)
        self.public_message = public_message


class UsageError(ServiceError):
    """A wrong argument, name or setting (exit status 2)."""

    code = "usage"


class NotFoundError(ServiceError):
    """The thing asked for does not exist (exit status 1)."""

    code = "not_found"


class BusyError(ServiceError):
    """Somebody else holds what this needs; it may be free later."""

    code = "busy"
    retryable = True


class DamagedError(ServiceError):
    """Data on disk is not what it must be: stop, change nothing, say how to restore (rule O6)."""

    code = "damaged"
