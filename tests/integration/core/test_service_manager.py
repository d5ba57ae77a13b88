"""What systemd is told, on a socket as it has one (O4)."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.service_manager import READY, ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        yield listening


def test_o04_a_state_arrives_as_one_datagram(manager: socket.socket) -> None:
    ServiceManager(environment={"NOTIFY_SOCKET": manager.getsockname()}, pid=1).tell(READY)
    assert manager.recv(100) == b"READY=1"


def test_o04_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # the kernel chooses an abstract name
        listening.settimeout(30)
        name = listening.getsockname()[1:].decode()
        ServiceManager(environment={"NOTIFY_SOCKET": f"@{name}"}, pid=1).tell(READY)
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": ""}])
async def test_o04_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    nobody = ServiceManager(environment=environment, pid=1)
    nobody.tell(READY)
    await nobody.keep_alive()


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "many"}, 0.0),
        ({}, 0.0),
    ],
)
def test_o04_the_watchdog_is_patted_by_the_process_that_it_is_meant_for(
    environment: dict[str, str], watchdog_s: float
) -> None:
    assert ServiceManager(environment=environment, pid=7).watchdog_s == watchdog_s


async def test_o04_the_watchdog_is_patted_again_and_again(manager: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "20000"}
    patting = asyncio.create_task(ServiceManager(environment=environment, pid=1).keep_alive())
    for _ in range(3):
        assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
    patting.cancel()
