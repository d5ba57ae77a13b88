"""Words of a status column that say neither that a person left nor that he stays (rule H5)."""

import re
from dataclasses import dataclass, field

from processor.findings import Problem
from processor.lines import Lines
from processor.reading.catalogue import problem
from processor.reading.labels import label_key

# Of one who stays. `Inactive` and `Suspended` do not stand here: they may mean a leaver, so they are named.
STAYING = frozenset(
    label_key(word)
    for word in (
        "a", "active", "current", "employed", "employee", "hired", "accepted", "onboarding", "pre-hire", "pending",
        "l", "leave", "on leave", "leave of absence", "leave with pay", "paid leave", "unpaid leave", "parental leave",
        "full-time", "full time", "part-time", "part time", "regular", "permanent", "temporary", "contractor",
        "contract", "intern", "internship", "trainee", "probation", "probationary", "seasonal", "aktiv",
    )
)  # fmt: skip
MOST_WORDS = 10  # that are named; a column with more is no column of states
_HARMLESS = re.compile(r"[^\W\d_]+(?:[ '/-]+[^\W\d_]+){0,2}")
_LONGEST = 24


def is_harmless(word: str) -> bool:
    """Whether a word may be quoted: a short label of a state, no number, no address, no sentence."""
    return len(word) <= _LONGEST and _HARMLESS.fullmatch(word) is not None


@dataclass(slots=True)
class UnknownWords:
    """Which words a file's status column has that are not known, and where."""

    _words: dict[str, tuple[str, Lines]] = field(default_factory=dict)
    _others: Lines = field(default_factory=Lines)

    def add(self, word: str, line: int) -> None:
        """Take the word of one row."""
        key = label_key(word)
        if key in self._words or (len(self._words) < MOST_WORDS and is_harmless(word)):
            self._words.setdefault(key, (word, Lines()))[1].add(line)
        else:
            self._others.add(line)

    def notes(self, label: str) -> list[Problem]:
        """Rule H5: one note for each word; words that are not quoted share one."""
        found = [(f"`{word}`", word, lines) for word, lines in self._words.values()]
        if self._others:
            found.append(("other words" if found else "the words", "...", self._others))
        return [
            problem(
                "status-unknown",
                column=label,
                words=words,
                word=word,
                label=label,
                lines=rows_in_words(lines),
            )
            for words, word, lines in found
        ]


def rows_in_words(lines: Lines) -> str:
    """Return `1 row (line 3)` or `2 rows (lines 3 and 7)`."""
    return f"{len(lines):,} row{'' if len(lines) == 1 else 's'} ({lines.in_words()})"
