"""The refused rows of a file in UTF-16, which was read as UTF-8: the same rows in the bytes that were sent (R1)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from processor.filing.rejected import Range, in_order

BLOCK_CHARACTERS = 1 << 18
MARK = "\ufeff"


def write_rejected_utf16(
    target: BinaryIO,
    *,
    data: Path,
    codec: str,
    header: Range,
    rows: Iterable[Range],
    block_characters: int = BLOCK_CHARACTERS,
) -> None:
    """Rule R1: the original header and exactly the refused rows; ranges are places in the text as UTF-8.

    `codec` is `utf-16-le` or `utf-16-be`; a byte order mark stays in front. Memory stays bounded (F4).
    """
    last = ""
    for begins, text in _pieces(_blocks(data, codec, block_characters), [header, *in_order(rows)]):
        if begins and last and last not in "\r\n":
            target.write("\n".encode(codec))
        target.write(text.encode(codec))
        last = (text[-1:] or last).removeprefix(MARK)


def _pieces(blocks: Iterable[str], ranges: list[Range]) -> Iterator[tuple[bool, str]]:
    """Yield the mark, if there is one, then the text of each range, and whether a range begins there."""
    waiting = iter(ranges)
    start, end = next(waiting)
    at = 0
    for block in blocks:
        if block == MARK:
            yield False, block
            continue
        raw = block.encode()
        block_end = at + len(raw)
        while start < block_end:
            piece = raw[max(start - at, 0) : end - at].decode()
            yield start >= at, piece
            if end > block_end:
                break
            following = next(waiting, None)
            if following is None:
                return
            start, end = following
        at = block_end


def _blocks(data: Path, codec: str, characters: int) -> Iterator[str]:
    with data.open(encoding=codec, newline="") as file:
        first = file.read(characters)
        if first.startswith(MARK):
            yield MARK
        yield first.removeprefix(MARK)
        while block := file.read(characters):
            yield block
