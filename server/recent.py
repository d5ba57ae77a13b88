"""What clients sent before this process started, gathered once at the start (rules U4, U9)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from core.clock import from_text
from core.inbox import Inbox
from core.recent_drops import HOUR, RecentDrop, by_organization
from core.settings import Settings

# The drops of clients accepted since then that have an import, filed or not.
RecentlyTaken = Callable[[datetime], Awaitable[Collection[RecentDrop]]]


async def load_recent(
    *, inbox: Inbox, settings: Settings, now: datetime, recently_taken: RecentlyTaken
) -> dict[str, list[RecentDrop]]:
    """Return them by organization, oldest first, each once.

    The queue is read first: what leaves it meanwhile has its import before.
    """
    since = now - max(HOUR, timedelta(seconds=settings.taken_names_s))
    queued = await asyncio.to_thread(_queued, inbox, since)
    return by_organization(queued, await recently_taken(since))


def _queued(inbox: Inbox, since: datetime) -> list[RecentDrop]:
    found = []
    for org_id in inbox.org_ids():
        for drop in inbox.queue(org_id):
            accepted_at = from_text(drop.meta.accepted_at or drop.meta.started_at)
            # Only clients have an address.
            if accepted_at >= since and drop.meta.origin.address is not None:
                found.append(
                    RecentDrop(
                        org_id=org_id,
                        uid=drop.meta.uid,
                        name=drop.meta.name,
                        size_bytes=drop.meta.size_bytes,
                        accepted_at=accepted_at,
                    )
                )
    return found
