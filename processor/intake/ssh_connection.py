"""Dials out to an SSH server whose host key is pinned (rule S2); nothing else in the house does.

It reads no configuration, asks no agent and offers no keys but those that it is given.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncssh

from core.errors import ServiceError, UsageError

KEEPALIVE_S = 15.0
GOODBYE_S = 1.0
ADDRESSES_TRIED = 4
# In the order of preference. A server has one key of each kind, and shows the one that it is asked for.
KINDS = {
    "ed25519": ("ssh-ed25519",),
    "ecdsa": ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    "rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
}


class HostKeyChangedError(ServiceError):
    """The server shows another host key than the one pinned: nothing was sent to it, no password either."""

    code = "host_key_changed"

    def __init__(self, public_message: str, *, shown: str | None = None) -> None:
        super().__init__(public_message)
        self.shown = shown  # the fingerprint that the server shows


class LoginRefusedError(ServiceError):
    """The server does not take the user name with this password or key."""

    code = "login_refused"


class ServerUnreachableError(ServiceError):
    """The server does not answer, or the connection broke."""

    code = "server_unreachable"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where to log in, and as whom; `host_keys` are the fingerprints `SHA256:...` that are accepted.

    `host_key_kind` is one of `KINDS` where it is known of which kind the pinned key is.
    """

    host: str
    port: int
    username: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    host_keys: Collection[str] = ()
    host_key_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server may take, in seconds, and how many files a run asks it for in vain; the rest waits."""

    connect_s: float = 30.0
    login_s: float = 30.0
    request_s: float = 60.0  # for one answer
    listing_s: float = 300.0
    slow_s: float = 60.0  # in which 64 KiB of a file must come
    run_s: float = 6 * 3600.0
    in_vain: int = 1_000


PATIENT = Patience()


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host key that a server shows."""

    kind: str
    fingerprint: str


async def host_keys_of(host: str, port: int, patience: Patience = PATIENT) -> list[HostKey]:
    """Return the host keys that a server shows, the preferred first; nobody logs in.

    Raises:
        ServerUnreachableError: it does not answer as an SSH server.
    """
    trouble: Exception | None = None
    for address in (await _addresses(host, port, patience))[:ADDRESSES_TRIED]:
        try:
            found = [key for kind in KINDS if (key := await _shown_key(address, port, kind, patience))]
        except OSError as exc:
            trouble = exc
            continue
        if found:
            return found
    raise _unreachable(host, port) from trouble


async def _shown_key(address: str, port: int, kind: str, patience: Patience) -> HostKey | None:
    """Ask for the key of one kind; a server that has none says so, or just hangs up."""
    try:
        async with asyncio.timeout(patience.connect_s):
            key = await asyncssh.get_server_host_key(
                address, port, server_host_key_algs=KINDS[kind], config=None
            )
    except (asyncssh.Error, ConnectionResetError):
        return None
    except OSError:
        raise
    except Exception as exc:  # the library lets out whatever a broken packet makes it raise
        raise OSError from exc
    return None if key is None else HostKey(kind, key.get_fingerprint())


@asynccontextmanager
async def dialled(
    account: Account, patience: Patience = PATIENT
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Rule S2: log in to a server whose host key is one of the pinned ones.

    Raises:
        HostKeyChangedError: it is another one; password or key were not used.
        LoginRefusedError: user name, password or key are wrong.
        ServerUnreachableError: it does not answer in time, or the connection broke.
    """
    connection = await _logged_in(account, patience)
    try:
        yield connection
    finally:
        connection.close()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await connection.wait_closed()
        except TimeoutError:
            connection.abort()
        except asyncio.CancelledError:
            connection.abort()
            raise


def check_private_key(text: str) -> str:
    """Return the fingerprint of a private key's public half.

    Raises:
        UsageError: it is none, or is protected by a passphrase.
    """
    try:
        return asyncssh.import_private_key(text).get_fingerprint()
    except asyncssh.KeyEncryptionError as exc:
        raise UsageError(
            "The key has a passphrase, which nobody could type at night: make a copy without one "
            "(`ssh-keygen -p -N '' -f COPY`), or a key of its own for this (`ssh-keygen -t ed25519 -N ''`)."
        ) from exc
    except (asyncssh.KeyImportError, ValueError) as exc:
        raise UsageError(
            "This is no private key of a form that OpenSSH or PuTTY's export writes: give the file without .pub."
        ) from exc


async def _logged_in(account: Account, patience: Patience) -> asyncssh.SSHClientConnection:
    try:
        return await _login(account, _algorithms(account.host_key_kind), patience)
    except HostKeyChangedError:
        # The pinned key may be of another kind than the one that the server showed.
        kind = _kind_of_pinned(account, await host_keys_of(account.host, account.port, patience))
        if kind is None or kind == account.host_key_kind:
            raise
    except ServerUnreachableError as exc:
        if account.host_key_kind is None or not isinstance(
            exc.__cause__, asyncssh.Error | ConnectionResetError
        ):
            raise
        # Many a server hangs up where it has no key of the kind that it is asked for.
        shown = await host_keys_of(account.host, account.port, patience)
        if account.host_key_kind in {key.kind for key in shown}:
            raise
        raise ServerUnreachableError(
            f"{account.host} hangs up when it is asked for its {account.host_key_kind} host key, which is the one "
            f"pinned, and shows {shown[0].fingerprint} ({shown[0].kind}): ask its operator whether it was changed."
        ) from exc
    return await _login(account, _algorithms(kind), patience)


def _kind_of_pinned(account: Account, shown: list[HostKey]) -> str | None:
    """Return of which kind the pinned key is, None where the server shows it in no kind."""
    return next((key.kind for key in shown if key.fingerprint in account.host_keys), None)


async def _login(
    account: Account, algorithms: tuple[str, ...], patience: Patience
) -> asyncssh.SSHClientConnection:
    trouble: Exception | None = None
    for address in (await _addresses(account.host, account.port, patience))[:ADDRESSES_TRIED]:
        pin = _Pin(account.host_keys)
        try:
            async with asyncio.timeout(patience.connect_s + patience.login_s):
                return await _connected(account, address, algorithms, pin, patience)
        except asyncssh.HostKeyNotVerifiable as exc:
            raise HostKeyChangedError(
                f"{account.host} shows the host key {pin.shown or 'of an unknown kind'}, which is not the one pinned: "
                "ask its operator whether it was changed.",
                shown=pin.shown,
            ) from exc
        except asyncssh.PermissionDenied as exc:
            means, option = ("key", "--key FILE") if account.private_key else ("password", "--password-stdin")
            raise LoginRefusedError(
                f"{account.host} does not take the user name {account.username} with this {means}: ask its operator. "
                f"Another {means}: `rosterdrop pull add ORG --replace {option}`."
            ) from exc
        except Exception as exc:  # noqa: BLE001  # the library lets out whatever a broken packet makes it raise
            trouble = exc
    raise _unreachable(account.host, account.port) from trouble


async def _connected(
    account: Account, address: str, algorithms: tuple[str, ...], pin: "_Pin", patience: Patience
) -> asyncssh.SSHClientConnection:
    keys = [asyncssh.import_private_key(account.private_key)] if account.private_key else None
    return await asyncssh.connect(
        address,
        account.port,
        username=account.username,
        password=account.password,
        client_keys=keys,
        client_factory=lambda: pin,
        known_hosts=lambda _host, _address, _port: ([], [], []),  # so that `pin` is asked
        server_host_key_algs=algorithms,
        compression_algs=("none",),  # a small packet could become a huge one
        config=None,
        agent_path=None,
        gss_host=None,
        preferred_auth=("publickey",) if keys else ("password", "keyboard-interactive"),
        connect_timeout=patience.connect_s,
        login_timeout=patience.login_s,
        keepalive_interval=KEEPALIVE_S,
    )


class _Pin(asyncssh.SSHClient):
    """Compares the host key's fingerprint."""

    def __init__(self, fingerprints: Collection[str]) -> None:
        self._fingerprints = frozenset(fingerprints)
        self.shown: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Say whether the key is pinned."""
        self.shown = key.get_fingerprint()
        return self.shown in self._fingerprints


async def _addresses(host: str, port: int, patience: Patience) -> list[str]:
    """Return the addresses of a host, in the system's order.

    A dead name server takes its time in a thread of its own, which holds up neither the loop's threads nor an exit.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def tell(found: list[str], trouble: Exception | None) -> None:
        if not answer.done():
            answer.set_exception(trouble) if trouble else answer.set_result(found)

    def look_up() -> None:
        found, trouble = _looked_up(host, port)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, found, trouble)

    threading.Thread(target=look_up, name="pull-dns", daemon=True).start()
    try:
        async with asyncio.timeout(patience.connect_s):
            return await answer
    except (OSError, UnicodeError) as exc:
        raise ServerUnreachableError(
            f"The name {host} leads to no address: is it spelt right, and does the name server answer?"
        ) from exc


def _looked_up(host: str, port: int) -> tuple[list[str], Exception | None]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        return [], exc
    return list(dict.fromkeys(str(one[4][0]) for one in found)), None


def _algorithms(kind: str | None) -> tuple[str, ...]:
    return tuple(name for one in ((kind,) if kind else KINDS) for name in KINDS[one])


def _unreachable(host: str, port: int) -> ServerUnreachableError:
    return ServerUnreachableError(f"{host} port {port} does not answer as an SFTP server.")
