"""Which names an upload may have (rule U1); what kind of name it is says `core/names.py`."""

import unicodedata

from core.names import NAME_LIMIT_BYTES
from server.statuses import RefusedError

UNPRINTABLE = frozenset({"Cc", "Zl", "Zp", "Cs"})
TURNING = frozenset(
    {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
)  # they make mails and logs lie


def check_name(raw: bytes) -> str:
    """Return the name of a new file in `/local`.

    Raises:
        RefusedError: it is not UTF-8, has control characters or line breaks, or is longer than 255 bytes.
    """
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise RefusedError(
            "The file's name is not UTF-8: set your client's character set to UTF-8 (U1)"
        ) from exc
    if any(map(_is_control, name)):
        raise RefusedError("The file's name has a line break or another control character: rename it (U1)")
    if len(raw) > NAME_LIMIT_BYTES:
        raise RefusedError(f"The file's name is longer than {NAME_LIMIT_BYTES} bytes: shorten it (U1)")
    return name


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in UNPRINTABLE or unicodedata.bidirectional(char) in TURNING
