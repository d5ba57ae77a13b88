"""Header maps: their labels to ours, in the order of preference (rules H4, H5)."""

from collections.abc import Mapping
from dataclasses import dataclass

from processor.reading.labels import (
    TEAM_LABELS,
    Meaning,
    clean_label,
    label_key,
)

# What the right side of an entry may name; anything else is a custom field's name.
_TARGETS: dict[str, Meaning] = {
    **{label_key(m.value): m for m in Meaning if m is not Meaning.CUSTOM},
    **{label_key(label): meaning for label, meaning in TEAM_LABELS.items()},
}


# What stands behind it is ours, whatever a map says: exports name a column so where the map takes its label (E1).
OURS = "rosterdrop: "


@dataclass(frozen=True, slots=True)
class Target:
    """What an entry of a map says: `label` is theirs as the map writes it."""

    label: str
    meaning: Meaning
    field: str | None = None
    words: tuple[str, ...] = ()


def read_target(label: str, text: str) -> Target:
    """Rule H5: understand the right side of an entry: one of our labels, `ignore`, or a custom field's name.

    `Leaver Status: inactive, suspended` names the words that mean a leaver.
    """
    name, _, words = text.partition(":")
    if label_key(name) == label_key(Meaning.STATUS.value):
        listed = tuple(w for w in (label_key(w) for w in words.split(",")) if w)
        return Target(label, Meaning.STATUS, None, listed)
    field = clean_label(text)
    meaning = _TARGETS.get(label_key(field), Meaning.CUSTOM)
    return Target(label, meaning, field if meaning is Meaning.CUSTOM else None)


def effective_map(*, preset_map: Mapping[str, str], header_map: Mapping[str, str]) -> dict[str, str]:
    """Rule H5: the organization's own entries, then those of its preset which they do not replace.

    An entry whose right side is empty takes the preset's entry for that label away.
    """
    own = {label_key(label) for label in header_map}
    merged = {label: target for label, target in header_map.items() if target}
    for label, target in preset_map.items():
        if label_key(label) not in own:
            merged[label] = target
    return merged


class HeaderMap:
    """A map ready to be asked: exact labels go before those that H4 finds alike."""

    def __init__(self, *, entries: Mapping[str, str]) -> None:
        self._exact = {label: read_target(label, target) for label, target in entries.items()}
        self._loose: dict[str, Target] = {}
        self._places: dict[str, int] = {}
        for place, (label, target) in enumerate(self._exact.items()):
            self._loose.setdefault(label_key(clean_label(label)), target)
            self._places[label] = place

    def exact(self, label: str) -> Target | None:
        """Return the entry of exactly that label."""
        return self._exact.get(label) or self._exact.get(clean_label(label))

    def find(self, label: str) -> Target | None:
        """Return the entry of a label, else of one that H4 finds alike."""
        if not label:
            return None
        if label.startswith(OURS):
            return read_target(label, label.removeprefix(OURS))
        return self.exact(label) or self._loose.get(label_key(clean_label(label)))

    def place(self, label: str, index: int) -> tuple[int, int]:
        """Where a column stands among several of one meaning: in the order of the map, then of the file."""
        target = self.find(label)
        return (self._places.get(target.label, -1) if target else -1, index)
