"""Daemons for the acceptance tests: one for a module, shared by tests that only add organizations, or one of a test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.daemon import Daemon
from tests.acceptance.remote_servers import RemoteServer

Start = Callable[..., Daemon]
Serve = Callable[..., RemoteServer]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Host keys, made by the first daemon and used by all: an RSA key takes its time."""
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Daemon]:
    """A running daemon; tests that share it keep to organizations of their own."""
    running = Daemon(folder=tmp_path_factory.mktemp("shared"), keys=keys).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def start(tmp_path: Path, keys: Path) -> Iterator[Start]:
    """Start daemons of the test's own; the settings are arguments."""
    started: list[Daemon] = []

    def new(*, name: str = "daemon", running: bool = True, **settings: object) -> Daemon:
        daemon = Daemon(folder=tmp_path / name, keys=keys, **settings)
        started.append(daemon)
        return daemon.start() if running else daemon

    yield new
    for daemon in started:
        daemon.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers of customers (S2); they end with the test."""
    started: list[RemoteServer] = []

    def new(program: str, login: str = "key") -> RemoteServer:
        server = RemoteServer(program=program, folder=tmp_path / f"remote-{len(started)}", login=login)
        started.append(server)
        return server.start()

    yield new
    for server in started:
        server.kill()
