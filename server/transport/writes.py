"""The grammar of an SFTP stream, as far as bytes are taken in place: whole packets, and runs of WRITE requests.

Nothing else is understood here, and nothing is refused but a packet that is too long: what is no WRITE, or a strange
one, is left to whoever reads packets one by one.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from asyncssh.constants import FX_OK, FXP_STATUS, FXP_WRITE

MAX_WRITE_BYTES = 256 * 1024
PACKET_ROOM_BYTES = 1024
LONGEST_BYTES = MAX_WRITE_BYTES + PACKET_ROOM_BYTES
PACKET_TOO_LARGE = f"A packet is longer than {LONGEST_BYTES} bytes (U9)"
MAX_PIECES = 1024  # what one pwritev(2) takes

_LENGTH = struct.Struct(">I")
# Version 3, section 6.4: length, type, request id, length of the handle, handle, offset, length of the data.
_WRITE = struct.Struct(">IBII4sQI")
_BESIDE_DATA = _WRITE.size - _LENGTH.size
_HANDLE_BYTES = 4  # as asyncssh gives them out
# The same, section 7: length, type, request id; OK, no text, no language.
_ANSWER = struct.Struct(">IBIIII")
_ANSWER_LENGTH = _ANSWER.size - _LENGTH.size


class PacketTooLongError(ValueError):
    """A packet says that it is longer than any may be (U9)."""


@dataclass(frozen=True, slots=True)
class Run:
    """WRITE requests to one handle of which each begins where the one before ended."""

    handle: bytes
    offset: int
    length: int
    pieces: Sequence[memoryview]
    ids: Sequence[int]
    end: int  # where the stream goes on

    def answers(self) -> bytes:
        """Return an OK for each."""
        return b"".join(
            [_ANSWER.pack(_ANSWER_LENGTH, FXP_STATUS, number, FX_OK, 0, 0) for number in self.ids]
        )


def packet_end(stream: memoryview, position: int) -> int | None:
    """Return where the packet at `position` ends; None where it is not complete.

    Raises:
        PacketTooLongError: before any of it has arrived.
    """
    if len(stream) - position < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(stream, position)
    if length > LONGEST_BYTES:
        raise PacketTooLongError(PACKET_TOO_LARGE)
    end = position + _LENGTH.size + int(length)
    return end if end <= len(stream) else None


def is_completed(beginning: bytes | bytearray, count: int) -> bool:
    """Whether `count` more bytes complete a packet of which this is the beginning, or tell how long it is."""
    known = len(beginning) + count
    if len(beginning) < _LENGTH.size:
        return known >= _LENGTH.size
    return known >= _LENGTH.size + int(_LENGTH.unpack_from(beginning)[0])


def run_at(stream: memoryview, position: int) -> Run | None:
    """Return the run of whole WRITE requests that stands at `position`, if one does.

    rclone 1.60 sends bytes behind the data of its last WRITE: they are left unread.
    """
    first = (b"", 0)
    due = (b"", 0)  # where the next one must go to belong to the run
    pieces: list[memoryview] = []
    ids: list[int] = []
    while len(stream) - position >= _WRITE.size and len(pieces) < MAX_PIECES:
        length, kind, number, handle_bytes, handle, offset, count = _WRITE.unpack_from(stream, position)
        end = position + _LENGTH.size + length
        if kind != FXP_WRITE or handle_bytes != _HANDLE_BYTES or end > len(stream):
            break
        if length > LONGEST_BYTES or count > length - _BESIDE_DATA:
            break
        if not pieces:
            first = due = (handle, offset)
        if (handle, offset) != due:
            break
        begin = position + _WRITE.size
        pieces.append(stream[begin : begin + count])
        ids.append(number)
        due = (handle, offset + count)
        position = end
    if not pieces:
        return None
    handle, offset = first
    return Run(handle=handle, offset=offset, length=due[1] - offset, pieces=pieces, ids=ids, end=position)
