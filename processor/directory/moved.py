"""Says that a directory changed since a plan for it was made; it stands apart, for the daemon loads no numpy."""

from core.errors import ServiceError


class DirectoryMovedError(ServiceError):
    """Something changed the directory since the plan was made: make it anew."""

    code = "directory_moved"
    retryable = True
