"""The delimiter of a file, recognised from its header line (rule F1)."""

import csv
from collections.abc import Iterable

from processor.reading.labels import STANDARD_LABELS, clean_label, label_key

DELIMITERS = (",", ";", "\t", "|")
_STANDARD = frozenset(label_key(label) for label in STANDARD_LABELS)


def recognise_delimiter(header_line: str, *, known_labels: Iterable[str] = ()) -> str:
    """Rule F1: the delimiter that gives the most labels we know, then the most labels; a comma where none does.

    `known_labels`: the left sides of the header map. A delimiter inside quotes does not count.
    """
    known = _STANDARD | {label_key(label) for label in known_labels}
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        try:
            labels = next(csv.reader([header_line], delimiter=delimiter), [])
        except csv.Error:  # a cell over the limit: this delimiter it is not
            continue
        hits = sum(label_key(clean_label(label)) in known for label in labels)
        if (hits, len(labels)) > best_score:
            best, best_score = delimiter, (hits, len(labels))
    return best
