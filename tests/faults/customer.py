"""A customer who keeps account: what it sent, and what of it the server answered (rule U2)."""

import logging
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import paramiko

from tests.acceptance.wire import CLOSE, FLAG_CREAT, FLAG_TRUNC, FLAG_WRITE, RENAME, STATUS, Wire, text

# What a connection that ends in the middle looks like from here; Wire asserts that the channel goes on.
LOST = (OSError, EOFError, AssertionError, struct.error, paramiko.SSHException)


logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it tells of each connection that breaks


class Answer(Enum):
    """What the customer knows of a file."""

    NEVER = "not asked"  # it did not get so far as to ask
    UNKNOWN = "asked, no answer came"
    REFUSED = "refused"
    OK = "accepted"


@dataclass(kw_only=True)
class Sent:
    """One file, and what became of its CLOSE, or of the RENAME of its temporary name."""

    name: str
    data: bytes
    answer: Answer = Answer.NEVER
    asked_at: float = 0.0
    answered_at: float = 0.0


@dataclass(kw_only=True)
class Customer:
    """Sends files of one organization, with packets of its own, so that it sees each answer."""

    port: int
    username: str
    password: str
    sent: list[Sent] = field(default_factory=list)

    @contextmanager
    def session(self) -> Iterator[Wire]:
        """Log in; leaving the block ends the connection, without closing what is open."""
        transport = paramiko.Transport(("127.0.0.1", self.port))
        try:
            transport.connect(username=self.username, password=self.password)
            channel = transport.open_session()
            channel.invoke_subsystem("sftp")
            channel.settimeout(60)
            yield Wire(channel)
        finally:
            transport.close()

    def put(self, wire: Wire, name: str, data: bytes) -> Sent:
        """Send a file under its own name: its CLOSE counts."""
        sent = self._begun(name, data)
        handle = self._written(wire, name, data)
        self._ask(wire, sent, CLOSE, text_of(handle))
        return sent

    def put_renamed(self, wire: Wire, name: str, data: bytes) -> Sent:
        """Send it under a temporary name (U5): the RENAME counts."""
        sent = self._begun(name, data)
        handle = self._written(wire, f"{name}.filepart", data)
        if wire.ask(CLOSE, text_of(handle)).status == 0:
            self._ask(wire, sent, RENAME, text(f"/local/{name}.filepart"), text(f"/local/{name}"))
        return sent

    def leave_open(self, wire: Wire, name: str, data: bytes) -> Sent:
        """Send all of it, and never close it."""
        sent = self._begun(name, data)
        self._written(wire, name, data)
        return sent

    def put_alone(self, name: str, data: bytes) -> Sent:
        """Send a file in a session of its own."""
        try:
            with self.session() as wire:
                return self.put(wire, name, data)
        except LOST:
            if not self.sent or self.sent[-1].data is not data:
                self._begun(name, data)
            return self.sent[-1]

    def _begun(self, name: str, data: bytes) -> Sent:
        sent = Sent(name=name, data=data)
        self.sent.append(sent)
        return sent

    @staticmethod
    def _written(wire: Wire, name: str, data: bytes) -> bytes:
        """Send the bytes; a WRITE that is refused is followed by the CLOSE, as clients do."""
        handle = wire.open(f"/local/{name}", FLAG_WRITE | FLAG_CREAT | FLAG_TRUNC)
        wire.try_write(handle, data)
        return handle

    @staticmethod
    def _ask(wire: Wire, sent: Sent, kind: int, *parts: bytes) -> None:
        sent.asked_at, sent.answer = time.monotonic(), Answer.UNKNOWN
        answer = wire.ask(kind, *parts)
        sent.answered_at = time.monotonic()
        assert answer.kind == STATUS
        sent.answer = Answer.OK if answer.status == 0 else Answer.REFUSED


def text_of(handle: bytes) -> bytes:
    """A handle as packets have it."""
    return struct.pack(">I", len(handle)) + handle
