"""Mail servers that behave well or badly, on a free port of the loopback; their failures are data."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


@dataclass
class Postbox:
    """What a server got, and what it answers: a reply, or `drop` to hang up, or after DATA `hang` to say nothing."""

    rcpt: str = "250 OK"
    data: str = "250 OK"
    got: list[Envelope] = field(default_factory=list)
    tried: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tried += 1
        if self.rcpt == "drop":
            hang_up(server)
            return "421 gone"
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data == "drop":
            hang_up(server)
            return "421 gone"
        if self.data == "hang":
            await asyncio.Event().wait()
        if self.data.startswith("250"):
            self.got.append(envelope)
        return self.data

    @property
    def messages(self) -> list[EmailMessage]:
        found = []
        for envelope in self.got:
            content = envelope.content
            assert isinstance(content, bytes)
            found.append(message_from_bytes(content, policy=default))
        return found


class Hooks:
    """The hooks of a postbox, for aiosmtpd looks at each attribute of its handler, and all messages are one."""

    def __init__(self, postbox: Postbox) -> None:
        self.handle_RCPT = postbox.handle_RCPT
        self.handle_DATA = postbox.handle_DATA


def hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


def let_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    """Accept one user, whose password has characters that a URL must encode."""
    return AuthResult(
        success=(login.login, login.password) == (b"ops@x.example", b"p:/w@\xc3\xbc"), handled=False
    )


@asynccontextmanager
async def serving(
    postbox: Postbox, *, tls: ssl.SSLContext | None = None, port: int = 0, **options: Any
) -> AsyncIterator[int]:
    """Serve the postbox and give its port; `tls` wraps the whole connection, `tls_context=` is for STARTTLS."""
    loop = asyncio.get_running_loop()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(SMTP(Hooks(postbox), hostname="mail.test", loop=loop, **options))
        return sessions[-1]

    server = await loop.create_server(session, HOST, port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in sessions:
            hang_up(each)
        await server.wait_closed()


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Take connections and never say a word."""

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(hold, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def refused_port() -> int:
    """Return a port on which nothing listens."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
