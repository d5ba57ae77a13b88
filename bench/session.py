"""A session of asyncssh's client that stays open, and how long its requests take."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from bench.clients import Peer

PAUSE_S = 0.01


@asynccontextmanager
async def logged_in(
    port: int, username: str, *, password: str | None = None, key: Path | None = None, patience_s: float = 600
) -> AsyncIterator[asyncssh.SFTPClient]:
    """Log in by password or by key."""
    async with (
        asyncssh.connect(
            "127.0.0.1",
            port,
            username=username,
            password=password,
            known_hosts=None,
            config=None,
            client_keys=None if key is None else [str(key)],
            agent_path=None,
            login_timeout=patience_s,
            connect_timeout=patience_s,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        yield sftp


@asynccontextmanager
async def by_key(peer: Peer) -> AsyncIterator[asyncssh.SFTPClient]:
    """Log in to one of the servers side by side."""
    async with logged_in(peer.port, peer.user, key=peer.place.key) as sftp:
        yield sftp


async def upload(sftp: asyncssh.SFTPClient, path: str, content: bytes) -> float:
    """Upload, and return the moment in which CLOSE was answered (of the monotonic clock)."""
    file = await sftp.open(path, "wb")
    await file.write(content)
    await file.close()
    return time.monotonic()


async def round_trips(sftp: asyncssh.SFTPClient, path: str, until: asyncio.Event) -> list[float]:
    """Ask again and again until the event is set, and return how long each answer took, in seconds."""
    took = []
    while not until.is_set():
        asked = time.monotonic()
        await sftp.stat(path)
        took.append(time.monotonic() - asked)
        await asyncio.sleep(PAUSE_S)
    return took
