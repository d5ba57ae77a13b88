"""How much of a partial upload can be trusted when it is found on disk (rule U3); a decision, no disk here."""

from core.inbox import Meta
from server.extents import Extents


def trusted_size(meta: Meta, *, size_bytes: int, hole_at: int, boot: str) -> int:
    """Rule U3: return up to where the bytes are unbroken for sure.

    `size_bytes` and `hole_at` (SEEK_HOLE) are the data file's. A session that ended recorded what it wrote. After a
    crash the file's size counts only if every write continued the one before and the machine was not started again.
    """
    if meta.closed:
        return size_bytes
    if meta.in_order and meta.boot and meta.boot == boot:
        return min(size_bytes, hole_at)
    recorded = Extents(meta.extents or ()).unbroken_end
    return min(recorded, size_bytes)
