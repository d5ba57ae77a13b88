"""Tells systemd how the daemon is (rule O4): sd_notify(3) is a datagram to `$NOTIFY_SOCKET` and needs no library."""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


class ServiceManager:
    """Where there is none (no `NOTIFY_SOCKET`), nothing is told; a manager that does not listen harms nothing."""

    def __init__(self, *, environment: Mapping[str, str], pid: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        usec = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self.watchdog_s = int(usec) / 1_000_000 if usec.isdigit() and meant else 0.0

    def tell(self, state: str) -> None:
        """Send one state; this never waits and never fails."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.sendto(state.encode(), self._address)

    async def keep_alive(self) -> None:
        """Pat the watchdog twice in its time until cancelled: a loop that hangs does not get here."""
        while self.watchdog_s > 0:
            self.tell(ALIVE)
            await asyncio.sleep(self.watchdog_s / 2)


def service_manager() -> ServiceManager:
    """Return the one that started this process."""
    return ServiceManager(environment=os.environ, pid=os.getpid())
