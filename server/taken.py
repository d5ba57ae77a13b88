"""Names that were just taken keep answering for a while (rule U4); kept in memory, no disk and no clock here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

NAMES_OF_A_DROP = (
    4  # that a waiting drop may get beside its own; when it gets another, the oldest answers no more
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenName:
    """A name whose file is in the queue or already processed."""

    name: str
    uid: str
    size_bytes: int
    mtime: float
    until: datetime
    sessions: frozenset[int] = frozenset()  # those that uploaded it and still live
    renames: int = 0  # how often clients renamed its drop


class TakenNames:
    """All of one organization."""

    def __init__(self) -> None:
        self._by_name: dict[str, TakenName] = {}

    def add(self, taken: TakenName) -> None:
        """Let a name answer; a file that was taken under it before is forgotten."""
        before = self._by_name.pop(taken.name, None)
        earlier = before.sessions if before else frozenset()
        self._by_name[taken.name] = replace(taken, sessions=taken.sessions | earlier)

    def add_name(self, taken: TakenName) -> None:
        """Let a drop answer to one more name; of too many the oldest is forgotten."""
        self.add(replace(taken, renames=self.renames_of(taken.uid) + 1))
        for old in self._of(taken.uid)[:-NAMES_OF_A_DROP]:
            del self._by_name[old.name]

    def renames_of(self, uid: str) -> int:
        """Return how often a drop was renamed, as far as its names are remembered."""
        return max((taken.renames for taken in self._of(uid)), default=0)

    def _of(self, uid: str) -> list[TakenName]:
        return [taken for taken in self._by_name.values() if taken.uid == uid]

    def get(self, name: str, *, session: int, now: datetime) -> TakenName | None:
        """Return what STAT tells this session."""
        taken = self._by_name.get(name)
        if taken is None or not (now < taken.until or session in taken.sessions):
            return None
        return taken

    def listed_for(self, session: int) -> Iterator[TakenName]:
        """Return what the uploading session still lists."""
        return (taken for taken in self._by_name.values() if session in taken.sessions)

    def rename(self, old: str, new: str) -> None:
        """Let the new name answer instead of the old one; the drop keeps its name."""
        taken = self._by_name[old]
        renamed = replace(taken, name=new, renames=self.renames_of(taken.uid) + 1)
        del self._by_name[old]
        self._by_name.pop(new, None)  # so that the most recent stand last
        self._by_name[new] = renamed

    def forget(self, name: str) -> None:
        """End the answering; an unknown name changes nothing."""
        self._by_name.pop(name, None)

    def end_session(self, session: int, *, now: datetime) -> None:
        """Forget the session, and what answered for it only."""
        for name, taken in list(self._by_name.items()):
            left = taken.sessions - {session}
            if left or now < taken.until:
                self._by_name[name] = replace(taken, sessions=left)
            else:
                del self._by_name[name]
