"""What a file's name says about it: still being sent, ready, or of no use to an import (rule U5)."""

from enum import Enum

TEMPORARY_ENDINGS = (".filepart", ".part", ".partial", ".tmp", ".crdownload")
TEMPORARY_BEGINNINGS = (".", "~")
USABLE_ENDINGS = (".csv", ".txt")
NAME_LIMIT_BYTES = 255


class NameKind(Enum):
    """What to do with a complete file of that name."""

    TEMPORARY = "temporary"
    USABLE = "usable"
    UNUSABLE = "unusable"


def kind_of_name(name: str) -> NameKind:
    """Rules U5 and F1: tell a temporary name from one that an import can use; case does not count."""
    lowered = name.lower()
    if lowered.startswith(TEMPORARY_BEGINNINGS) or lowered.endswith(TEMPORARY_ENDINGS):
        return NameKind.TEMPORARY
    return NameKind.USABLE if lowered.endswith(USABLE_ENDINGS) else NameKind.UNUSABLE
