"""A connection: its login, its goodbye, its host keys, and whether its client reads."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import structlog
from asyncssh import (
    DISC_PROTOCOL_ERROR,
    KeyImportError,
    SSHKey,
    SSHServer,
    SSHServerConnection,
    SSHServerConnectionOptions,
    load_keypairs,
)
from asyncssh.constants import DEFAULT_LANG, MSG_DISCONNECT, MSG_IGNORE, MSG_KEXINIT
from asyncssh.packet import PacketDecodeError, SSHPacket, String
from asyncssh.public_key import decode_ssh_public_key

from server.public_keys import text_of

log = structlog.get_logger()

GOODBYE_S = 1.0  # how long a client has to read why it is sent away
KEXINIT_WAIT_S = 0.25  # clients name their algorithms at once; one that waits for ours gets them then
FEED_BYTES = 33 * 1024  # a WRITE of 32 KiB, as most clients send it, in its packet
MAX_UNSENT_BYTES = 16 * 1024 * 1024  # eight channels with a READ each are 2 MiB
MAX_UNSENT_PACKETS = 10_000
UNREAD = "Too many answers that were not read (U9)"
NOT_CHAINED = (b"-ctr", b"-gcm@openssh.com", b"-poly1305@openssh.com")
FAST = frozenset({b"aes128-gcm@openssh.com", b"aes256-gcm@openssh.com"})


class Welcome(SSHServer):
    """What a connection asks about public keys; `asyncssh.SSHServer` has only a part of it."""

    async def key_offered(self, username: str, key: str) -> bool:
        """Say whether a login with this key would be taken."""
        raise NotImplementedError

    async def key_used(self, username: str, key: str, verify: Callable[[], bool]) -> bool:
        """Say whether the login is complete; `verify` checks the signature."""
        raise NotImplementedError

    def took_first_step(self) -> bool:
        """Say whether the login that was not complete was a first step (RFC 4252 5.1, partial success)."""
        raise NotImplementedError

    def login_timed_out(self) -> str:
        """Return what a client is told that took too long."""
        raise NotImplementedError


def ciphers_for(ours: Sequence[bytes], *, client: Sequence[bytes]) -> list[bytes]:
    """Offer AES-GCM alone to a client that has it, for OpenSSH asks for ChaCha20 first: a third of the time (A4)."""
    return [name for name in ours if name in FAST & set(client)] or list(ours)


class Connection(SSHServerConnection):
    """An SSH connection that says goodbye and knows when its client does not read."""

    def __init__(self, loop: asyncio.AbstractEventLoop, options: SSHServerConnectionOptions) -> None:
        super().__init__(loop, options)
        self.leaving = False
        self._kexinit_timer: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._keys_agreed = asyncio.Event()
        self._keys_agreed.set()

    def attach(self, transport: asyncio.Transport) -> None:
        """Begin on a new connection; nothing was read yet."""
        transport.set_protocol(self)
        self.connection_made(transport)

    def _send_kexinit(self) -> None:
        """Rule A4: wait for the client's algorithms before ours are named, the first time."""
        if self._session_id or self._client_kexinit:
            if self._transport is not None:
                self._keys_agreed.clear()
            super()._send_kexinit()
        else:
            self._kexinit_timer = self._loop.call_later(KEXINIT_WAIT_S, self._name_algorithms)

    def _send_deferred_packets(self) -> None:
        if self._kex_complete:
            self._keys_agreed.set()
        super()._send_deferred_packets()

    def _name_algorithms(self) -> None:
        if self._kexinit_timer is not None:
            self._kexinit_timer.cancel()
            self._kexinit_timer = None
            super()._send_kexinit()

    async def _process_kexinit(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if self._kexinit_timer is not None:
            to_server, to_client = _ciphers_named(packet.get_full_payload())
            common = [name for name in to_server if name in to_client]
            self._enc_algs = ciphers_for(self._enc_algs, client=common)
            self._name_algorithms()
        await super()._process_kexinit(pkttype, pktid, packet)

    _packet_handlers: ClassVar[dict[int, Any]] = {  # type: ignore[misc]
        **SSHServerConnection._packet_handlers,
        MSG_KEXINIT: _process_kexinit,
    }

    async def validate_public_key(self, username: str, key_data: bytes, msg: bytes, signature: bytes) -> bool:
        """Rules A1, A4: ask about a key, or log in with it; a signature's algorithm must be one that is offered.

        asyncssh would ask the same for both, and take SHA-1 signatures whatever is offered.
        """
        owner = self._owner
        if not isinstance(owner, Welcome):
            return False
        try:
            key = decode_ssh_public_key(key_data)
        except KeyImportError:
            return await owner.key_offered(username, "")
        text = text_of(key)
        if not msg:
            return await owner.key_offered(username, text)

        def verify() -> bool:
            try:
                algorithm = SSHPacket(signature).get_string()
            except PacketDecodeError:
                return False
            return algorithm in self._sig_algs and key.verify(String(self._session_id) + msg, signature)

        return await owner.key_used(username, text, verify)

    def send_userauth_failure(self, partial_success: bool) -> None:
        """Rule A1: say where a key was the first of two steps."""
        owner = self._owner
        step = isinstance(owner, Welcome) and owner.took_first_step()
        self._next_service = b"ssh-userauth"  # paramiko asks for it again before each try, as OpenSSH allows
        super().send_userauth_failure(partial_success or step)

    async def reload_config(self) -> None:
        """Keep the options: reading them again at each login is for configuration files, which we have not."""

    def pause_writing(self) -> None:
        """Note that the client does not read: 1.5 KB of READ requests filled 235 MiB otherwise."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that it reads again."""
        self._writable.set()

    @property
    def is_writable(self) -> bool:
        """Whether the client reads what it asked for.

        Until new keys are agreed on asyncssh keeps answers, however many: 400 READ filled 100 MiB.
        """
        return self._writable.is_set() and self._keys_agreed.is_set()

    async def writable(self) -> None:
        """Wait until the client has read most of what it asked for, or is gone."""
        while not self.is_writable:
            await self._writable.wait()
            await self._keys_agreed.wait()

    def goodbye(self, code: int, reason: str) -> None:
        """Send the disconnect's text, read no more, and close when the client has, or after a second.

        Closing at once would let a reset overtake the text, and the answer to a last CLOSE.
        """
        if self.leaving or self._transport is None:
            return
        self._send_disconnect(code, reason, DEFAULT_LANG)
        self.leaving = True
        with contextlib.suppress(OSError):  # it has hung up, which nobody has noticed yet
            self._transport.write_eof()
        self._loop.call_later(GOODBYE_S, self._force_close, None)

    def data_received(self, data: bytes, datatype: Any = None) -> None:
        """Take bytes from the network, unless they come after the goodbye.

        asyncssh copies all that it has not looked at yet twice for each packet: it gets a packet's worth at a time.
        """
        for start in range(0, len(data), FEED_BYTES):
            if not self.leaving and self._transport is not None:  # after an error nothing more is looked at
                super().data_received(data[start : start + FEED_BYTES], datatype)

    def send_packet(self, pkttype: int, *args: bytes, **kwargs: Any) -> None:
        """Send a packet; nothing follows a goodbye, and nothing is sent only to be ignored.

        asyncssh sends MSG_IGNORE before each packet, which is for CBC (RFC 4251 9.3.1).
        """
        if not self.leaving and not (pkttype == MSG_IGNORE and self._enc_alg_sc.endswith(NOT_CHAINED)):
            super().send_packet(pkttype, *args, **kwargs)
            if pkttype != MSG_DISCONNECT and not self.is_writable and self._is_too_much_unsent():
                log.warning("limit.reached", reason=UNREAD)
                self.goodbye(DISC_PROTOCOL_ERROR, UNREAD)

    def _is_too_much_unsent(self) -> bool:
        """Rule U9: requests that asyncssh answers itself wait for nobody; it would keep their answers without end."""
        transport: Any = self._transport
        unsent = transport.get_write_buffer_size() if transport is not None else 0
        return len(self._deferred_packets) > MAX_UNSENT_PACKETS or unsent > MAX_UNSENT_BYTES

    def _login_timer_callback(self) -> None:
        self._login_timer = None
        owner = self._owner
        text = owner.login_timed_out() if isinstance(owner, Welcome) else "Login timeout"
        self.goodbye(DISC_PROTOCOL_ERROR, text)

    def _cleanup(self, exc: Exception | None) -> None:
        if self._kexinit_timer is not None:
            self._kexinit_timer.cancel()
            self._kexinit_timer = None
        self._writable.set()
        self._keys_agreed.set()
        super()._cleanup(exc)


def _ciphers_named(kexinit: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the ciphers of a KEXINIT, to the server and to the client (RFC 4253 7.1); none where it is damaged."""
    packet = SSHPacket(kexinit)
    try:
        packet.get_bytes(1 + 16)  # its number, the cookie
        _, _, to_server, to_client = (packet.get_namelist() for _ in range(4))
    except PacketDecodeError:  # asyncssh says so to the client
        return [], []
    return list(to_server), list(to_client)


def offer_host_keys(
    options: SSHServerConnectionOptions, keys: Iterable[SSHKey], algorithms: Iterable[str]
) -> None:
    """Rule A4: offer these algorithms, each with the first key that fits.

    asyncssh would offer SHA-1 with an RSA key, and one object for all its algorithms: the choice of a client changes
    that object, so that another client's key exchange at the same moment is signed with the wrong one.
    """
    offered = OrderedDict()
    for algorithm in (name.encode() for name in algorithms):
        pairs = [
            pair for key in keys for pair in load_keypairs([key]) if algorithm in pair.host_key_algorithms
        ]
        if pairs:
            pairs[0].set_sig_algorithm(algorithm)
            offered[algorithm] = pairs[0]
    options.server_host_keys = offered


def channels_of(connection: SSHServerConnection) -> int:
    """Return how many channels are open."""
    return len(connection._channels)


class Doorway(asyncio.Protocol):
    """Takes a new connection and makes it what its address may have: algorithms are agreed on before any name."""

    def __init__(self, connect: Callable[[str], Connection]) -> None:
        self._connect = connect

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection over; nothing was read yet."""
        assert isinstance(transport, asyncio.Transport)
        self._connect(str(transport.get_extra_info("peername", ("",))[0])).attach(transport)
