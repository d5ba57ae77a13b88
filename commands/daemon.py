"""The daemon that works on a data folder, as another process sees it: `daemon.json` and the lock."""

import json
from dataclasses import dataclass
from pathlib import Path

from core.locks import FolderBusyError, data_folder_lock

FILE = "daemon.json"


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running daemon."""

    pid: int
    port: int


def running_daemon(data_dir: Path) -> Daemon | None:
    """Return the daemon that works on the data folder; a file that a dead one left counts for nothing."""
    try:
        values = json.loads((data_dir / FILE).read_bytes())
        daemon = Daemon(int(values["pid"]), int(values["port"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    try:
        with data_folder_lock(data_dir):
            return None
    except FolderBusyError:
        return daemon
