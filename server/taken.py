"""Names that were just taken keep answering for a while (rule U4); kept in memory, no disk and no clock here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenName:
    """A name whose file is in the queue or already processed."""

    name: str
    uid: str
    size_bytes: int
    mtime: float
    until: datetime
    sessions: frozenset[int] = frozenset()  # those that uploaded it and still live


class TakenNames:
    """All of one organization."""

    def __init__(self) -> None:
        self._by_name: dict[str, TakenName] = {}

    def add(self, taken: TakenName) -> None:
        """Let a name answer; a file that was taken under it before is forgotten."""
        before = self._by_name.get(taken.name)
        earlier = before.sessions if before else frozenset()
        self._by_name[taken.name] = replace(taken, sessions=taken.sessions | earlier)

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
        if old != new:
            self._by_name[new] = replace(self._by_name.pop(old), name=new)

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
