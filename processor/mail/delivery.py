"""When a mail about an import goes out (rule N4): at once, in the daily digest, or not at all. Pure."""

from collections.abc import Collection
from enum import Enum, auto

from processor.imports import ImportRecord, Outcome

EXPIRED = "hold-expired"


class Delivery(Enum):
    """What becomes of a mail."""

    AT_ONCE = auto()
    IN_DIGEST = auto()
    NOT = auto()


def delivery_of(record: ImportRecord, *, mode: str, codes: Collection[str]) -> Delivery:
    """Rule N4: decide by the setting `mail`; a held file is told of at once whatever the setting.

    `codes` are those of the import's problems.
    """
    if mode == "every" or record.outcome is Outcome.HELD:
        return Delivery.AT_ONCE
    if mode == "digest":
        return Delivery.IN_DIGEST
    return Delivery.AT_ONCE if needs_somebody(record, codes=codes) else Delivery.NOT


def needs_somebody(record: ImportRecord, *, codes: Collection[str]) -> bool:
    """Rule N4: whether somebody has to act, or something was not applied that nobody took back."""
    match record.outcome:
        case Outcome.PARTIAL | Outcome.REFUSED | Outcome.HELD:
            return True
        case Outcome.CHECKED:
            return bool(codes)
        case Outcome.DISCARDED:
            return EXPIRED in codes
        case _:
            return False
