"""What waits in an organization's queue, each drop read once: a queue may hold thousands until its schedule's time."""

from core.inbox import Drop, Inbox


class QueuedDrops:
    """Remembers drops as long as they lie in the queue; their meta data never changes there."""

    def __init__(self, *, inbox: Inbox, org_id: str) -> None:
        self._inbox = inbox
        self._org_id = org_id
        self._known: dict[str, Drop] = {}

    def read(self) -> list[Drop]:
        """Return the drops in the order of acceptance (U7)."""
        known = self._known
        new = {drop.meta.uid: drop for drop in self._inbox.queue(self._org_id, without=known)}
        both = known | new
        self._known = {uid: both[uid] for uid in self._inbox.queued_uids(self._org_id) if uid in both}
        return list(self._known.values())

    def named(self, name: str) -> list[Drop]:
        """Return those of one name."""
        return [drop for drop in self.read() if drop.meta.name == name]
