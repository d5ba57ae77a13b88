"""Which files of a customer's folder are fetched, in what order, and why others are not (rule S2); pure."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.names import NAME_LIMIT_BYTES, NameKind, kind_of_name
from processor.intake.pulls import Progress, PulledFile
from processor.intake.sftp_wire import Entry, Kind

QUARTER_S, FARTHEST_ZONE_S = 900, 14 * 3600  # time zones differ by quarters of an hour
SHOWN_NAME = 120
UNPRINTABLE = frozenset({"Cc", "Zl", "Zp", "Cs"})
TURNING = frozenset(
    {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
)  # of the direction of writing; as for uploads
NOT_FILES = {
    Kind.FOLDER: "it is a folder",
    Kind.LINK: "it is a link",
    Kind.OTHER: "it is not a regular file",
}
FETCHED = "fetched before, and unchanged since"
CHANGING = "it is still being written"


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A file that may be fetched; they sort in the order in which they are."""

    mtime: int
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that is not fetched."""

    name: str  # as it can be shown
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of the entries of a folder."""

    fetch: tuple[Candidate, ...] = ()
    changing: tuple[Candidate, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def choose(
    entries: Iterable[Entry],
    *,
    before: Mapping[str, Candidate] | None = None,
    pattern: str,
    known: Mapping[str, PulledFile],
) -> Choice:
    """Rule S2: choose by name, kind and what was fetched before; what differs from `before` is still being written.

    `before` are the candidates of the look before; without it nothing counts as changing.
    """
    found: dict[str, Candidate] = {}
    skipped: list[Skipped] = []
    for entry in entries:
        decided = _judge(entry, pattern, known)
        if isinstance(decided, Skipped):
            skipped.append(decided)
        else:
            found.setdefault(decided.name, decided)
    ordered = sorted(found.values())
    if before is None:
        return Choice(fetch=tuple(ordered), skipped=tuple(skipped))
    return Choice(
        fetch=tuple(one for one in ordered if before.get(one.name) == one),
        changing=tuple(one for one in ordered if before.get(one.name) != one),
        skipped=tuple(skipped),
    )


def flaw_of_name(raw: bytes) -> str | None:
    """Say why a name cannot be one of a file here; None where it can."""
    if len(raw) > NAME_LIMIT_BYTES:
        return f"its name is longer than {NAME_LIMIT_BYTES} bytes"
    if b"/" in raw or raw in (b"", b".", b".."):
        return "its name is a path"
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    if any(map(_is_control, name)):
        return "its name has a line break or another control character"
    return None


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in UNPRINTABLE or unicodedata.bidirectional(char) in TURNING


def shown_name(raw: bytes) -> str:
    """Return a name as a person may read it, whatever it holds."""
    text = raw[: 4 * SHOWN_NAME].decode("utf-8", "backslashreplace")
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= SHOWN_NAME else f"{text[: SHOWN_NAME - 1]}…"


def is_same_time(one: int, other: int) -> bool:
    """Whether two answers of a server may be the same time: some list local times, and tell UTC when asked."""
    apart_s = abs(one - other)
    return apart_s <= FARTHEST_ZONE_S and apart_s % QUARTER_S == 0


def _judge(entry: Entry, pattern: str, known: Mapping[str, PulledFile]) -> Candidate | Skipped:
    reason = flaw_of_name(entry.name) or NOT_FILES.get(entry.attributes.kind)
    if reason is not None:
        return Skipped(shown_name(entry.name), reason)
    name = entry.name.decode("utf-8")
    reason = _reason(name, pattern)
    if reason is not None:
        return Skipped(shown_name(entry.name), reason)
    size, mtime = entry.attributes.size_bytes, entry.attributes.mtime
    if size is None or mtime is None:
        return Skipped(shown_name(entry.name), "the server does not say its size and time")
    before = known.get(name)
    if (
        before is not None
        and before.progress in (Progress.ACCEPTED, Progress.LEAVING)
        and before.is_same(size, mtime)
    ):
        return Skipped(shown_name(entry.name), FETCHED)
    return Candidate(mtime, name, size)


def _reason(name: str, pattern: str) -> str | None:
    if not fnmatchcase(name.casefold(), pattern.casefold()):
        return f"its name does not match {pattern}"
    match kind_of_name(name):
        case NameKind.TEMPORARY:
            return "its name is that of a file that is still being sent (U5)"
        case NameKind.UNUSABLE:
            return "no import can use it: its name ends neither in .csv nor in .txt (F1)"
        case _:
            return None
