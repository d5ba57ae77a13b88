"""A mail server in a thread of its own that misbehaves as a test says, and remembers what it took."""

import asyncio
import random
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.integration.mail.servers import HOST, Postbox, hang_up, serving


@dataclass
class Troublesome(Postbox):
    """A postbox with the manners of real servers."""

    greylisted: set[str] = field(default_factory=set)
    is_greylisting: bool = False
    hangs: bool = False  # it takes the mail and never answers
    hangs_up_after_data: bool = False  # it takes the mail, too
    on_data: Callable[[], None] | None = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.is_greylisting and address not in self.greylisted:
            self.greylisted.add(address)
            self.tried += 1
            return "450 4.2.0 greylisted, try again"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.tried += 1
        if self.hangs_up_after_data or self.on_data is not None:
            self.got.append(envelope)
            if self.on_data is not None:
                self.on_data()
            hang_up(server)
            return "421 gone"
        while self.hangs:  # noqa: ASYNC110  # a test's switch, thrown in another thread
            await asyncio.sleep(0.05)
        return await super().handle_DATA(server, session, envelope)


def free_port() -> int:
    """A port below those that clients are given, so that it is still free when the server comes back to it."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as trial, suppress(OSError):
            trial.bind((HOST, port))
            return port


class MailServer:
    """Serves one postbox on one port, on and off."""

    def __init__(self) -> None:
        self.postbox = Troublesome()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._serving: AbstractAsyncContextManager[int] | None = None
        self.port = free_port()

    def start(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen."""
        self._serving = serving(self.postbox, tls=tls, port=self.port)
        asyncio.run_coroutine_threadsafe(self._serving.__aenter__(), self._loop).result(10)

    def stop(self) -> None:
        """Hang up and refuse connections."""
        if self._serving is not None:
            ending, self._serving = self._serving, None
            asyncio.run_coroutine_threadsafe(ending.__aexit__(None, None, None), self._loop).result(10)

    def close(self) -> None:
        """End the thread."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def message_ids(self) -> list[str]:
        """Of all that it took."""
        messages: list[EmailMessage] = self.postbox.messages
        return [str(message["Message-ID"]).strip() for message in messages]
