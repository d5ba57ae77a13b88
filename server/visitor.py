"""One SSH connection, from greeting to goodbye: its limits, its login, its idle time (rules A1, A2, U9, U11)."""

import asyncio
import functools
import re
from typing import TYPE_CHECKING, Any

import structlog
from asyncssh import (
    DISC_BY_APPLICATION,
    DISC_NO_MORE_AUTH_METHODS_AVAILABLE,
    DISC_PROTOCOL_ERROR,
    DISC_TOO_MANY_CONNECTIONS,
    OPEN_ADMINISTRATIVELY_PROHIBITED,
    OPEN_RESOURCE_SHORTAGE,
    ChannelOpenError,
    SSHServer,
)

from server import limits
from server.logins import Checked, check_password
from server.transport import Connection, channels_of, open_session
from server.visits import Visit

if TYPE_CHECKING:
    from server.grounds import Grounds
    from server.sftp import Sftp

log = structlog.get_logger()

STOPPING = "The server is stopping: connect again in a minute (O2)"
NAME_OF_AN_ACCOUNT = re.compile(r"[A-Za-z0-9-]*_[A-Za-z0-9_-]*")


class Visitor(SSHServer):
    """Judges one connection for asyncssh."""

    def __init__(self, *, grounds: "Grounds", visitors: "set[Visitor]") -> None:
        self._grounds = grounds
        self._visitors = visitors
        self._connection: Connection | None = None
        self._address = ""
        self._startup: str | None = None  # what this connection counts as before its login
        self._hashing = False
        self._failures = 0
        self._visit: Visit | None = None
        self._asked_at = grounds.monotonic()
        self._idle: asyncio.TimerHandle | None = None
        self.sessions: set[Sftp] = set()

    # --- greeting and goodbye

    def connection_made(self, conn: Any) -> None:
        """Rule U9: take the connection, or send it away with a sentence."""
        self._connection = conn
        self._address = str(conn.get_extra_info("peername", ("",))[0])
        group = limits.address_group(self._address)
        refusal = limits.connection_refusal(
            self._grounds.settings,
            connections=self._grounds.startups.total + self._grounds.sessions.total,
            startups=self._grounds.startups.total,
            of_address=self._grounds.startups[group],
        )
        self._visitors.add(self)
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
        if self._visit is not None:
            self._grounds.sessions.leave(self._visit.org_id)
            self._grounds.end_visit(self._visit)
            log.info(
                "session.ended", org=self._visit.org_id, account=self._visit.account, address=self._address
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
        """Rule A2: every name must prove itself, and is offered the same methods."""
        return True

    def password_auth_supported(self) -> bool:
        """Offer passwords, and keyboard-interactive that asks for the password."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Rules A1, A2: check a password; one at a time: a client's next try does not stop the last one's thread."""
        if self._hashing or self._visit is not None or self._connection is None:
            return False
        self._hashing = True
        checking = asyncio.ensure_future(
            check_password(
                database=self._grounds.database,
                pool=self._grounds.threads.hashes,
                username=username,
                password=password,
            )
        )
        checking.add_done_callback(functools.partial(self._hashed, username))
        checked = await asyncio.shield(checking)
        if checked.refusal is not None or checked.organization is None:
            return False
        return self._admit(checked.organization.id, checked.organization.username)

    def _hashed(self, username: str, checking: "asyncio.Future[Checked]") -> None:
        # Here and not after the await: a client that asks again at once cancels that, and must not try for free.
        self._hashing = False
        if checking.cancelled():
            return
        if checking.exception() is not None:
            log.error("login.failed", exc_info=checking.exception())
        elif checking.result().refusal is not None:
            self._refuse(username, checking.result())

    def _refuse(self, username: str, checked: Checked) -> None:
        self._failures += 1
        known = checked.organization is not None or NAME_OF_AN_ACCOUNT.fullmatch(username)
        log.warning(
            "login.refused",
            # People type passwords and e-mail addresses as user names: those are not logged.
            account=username if known else None,
            address=self._address,
            client=self._client,
            reason=checked.refusal.value if checked.refusal else None,
        )
        refusal = limits.tries_refusal(self._grounds.settings, failures=self._failures)
        if refusal is not None:
            self.send_away(refusal, DISC_NO_MORE_AUTH_METHODS_AVAILABLE)

    def _admit(self, org_id: str, account: str) -> bool:
        if self._connection is None or self._connection.is_closed() or self._connection.leaving:
            return False
        settings = self._grounds.settings
        refusal = limits.login_refusal(settings, sessions_of_org=self._grounds.sessions[org_id])
        if refusal is not None:
            log.warning(
                "login.refused", account=account, address=self._address, client=self._client, reason=refusal
            )
            self.send_away(refusal, DISC_TOO_MANY_CONNECTIONS)
            return False
        self._visit = Visit(
            number=next(self._grounds.visit_numbers),
            org_id=org_id,
            account=account,
            address=self._address,
            client=self._client,
        )
        self._grounds.sessions.enter(org_id)
        self._leave_startups()
        self._watch_idle()
        log.info("login.succeeded", org=org_id, account=account, address=self._address, client=self._client)
        return True

    @property
    def _client(self) -> str:
        version: Any = self._connection and self._connection.get_extra_info("client_version")
        return str(version or "").removeprefix("SSH-2.0-")

    # --- session

    def session_requested(self) -> Any:
        """Rules U9, U11: open a channel for SFTP."""
        from server.sftp import Sftp  # noqa: PLC0415  # the two know each other

        connection, visit = self._connection, self._visit
        if connection is None or visit is None or self._grounds.stopping:
            raise ChannelOpenError(OPEN_ADMINISTRATIVELY_PROHIBITED, STOPPING)
        refusal = limits.channel_refusal(channels=channels_of(connection))
        if refusal is not None:
            log.warning("limit.reached", org=visit.org_id, reason=refusal)
            raise ChannelOpenError(OPEN_RESOURCE_SHORTAGE, refusal)
        return open_session(
            connection,
            lambda channel: Sftp(channel=channel, grounds=self._grounds, visit=visit, visitor=self),
        )

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

    @property
    def handles(self) -> int:
        """How many files and listings the session has open, on all channels."""
        return sum(session.handles() for session in self.sessions)

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
