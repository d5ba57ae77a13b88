"""A small SFTP client that writes and reads whole files, for servers that we trust; the demo uses it.

What is fetched from customers' servers goes through `remote_session.py`, which trusts nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import asyncssh

from core.errors import ServiceError
from processor.intake.ssh_connection import Account, ServerUnreachableError, dialled

BLOCK_BYTES = 256 * 1024


class RemoteRefusedError(ServiceError):
    """The server answered a request with an error; the text is the server's."""

    code = "remote_refused"


class SftpConnection:
    """An open SFTP session; `connect` makes it."""

    def __init__(self, *, client: asyncssh.SFTPClient) -> None:
        self._client = client

    async def upload(self, source: Path, path: str) -> None:
        """Write a local file to `path`; when this returns, the server has answered the CLOSE with OK.

        Raises:
            RemoteRefusedError: the server refused the OPEN, a WRITE or the CLOSE.
            ServerUnreachableError: the connection broke.
        """
        with _told():
            async with self._client.open(path, "wb") as remote:
                with source.open("rb") as local:
                    while block := await asyncio.to_thread(local.read, BLOCK_BYTES):
                        await remote.write(block)

    async def names(self, folder: str) -> list[str]:
        """Return the names in a folder, without `.` and `..`."""
        with _told():
            return sorted(str(name) for name in await self._client.listdir(folder) if name not in (".", ".."))

    async def read(self, path: str) -> bytes:
        """Return a remote file's bytes (for small files)."""
        with _told():
            async with self._client.open(path, "rb") as remote:
                return cast(bytes, await remote.read())  # opened as binary


@asynccontextmanager
async def connect(account: Account) -> AsyncIterator[SftpConnection]:
    """Log in to a server whose host key is one of the pinned ones.

    Raises:
        HostKeyChangedError: it is another one; the password was not sent.
        LoginRefusedError: user name or password are wrong.
        ServerUnreachableError: it does not answer within 30 s.
    """
    async with dialled(account) as connection:
        try:
            client = await connection.start_sftp_client()
        except (OSError, asyncssh.Error) as exc:
            raise ServerUnreachableError(f"{account.host} does not answer as an SFTP server.") from exc
        async with client:
            yield SftpConnection(client=client)


@contextmanager
def _told() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost) as exc:
        raise ServerUnreachableError("The connection to the SFTP server broke: try again.") from exc
    except asyncssh.SFTPError as exc:
        raise RemoteRefusedError(f"The SFTP server refused: {exc.reason}") from exc
