"""One SSH connection, from greeting to goodbye: its limits, its login, its idle time (rules A1, A2, U9, U11)."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import structlog
from asyncssh import (
    DISC_BY_APPLICATION,
    DISC_NO_MORE_AUTH_METHODS_AVAILABLE,
    DISC_PROTOCOL_ERROR,
    DISC_TOO_MANY_CONNECTIONS,
    OPEN_ADMINISTRATIVELY_PROHIBITED,
    OPEN_RESOURCE_SHORTAGE,
    ChannelOpenError,
    SSHServerChannel,
)

from core.accounts import Account
from core.bans import address_group
from server import limits
from server.entrance import Entrance
from server.grounds import Grounds
from server.statuses import STOPPING, LimitError
from server.transport import Connection, Room, Welcome, channels_of, open_session
from server.visits import Visit

log = structlog.get_logger()


class OpenChannel(Protocol):
    """One channel for SFTP, as far as its connection must know it."""

    @property
    def is_uploading(self) -> bool:
        """Whether a file is open for writing, or being stored."""

    def handles(self) -> int:
        """How many files and listings are open."""

    def lost(self) -> None:
        """The connection is gone."""


class Visitor(Welcome):
    """Judges one connection for asyncssh; `open_room` makes what answers a channel."""

    def __init__(
        self,
        *,
        grounds: Grounds,
        visitors: "set[Visitor]",
        open_room: Callable[[SSHServerChannel[bytes], Visit, "Visitor"], Room],
    ) -> None:
        self._grounds = grounds
        self._visitors = visitors
        self._open_room = open_room
        self._connection: Connection | None = None
        self._address = ""
        self._startup: str | None = None  # what this connection counts as before its login
        self._entrance = Entrance(grounds=grounds, address="", client=self._client)
        self._step = False  # the key was taken, and the client is to hear it
        self._visit: Visit | None = None
        self.account: Account | None = None  # who logged in
        self._asked_at = grounds.monotonic()
        self._idle: asyncio.TimerHandle | None = None
        self._opening = 0  # handles that are asked for and not given yet
        self.sessions: set[OpenChannel] = set()

    # --- greeting and goodbye

    def connection_made(self, conn: Any) -> None:
        """Rule U9: take the connection, or send it away with a sentence."""
        self._connection = conn
        self._address = str(conn.get_extra_info("peername", ("",))[0])
        self._entrance = Entrance(grounds=self._grounds, address=self._address, client=self._client)
        group = address_group(self._address)
        refusal = limits.connection_refusal(
            self._grounds.settings,
            connections=self._grounds.startups.total + self._grounds.sessions.total,
            startups=self._grounds.startups.total,
            of_address=self._grounds.startups[group],
        )
        self._visitors.add(self)
        refusal = self._entrance.refusal_of_address() or refusal
        if self._grounds.stopping:
            refusal = STOPPING
        if refusal is not None:
            log.warning("connection.refused", address=self._address, reason=refusal)
            # asyncssh sends its version after this hook; before it, a client could not read the sentence.
            asyncio.get_running_loop().call_soon(conn.goodbye, DISC_TOO_MANY_CONNECTIONS, refusal)
            return
        self._startup = group
        self._grounds.startups.enter(group)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the connection counted as."""
        self._visitors.discard(self)
        self._leave_startups()
        if self._idle is not None:
            self._idle.cancel()
        self._connection = None
        for session in self.sessions:
            session.lost()
        self._entrance.left(admitted=self._visit is not None)
        if self._visit is not None:
            self._grounds.sessions.leave(self._visit.counts_as)
            self._grounds.end_visit(self._visit)
            log.info(
                "session.ended",
                org=self._visit.org_id or None,
                account=self._visit.account,
                address=self._address,
            )

    def _leave_startups(self) -> None:
        if self._startup is not None:
            self._grounds.startups.leave(self._startup)
            self._startup = None

    def send_away(self, reason: str, code: int = DISC_BY_APPLICATION) -> None:
        """End the connection with a sentence."""
        if self._connection is not None:
            self._connection.goodbye(code, reason)

    def login_timed_out(self) -> str:
        """Rule U9: return what a client is told that took too long."""
        reason = f"The login took longer than {self._grounds.settings.login_timeout_s:g} seconds (U9)"
        log.warning("limit.reached", address=self._address, reason=reason)
        return reason

    # --- login

    def begin_auth(self, username: str) -> bool:
        """Rule A2: every name must prove itself, and is offered the same methods; a locked one hears why."""
        self._is_stopped_at_the_door(username)
        return True

    def public_key_auth_supported(self) -> bool:
        """Offer public keys, to every name; a proved one is not asked for twice."""
        return not self._entrance.is_half_open

    def password_auth_supported(self) -> bool:
        """Offer passwords, and keyboard-interactive that asks for the password."""
        return True

    def change_password(self, username: str, old_password: str, new_password: str) -> bool:
        """Refuse: passwords are changed by the operator."""
        return False

    async def validate_password(self, username: str, password: str) -> bool:
        """Rules A1, A2: check a password."""
        if self._is_stopped_at_the_door(username):
            return False
        return self._answer(await self._entrance.password(username, password))

    async def key_offered(self, username: str, key: str) -> bool:
        """Rule A1: say whether a login with this key would be taken."""
        if self._is_stopped_at_the_door(username):
            return False
        known = await self._entrance.key_offered(username, key)
        if (refusal := self._entrance.too_many_keys) is not None:
            self.send_away(refusal, DISC_NO_MORE_AUTH_METHODS_AVAILABLE)
        return known and not self.leaving

    async def key_used(self, username: str, key: str, verify: Callable[[], bool]) -> bool:
        """Rule A1: log in with a key, or take the first of two steps."""
        if self._is_stopped_at_the_door(username):
            return False
        account = await self._entrance.key_used(username, key, verify)
        self._step = account is None and self._entrance.is_half_open
        return self._answer(account)

    def took_first_step(self) -> bool:
        """Rule A1: tell once that the key was taken and the password is to come."""
        step, self._step = self._step, False
        return step

    def _is_stopped_at_the_door(self, username: str) -> bool:
        if self.leaving or self._visit is not None:
            return True
        refusal = self._entrance.refusal_of(username)
        if refusal is not None:
            self.send_away(refusal, DISC_NO_MORE_AUTH_METHODS_AVAILABLE)
        return refusal is not None

    def _answer(self, account: Account | None) -> bool:
        if self.leaving or self._visit is not None:
            return False
        if account is not None:
            return self._admit(account)
        if (refusal := self._entrance.too_many_tries) is not None:
            self.send_away(refusal, DISC_NO_MORE_AUTH_METHODS_AVAILABLE)
        return False

    def _admit(self, account: Account) -> bool:
        grounds = self._grounds
        visit = Visit(
            number=next(grounds.visit_numbers),
            org_id=account.organization.id if account.organization else "",
            account=account.username,
            address=self._address,
            client=self._client(),
        )
        settings = grounds.settings_for(account.organization)
        refusal = limits.login_refusal(settings, sessions_of_org=grounds.sessions[visit.counts_as])
        if refusal is not None:
            self._entrance.turned_away(account, refusal)
            self.send_away(refusal, DISC_TOO_MANY_CONNECTIONS)
            return False
        self._visit, self.account = visit, account
        grounds.sessions.enter(visit.counts_as)
        self._leave_startups()
        self._watch_idle()
        self._entrance.admitted(account)
        return True

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self._address

    def _client(self) -> str:
        version: Any = self._connection and self._connection.get_extra_info("client_version")
        return str(version or "").removeprefix("SSH-2.0-")

    # --- session

    def session_requested(self) -> Any:
        """Rules U9, U11: open a channel for SFTP."""
        connection, visit = self._connection, self._visit
        if connection is None or visit is None or self._grounds.stopping:
            raise ChannelOpenError(OPEN_ADMINISTRATIVELY_PROHIBITED, STOPPING)
        refusal = limits.channel_refusal(channels=channels_of(connection))
        if refusal is not None:
            log.warning("limit.reached", org=visit.org_id or None, reason=refusal)
            raise ChannelOpenError(OPEN_RESOURCE_SHORTAGE, refusal)
        return open_session(connection, lambda channel: self._open_room(channel, visit, self))

    def asked(self) -> None:
        """Note a request: the session is not idle."""
        self._asked_at = self._grounds.monotonic()

    @property
    def leaving(self) -> bool:
        """Whether no answer reaches the client any more."""
        return self._connection is None or self._connection.leaving or self._connection.is_closed()

    @property
    def is_uploading(self) -> bool:
        """Whether a file is open for writing, or being stored."""
        return any(session.is_uploading for session in self.sessions)

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Rule U9: count a file or listing from its request on, for several channels may ask at once.

        Raises:
            LimitError: the session has too many.
        """
        handles = sum(session.handles() for session in self.sessions) + self._opening
        refusal = limits.handle_refusal(self._grounds.settings, handles=handles)
        if refusal is not None:
            log.warning("limit.reached", org=self._visit and self._visit.org_id, reason=refusal)
            raise LimitError(refusal)
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1

    @property
    def quiet_s(self) -> float:
        """How long no request came."""
        return self._grounds.monotonic() - self._asked_at

    def _watch_idle(self) -> None:
        limit_s = self._grounds.settings.idle_timeout_s
        left_s = limit_s - self.quiet_s
        if left_s <= 0:
            reason = f"Nothing was asked for {limit_s:g} seconds (U9)"
            log.info("limit.reached", address=self._address, reason=reason)
            self.send_away(reason, DISC_PROTOCOL_ERROR)  # OpenSSH's code for time that ran out
            return
        self._idle = asyncio.get_running_loop().call_later(left_s, self._watch_idle)
