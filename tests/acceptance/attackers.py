"""Clients that mean no good: from any loopback address, with any user name, below the manners of an SFTP library."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import paramiko

from tests.acceptance.daemon import Daemon, Organization

WAIT_S = 30.0
OK, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED = 0, 2, 3, 4, 5, 8
INIT, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR = (
    1,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
)
REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK, EXTENDED = (
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    200,
)
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
FOR_READING, FOR_WRITING = 0x01, 0x02 | 0x08 | 0x10  # WRITE, CREAT, TRUNC
NO_ATTRIBUTES = struct.pack(">I", 0)


def text(value: bytes) -> bytes:
    """A string as SFTP writes it."""
    return struct.pack(">I", len(value)) + value


def connect(port: int, *, source: str = "127.0.0.1") -> paramiko.Transport:
    """A connection that has agreed on keys and has not logged in."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S, source_address=(source, 0))
    transport = paramiko.Transport(connection)
    try:
        transport.start_client(timeout=WAIT_S)
    except BaseException:
        transport.close()
        raise
    return transport


def farewell(port: int, *, source: str) -> bytes:
    """All that a server sends to a client that only says hello, until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), WAIT_S, source_address=(source, 0)) as plain:
        plain.sendall(b"SSH-2.0-attacker\r\n")
        plain.shutdown(socket.SHUT_WR)
        told = b""
        with suppress(ConnectionError):
            while more := plain.recv(65536):
                told += more
        return told


def try_password(port: int, username: str, password: str, *, source: str = "127.0.0.1") -> str:
    """Try to log in once; return `in`, `refused`, or `disconnected` or `not let in` where nobody asks again."""
    try:
        transport = connect(port, source=source)
    except (paramiko.SSHException, EOFError, OSError):
        return "not let in"
    try:
        transport.auth_password(username, password, fallback=False)
    except paramiko.AuthenticationException:
        return "refused" if transport.is_active() else "disconnected"
    except (paramiko.SSHException, EOFError, OSError):
        return "disconnected"
    else:
        return "in"
    finally:
        transport.close()


@contextmanager
def logged_in(
    daemon: Daemon, organization: Organization, *, source: str = "127.0.0.1"
) -> Iterator[paramiko.Transport]:
    """A session with the right password."""
    transport = connect(daemon.port, source=source)
    try:
        transport.auth_password(organization.username, organization.password)
        yield transport
    finally:
        transport.close()


class Wire:
    """The sftp subsystem with nothing in between."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.channel = transport.open_session(timeout=WAIT_S)
        self.channel.settimeout(WAIT_S)
        self.channel.invoke_subsystem("sftp")
        self._number = 0
        self.send(INIT, struct.pack(">I", 3), numbered=False)
        self.receive()

    def ask(self, kind: int, body: bytes) -> tuple[int, bytes]:
        """Send a request and return the answer's kind and what follows its number."""
        self.send(kind, body)
        answer = self.receive()
        return answer[0], answer[5:]

    def status(self, kind: int, body: bytes) -> int:
        """Send a request that is answered with a status."""
        answer, rest = self.ask(kind, body)
        assert answer == STATUS, (kind, answer, rest[:80])
        return int(struct.unpack(">I", rest[:4])[0])

    def send(self, kind: int, body: bytes, *, numbered: bool = True) -> None:
        """Send a packet."""
        self._number += 1
        number = struct.pack(">I", self._number) if numbered else b""
        self.channel.sendall(text(bytes([kind]) + number + body))

    def receive(self) -> bytes:
        """Receive a packet."""
        length: int = struct.unpack(">I", self._exactly(4))[0]
        return self._exactly(length)

    def handle(self, path: bytes, flags: int) -> bytes:
        """Open a file that may be opened."""
        kind, rest = self.ask(OPEN, text(path) + struct.pack(">I", flags) + NO_ATTRIBUTES)
        assert kind == HANDLE, rest
        return rest

    def names(self, path: bytes) -> list[bytes]:
        """List a folder."""
        kind, handle = self.ask(OPENDIR, text(path))
        assert kind == HANDLE, handle
        found: list[bytes] = []
        while True:
            kind, rest = self.ask(READDIR, handle)
            if kind != NAME:
                break
            found += list(_names(rest))
        self.ask(CLOSE, handle)
        return found

    def _exactly(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            more = self.channel.recv(length - len(found))
            if not more:
                raise EOFError
            found += more
        return found


def _names(body: bytes) -> Iterator[bytes]:
    (count,) = struct.unpack(">I", body[:4])
    at = 4
    for _ in range(count):
        name, at = _text(body, at)
        _, at = _text(body, at)
        (flags,) = struct.unpack(">I", body[at : at + 4])
        at += 4 + 8 * bool(flags & 1) + 8 * bool(flags & 2) + 4 * bool(flags & 4) + 8 * bool(flags & 8)
        yield name


def _text(body: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack(">I", body[at : at + 4])
    return body[at + 4 : at + 4 + length], at + 4 + length
