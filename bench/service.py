"""The installed daemon on a folder of its own, as it comes: its settings are those of docs/settings.md."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from bench import processes
from bench.ground import DISK, Ground
from bench.session import logged_in
from core.settings import Settings
from tests.acceptance.daemon import Daemon, Organization

# Of what tests set otherwise; and no number of uploads is too high here.
AS_IT_COMES = ("quiet_time_s", "scan_interval_s", "stop_grace_s")
MOST_DROPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """A running daemon."""

    daemon: Daemon
    folder: Path

    @asynccontextmanager
    async def session(self, organization: Organization) -> AsyncIterator[asyncssh.SFTPClient]:
        """Log in by password."""
        async with logged_in(self.daemon.port, organization.username, password=organization.password) as sftp:
            yield sftp

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its processes."""
        return processes.cpu_s(self.daemon.pid)


def new_daemon(folder: Path, **settings: object) -> Daemon:
    """Return a daemon that was not started yet."""
    defaults = {name: Settings.model_fields[name].default for name in AS_IT_COMES}
    values: dict[str, object] = {**defaults, "max_drops_per_hour": MOST_DROPS, **settings}
    return Daemon(folder=folder / "daemon", keys=folder / "daemon-keys", **values)


@contextmanager
def service(ground: Ground, kind: str = DISK, **settings: object) -> Iterator[Service]:
    """Start one with an empty data folder; everything is removed afterwards."""
    with ground.place(kind) as place:
        daemon = new_daemon(place.folder, **settings).start()
        try:
            yield Service(daemon, place.folder)
        finally:
            with contextlib.suppress(AssertionError):  # the measurement counts, not how it ends
                daemon.stop()
