"""Fixtures of the server's integration tests: one host key for all, a fresh server for each."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.integration.server.world import World, running

Start = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(scope="session")
def host_keys() -> list[asyncssh.SSHKey]:
    return [asyncssh.generate_private_key("ssh-ed25519")]


@pytest.fixture
def start(tmp_path: Path, host_keys: list[asyncssh.SSHKey]) -> Start:
    """Start a server with settings of one's own; twice is a restart on the same folder."""

    def starting(**settings: Any) -> AbstractAsyncContextManager[World]:
        return running(tmp_path / "data", host_keys=host_keys, **settings)

    return starting


@pytest.fixture
async def world(start: Start) -> AsyncIterator[World]:
    async with start() as world:
        yield world
