"""Which organizations have something in a folder, and all their folders made at once: cheap with thousands of them.

All functions block on the disk: call them in a thread.
"""

from collections.abc import Iterable

from core.durable import subfolders, sync_filesystem
from core.empty_folders import EmptyFolders
from core.inbox import FOLDER_MODE, Inbox


class FilledFolders:
    """Looks into `queue/`, `incoming/` and `local/` of all organizations; what is known to be empty costs a stat."""

    def __init__(self, inbox: Inbox, empty: EmptyFolders | None = None) -> None:
        self._inbox = inbox
        self._empty = empty or EmptyFolders()

    def queues(self, org_ids: Iterable[str]) -> list[str]:
        """Return those of the organizations that have something in their queue."""
        return [org_id for org_id in self._with_entries("queue", org_ids) if self._inbox.queued_uids(org_id)]

    def incoming(self) -> list[str]:
        """Return the organizations that have something in `incoming/`, removed and disabled ones included."""
        return self._with_entries("incoming", self._inbox.org_ids())

    def local(self, org_ids: Iterable[str]) -> list[str]:
        """Return those of the organizations that have something in `local/`, or no such folder."""
        return self._with_entries("local", org_ids)

    def _with_entries(self, name: str, org_ids: Iterable[str]) -> list[str]:
        ids = list(org_ids)
        above = self._inbox.above
        found = self._empty.have_entries([f"{above}/{org_id}/{name}" for org_id in ids])
        return [org_id for org_id, has_entries in zip(ids, found, strict=True) if has_entries]


def prepare_all(inbox: Inbox, org_ids: Iterable[str]) -> None:
    """Make what is missing of many organizations' folders; one sync makes all of it durable, and what was there.

    Three syncs for each, as `Inbox.prepare` does them for one, take minutes where there are thousands.
    """
    for org_id in org_ids:
        folders = inbox.folders(org_id)
        there = {folder.name for folder in subfolders(folders.root)}
        for folder in folders.all():
            if folder.name not in there:
                folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    sync_filesystem(inbox.above.parent)
