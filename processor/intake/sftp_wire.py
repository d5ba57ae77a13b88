"""Bytes of SFTP version 3 as a client reads and writes them (draft-ietf-secsh-filexfer-02); pure, and trusts nothing.

Whatever an answer says about lengths and counts is checked against the bytes that are there.
"""

import stat
from dataclasses import dataclass
from enum import Enum

from core.errors import ServiceError

VERSION = 3
MAX_PACKET_BYTES = 256 * 1024 + 1024  # an answer to a READ of 256 KiB, which nobody asks for
MAX_NAMES_IN_A_PACKET = 4_096  # OpenSSH sends 100, others 128
SHOWN_TEXT = 200

INIT, VERSION_ANSWER, OPEN, CLOSE, READ, LSTAT, FSTAT = 1, 2, 3, 4, 5, 7, 8
OPENDIR, READDIR, REMOVE, RENAME = 11, 12, 13, 18
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED = 0, 1, 2, 3
OPEN_FOR_READING = 1
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 0x1, 0x2, 0x4, 0x8, 0x80000000


class BadAnswerError(ServiceError):
    """The server does not keep to the protocol, or beyond what is bearable."""

    code = "bad_answer"
    retryable = True


class Kind(Enum):
    """What an entry of a folder is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"
    UNKNOWN = "unknown"  # the server does not say


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says of a file; None where it is silent."""

    kind: Kind = Kind.UNKNOWN
    size_bytes: int | None = None
    mtime: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing."""

    name: bytes
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Status:
    """The answer that is not what was asked for, or an OK."""

    code: int
    text: str


def number(value: int) -> bytes:
    """Write 32 bits."""
    return value.to_bytes(4, "big")


def long_number(value: int) -> bytes:
    """Write 64 bits."""
    return value.to_bytes(8, "big")


def text(value: bytes) -> bytes:
    """Write a string with its length."""
    return number(len(value)) + value


def packet(kind: int, *fields: bytes) -> bytes:
    """Write a packet with its length."""
    body = bytes((kind,)) + b"".join(fields)
    return number(len(body)) + body


class Answer:
    """Reads the fields of one packet, one after the other.

    Raises:
        BadAnswerError: (each method) the packet ends too early.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, length: int) -> bytes:
        """Take some bytes."""
        end = self._at + length
        if end > len(self._body):
            raise BadAnswerError("The SFTP server sent an answer that ends too early.")
        found = self._body[self._at : end]
        self._at = end
        return found

    def number(self) -> int:
        """Take 32 bits."""
        return int.from_bytes(self.take(4), "big")

    def long_number(self) -> int:
        """Take 64 bits."""
        return int.from_bytes(self.take(8), "big")

    def text(self) -> bytes:
        """Take a string."""
        return self.take(self.number())

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._body) - self._at

    def status(self) -> Status:
        """Take a status; old servers send no text."""
        code = self.number()
        said = self.text().decode("utf-8", "replace") if self.left >= 4 else ""
        printable = "".join(one if one.isprintable() else " " for one in said[:SHOWN_TEXT])
        return Status(code, " ".join(printable.split()))

    def attributes(self) -> Attributes:
        """Take attributes."""
        flags = self.number()
        size = self.long_number() if flags & _HAS_SIZE else None
        if flags & _HAS_OWNER:
            self.take(8)
        kind = _kind(self.number()) if flags & _HAS_MODE else Kind.UNKNOWN
        mtime = None
        if flags & _HAS_TIMES:
            self.number()
            mtime = self.number()
        if flags & _HAS_MORE:
            for _ in range(self.number()):  # each takes bytes, so that a packet's size is the limit
                self.text()
                self.text()
        return Attributes(kind, size, mtime)

    def entries(self) -> list[Entry]:
        """Take the names of a listing."""
        count = self.number()
        if count > MAX_NAMES_IN_A_PACKET:
            raise BadAnswerError(f"The SFTP server sent {count:,} names at once.")
        found = []
        for _ in range(count):
            name = self.text()
            self.text()  # as `ls -l` would show it
            found.append(Entry(name, self.attributes()))
        return found


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    if stat.S_ISLNK(mode):
        return Kind.LINK
    return Kind.OTHER if stat.S_IFMT(mode) else Kind.UNKNOWN
