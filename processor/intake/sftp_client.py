"""A small SFTP client: one connection to one server whose host key is pinned (rule S2); nothing else dials out.

It reads no configuration, asks no agent and offers no keys but those that it is given.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import asyncssh

from core.errors import ServiceError

CONNECT_TIMEOUT_S = 30.0
LOGIN_TIMEOUT_S = 30.0
KEEPALIVE_S = 15.0
BLOCK_BYTES = 256 * 1024


class HostKeyChangedError(ServiceError):
    """The server shows another host key than the one pinned: nothing was sent to it, no password either."""

    code = "host_key_changed"


class LoginRefusedError(ServiceError):
    """The server does not take the user name with this password or key."""

    code = "login_refused"


class ServerUnreachableError(ServiceError):
    """The server does not answer, or the connection broke."""

    code = "server_unreachable"
    retryable = True


class RemoteRefusedError(ServiceError):
    """The server answered a request with an error; the text is the server's."""

    code = "remote_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where to log in, and as whom; `host_keys` are the fingerprints `SHA256:...` that are accepted."""

    host: str
    port: int
    username: str
    password: str | None = field(default=None, repr=False)
    host_keys: Collection[str] = ()


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
    """Rule S2: log in to a server whose host key is one of the pinned ones.

    Raises:
        HostKeyChangedError: it is another one; the password was not sent.
        LoginRefusedError: user name or password are wrong.
        ServerUnreachableError: it does not answer within 30 s.
    """
    async with AsyncExitStack() as stack:
        yield SftpConnection(client=await _logged_in(stack, account))


async def _logged_in(stack: AsyncExitStack, account: Account) -> asyncssh.SFTPClient:
    pin = _Pin(account.host_keys)
    try:
        connection = await stack.enter_async_context(
            asyncssh.connect(
                account.host,
                account.port,
                username=account.username,
                password=account.password,
                client_factory=lambda: pin,
                known_hosts=lambda _host, _address, _port: ([], [], []),  # so that `pin` is asked
                config=None,
                client_keys=None,
                agent_path=None,
                gss_host=None,
                preferred_auth=("password", "keyboard-interactive"),
                connect_timeout=CONNECT_TIMEOUT_S,
                login_timeout=LOGIN_TIMEOUT_S,
                keepalive_interval=KEEPALIVE_S,
            )
        )
        return await stack.enter_async_context(connection.start_sftp_client())
    except asyncssh.HostKeyNotVerifiable as exc:
        raise HostKeyChangedError(
            f"{account.host} shows the host key {pin.shown or 'of an unknown kind'}, which is not the one pinned: "
            "ask its operator whether it was changed."
        ) from exc
    except asyncssh.PermissionDenied as exc:
        raise LoginRefusedError(
            f"{account.host} does not take the user name {account.username} with this password."
        ) from exc
    except (OSError, asyncssh.Error) as exc:
        raise ServerUnreachableError(
            f"{account.host} port {account.port} does not answer as an SFTP server."
        ) from exc


class _Pin(asyncssh.SSHClient):
    """Compares the host key's fingerprint."""

    def __init__(self, fingerprints: Collection[str]) -> None:
        self._fingerprints = frozenset(fingerprints)
        self.shown: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Say whether the key is pinned."""
        self.shown = key.get_fingerprint()
        return self.shown in self._fingerprints


@contextmanager
def _told() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost) as exc:
        raise ServerUnreachableError("The connection to the SFTP server broke: try again.") from exc
    except asyncssh.SFTPError as exc:
        raise RemoteRefusedError(f"The SFTP server refused: {exc.reason}") from exc
