"""A client that sends SFTP packets one by one (draft-ietf-secsh-filexfer-02), to imitate other programs."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko
from paramiko.channel import Channel

INIT, VERSION = 1, 2
OPEN, CLOSE, WRITE, LSTAT, SETSTAT, OPENDIR, READDIR, REMOVE, REALPATH, STAT, RENAME = (
    3,
    4,
    6,
    7,
    9,
    11,
    12,
    13,
    16,
    17,
    18,
)
STATUS, HANDLE, NAME, ATTRS = 101, 102, 104, 105
FLAG_WRITE, FLAG_CREAT, FLAG_TRUNC = 2, 8, 16
OK, EOF, NO_SUCH_FILE = 0, 1, 2
HAS_SIZE, HAS_MODE, HAS_TIMES = 1, 4, 8
CHUNK = 32_768
AT_ONCE = 16  # WRITE requests on their way


@dataclass(frozen=True, slots=True)
class Answer:
    """One packet of the server."""

    kind: int
    body: bytes

    @property
    def status(self) -> int:
        """The code of a STATUS."""
        assert self.kind == STATUS, self
        return int(struct.unpack_from(">I", self.body)[0])

    def ok(self) -> None:
        """Expect a STATUS that says OK."""
        assert self.status == OK, self

    @property
    def handle(self) -> bytes:
        """What a HANDLE names."""
        assert self.kind == HANDLE, self
        return self.body[4:]

    @property
    def size(self) -> int:
        """The size in ATTRS."""
        assert self.kind == ATTRS, self
        flags, size = struct.unpack_from(">IQ", self.body)
        assert flags & HAS_SIZE
        return int(size)


class Wire:
    """One SFTP channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._number = 0
        self._channel.sendall(_string(bytes([INIT]) + struct.pack(">I", 6)))
        kind, body = self._packet()
        assert (kind, body[:4]) == (VERSION, b"\0\0\0\3"), "the server speaks version 3"

    def ask(self, kind: int, *parts: bytes) -> Answer:
        """Send a request and wait for its answer."""
        self.send(kind, *parts)
        return self.answer()

    def send(self, kind: int, *parts: bytes) -> None:
        """Send a request."""
        self._number += 1
        self._channel.sendall(_string(b"".join((bytes([kind]), struct.pack(">I", self._number), *parts))))

    def answer(self) -> Answer:
        """Take the next answer."""
        kind, body = self._packet()
        return Answer(kind, body[4:])

    def _packet(self) -> tuple[int, bytes]:
        (length,) = struct.unpack(">I", self._take(4))
        body = self._take(length)
        return body[0], body[1:]

    def _take(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            data = self._channel.recv(length - len(found))
            assert data, "the server ended the channel"
            found += data
        return found

    # --- what programs do

    def stat(self, path: str, kind: int = STAT) -> int | None:
        """The size of a file; None where there is none."""
        answer = self.ask(kind, text(path))
        if answer.kind == STATUS:
            assert answer.status == NO_SUCH_FILE
            return None
        return answer.size

    def open(self, path: str, flags: int) -> bytes:
        """Open a file; the client says nothing of its attributes."""
        return self.ask(OPEN, text(path), struct.pack(">II", flags, 0)).handle

    def write(self, handle: bytes, content: bytes, *, at: int = 0) -> None:
        """Write with several requests on their way, and expect OK each time."""
        assert self.try_write(handle, content, at=at)

    def try_write(self, handle: bytes, content: bytes, *, at: int = 0) -> bool:
        """Write, and say whether all of it was taken."""
        waiting, taken = 0, True
        for start in range(0, len(content), CHUNK):
            self.send(
                WRITE, _string(handle), struct.pack(">Q", at + start), _string(content[start : start + CHUNK])
            )
            waiting += 1
            if waiting == AT_ONCE:
                taken = self.answer().status == OK and taken
                waiting -= 1
        for _ in range(waiting):
            taken = self.answer().status == OK and taken
        return taken

    def close(self, handle: bytes) -> None:
        """Close a file or a listing and expect OK."""
        self.ask(CLOSE, _string(handle)).ok()

    def names(self, folder: str) -> dict[str, str]:
        """List a folder: names and the long lines that people see."""
        handle = self.ask(OPENDIR, text(folder)).handle
        found: dict[str, str] = {}
        while (answer := self.ask(READDIR, _string(handle))).kind == NAME:
            found.update(_names(answer.body))
        assert answer.status == EOF
        self.close(handle)
        return found

    def set_times(self, path: str, when: int) -> None:
        """SETSTAT of the times."""
        self.ask(SETSTAT, text(path), struct.pack(">III", HAS_TIMES, when, when)).ok()

    def set_mode(self, path: str, mode: int) -> None:
        """SETSTAT of the permissions."""
        self.ask(SETSTAT, text(path), struct.pack(">II", HAS_MODE, mode)).ok()

    def rename(self, old: str, new: str) -> None:
        """RENAME and expect OK."""
        self.ask(RENAME, text(old), text(new)).ok()


def text(value: str) -> bytes:
    """A string as packets have it."""
    return _string(value.encode())


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _names(body: bytes) -> Iterator[tuple[str, str]]:
    (count,) = struct.unpack_from(">I", body)
    place = 4
    for _ in range(count):
        strings = []
        for _ in range(2):
            (length,) = struct.unpack_from(">I", body, place)
            strings.append(body[place + 4 : place + 4 + length].decode())
            place += 4 + length
        (flags,) = struct.unpack_from(">I", body, place)
        assert flags == HAS_SIZE | 2 | HAS_MODE | HAS_TIMES, "size, owner, mode and times"
        place += 4 + 8 + 8 + 4 + 8
        yield strings[0], strings[1]


@contextmanager
def wire(*, port: int, username: str, password: str, key: str) -> Iterator[Wire]:
    """Log in, check the host key, and open an SFTP channel; leaving the block ends the connection."""
    transport = paramiko.Transport(("127.0.0.1", port))
    try:
        transport.connect(username=username, password=password)
        assert transport.get_remote_server_key().get_base64() == key
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        channel.settimeout(60)
        yield Wire(channel)
    finally:
        transport.close()
