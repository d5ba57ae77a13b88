"""Logs (rule O3): one canonical line for each thing that happened, JSON when not on a terminal, to standard error."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure_logs(*, level: str) -> None:
    """Set up logs for `serve` and its workers; other commands call it with `error`.

    Messages of libraries below a warning are left out, for they may quote what they handle.
    """
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            hide_addresses,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=_LineLoggerFactory(),
        cache_logger_on_first_use=False,  # a cached one would keep its level when this is called again
    )
    logging.captureWarnings(True)  # cryptography warns when a client takes group14, which is allowed (A4)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    logging.basicConfig(
        level=logging.WARNING,
        stream=sys.stderr,
        format='{"event": "library.warned", "logger": "%(name)s"}',
    )


_ADDRESS = re.compile(r"[^\s@\"']+@[^\s@\"']+")


def hide_addresses(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Rule O3: no e-mail address in a log, also where a file is called by one."""
    for key, value in event.items():
        if isinstance(value, str) and "@" in value and key != "exception":
            event[key] = _ADDRESS.sub("(address)", value)
    return event


class _LineLogger:
    """Writes lines; a full disk or a closed pipe loses the line, never the daemon."""

    def msg(self, message: str) -> None:
        try:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            pass

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class _LineLoggerFactory:
    def __call__(self, *_args: object) -> _LineLogger:
        return _LineLogger()
