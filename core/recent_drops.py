"""Drops that were accepted lately, as a daemon that starts anew must know them (rules U4, U9); no disk, no SQL here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)  # of which uploads are counted (U9)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentDrop:
    """One drop that a client sent, whether it was filed meanwhile or not."""

    org_id: str
    uid: str
    name: str
    size_bytes: int
    accepted_at: datetime
    withdrawn: bool = False  # by its sender: the name answers no more


def by_organization(*sources: Iterable[RecentDrop]) -> dict[str, list[RecentDrop]]:
    """Return each drop once, by organization, the oldest first; of several sources the last knows best."""
    drops = {drop.uid: drop for source in sources for drop in source}
    found: dict[str, list[RecentDrop]] = {}
    for drop in sorted(drops.values(), key=lambda drop: drop.accepted_at):
        found.setdefault(drop.org_id, []).append(drop)
    return found
