"""The uploads of one organization that are not accepted: running, partial, temporary, of no use; no disk here."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from core.inbox import Incoming
from core.names import NameKind, kind_of_name
from server.upload import Upload

NEVER = float("-inf")


@dataclass(slots=True, eq=False, kw_only=True)
class Entry:
    """One folder in `incoming/` that a client made."""

    incoming: Incoming
    changed_at: datetime
    kept_bytes: int = 0
    upload: Upload | None = None
    busy: bool = False  # a thread works on it: it can neither be opened nor moved
    last_write_at: float = NEVER  # monotonic; never for what another process left
    visit_number: int | None = None
    opened_at: float = field(default=NEVER)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Say that a thread works on it until the block ends."""
        self.busy = True
        self._settled.clear()
        try:
            yield
        finally:
            self.busy = False
            self._settled.set()

    async def settled(self) -> None:
        """Wait until no thread works on it."""
        if self.busy:
            await self._settled.wait()

    @property
    def is_abandoned(self) -> bool:
        """Its session is gone, and what arrived is not put aside yet (U3)."""
        return self.upload is not None and self.upload.abandoned

    @property
    def is_being_left(self) -> bool:
        """Its session is gone, and what arrived is just being put aside (U3)."""
        return self.busy and self.is_abandoned

    @property
    def uid(self) -> str:
        """Its id, which the drop keeps."""
        return self.incoming.meta.uid

    @property
    def name(self) -> str:
        """The name clients see."""
        return self.incoming.meta.name

    @property
    def kind(self) -> NameKind:
        """What the name says about it."""
        return kind_of_name(self.name)

    @property
    def is_idle(self) -> bool:
        """Nobody writes to it."""
        return self.upload is None and not self.busy

    @property
    def is_complete(self) -> bool:
        """The client closed it in good order; only the name keeps it from being accepted (U5)."""
        return self.is_idle and self.incoming.meta.closed

    @property
    def size_bytes(self) -> int:
        """Rule U3: up to where the bytes are unbroken."""
        return self.upload.size_bytes if self.upload else self.kept_bytes

    @property
    def mtime(self) -> float:
        """What a listing shows."""
        if self.upload and self.upload.times is not None:
            return self.upload.times
        return self.changed_at.timestamp()


class Entries:
    """All of one organization, by id."""

    def __init__(self) -> None:
        self._by_uid: dict[str, Entry] = {}
        self._by_name: dict[str, dict[str, Entry]] = {}
        self._names: dict[str, str] = {}  # under which name each is found

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._by_uid.values()))

    def __len__(self) -> int:
        return len(self._by_uid)

    def add(self, entry: Entry) -> None:
        """Keep one; again when its name has changed."""
        self.drop(entry)
        self._by_uid[entry.uid] = entry
        self._names[entry.uid] = entry.name
        self._by_name.setdefault(entry.name, {})[entry.uid] = entry

    def drop(self, entry: Entry) -> None:
        """Forget one; twice is once."""
        if self._by_uid.pop(entry.uid, None) is None:
            return
        name = self._names.pop(entry.uid)
        del self._by_name[name][entry.uid]
        if not self._by_name[name]:
            del self._by_name[name]

    def get(self, uid: str) -> Entry | None:
        """Return the one with that id."""
        return self._by_uid.get(uid)

    def named(self, name: str) -> list[Entry]:
        """Return all of that name, the one that clients see last."""
        return sorted(self._by_name.get(name, {}).values(), key=_rank)

    def twins(self) -> list[str]:
        """Return the names that several have."""
        return [name for name, entries in self._by_name.items() if len(entries) > 1]

    def seen(self, name: str) -> Entry | None:
        """Rule U3: one entry for each name."""
        return next(reversed(self.named(name)), None)

    def to_rename(self, name: str, visit_number: int) -> Entry | None:
        """Return the one that a RENAME of this session means: its own, else the one it sees."""
        own = [
            entry for entry in self.named(name) if entry.visit_number == visit_number and entry.is_complete
        ]
        return own[-1] if own else self.seen(name)

    def visible(self) -> dict[str, Entry]:
        """Return what a listing shows, by name."""
        return {entry.name: entry for entry in sorted(self, key=_rank)}

    def replaced_by(self, opened_at: float, name: str) -> list[Entry]:
        """Return idle partials of that name that nobody wrote to since a newer file of that name was begun."""
        return [
            entry
            for entry in self.named(name)
            if entry.is_idle and not entry.is_complete and entry.last_write_at < opened_at
        ]

    def smaller_twins(self, name: str) -> list[Entry]:
        """Rule U3: return the partials of that name but for the largest."""
        partials = [entry for entry in self.named(name) if entry.is_idle and not entry.is_complete]
        return sorted(partials, key=lambda entry: entry.size_bytes)[:-1]

    @property
    def running(self) -> int:
        """How many are being written or stored."""
        return sum(not entry.is_idle for entry in self._by_uid.values())


def _rank(entry: Entry) -> tuple[bool, float, datetime]:
    return (not entry.is_idle, entry.opened_at, entry.changed_at)
