"""What nobody came back for: old partials and temporary files go, unusable names are accepted (rules U3, U5)."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from enum import Enum

import structlog

from core.filled_folders import FilledFolders
from core.names import NameKind
from core.settings import Settings
from server.entries import Entry
from server.grounds import Grounds

log = structlog.get_logger()

LONGEST_PAUSE_S = 30.0
SHORTEST_PAUSE_S = 0.2


class Step(Enum):
    """What is to do with an upload that is not accepted."""

    LEAVE = "leave"
    REMOVE = "remove"
    ACCEPT = "accept"


def step_for(entry: Entry, settings: Settings, *, now: datetime) -> Step:
    """Rules U3, U5: decide by name, completeness and age."""
    if not entry.is_idle:
        return Step.LEAVE
    age = now - entry.changed_at
    if entry.is_complete and entry.kind is NameKind.UNUSABLE:
        return Step.ACCEPT if age >= timedelta(seconds=settings.unusable_name_wait_s) else Step.LEAVE
    return Step.REMOVE if age >= timedelta(seconds=settings.partial_keep_s) else Step.LEAVE


def pause_s(settings: Settings) -> float:
    """Return the time between rounds: a tenth of the shortest time that is to be kept."""
    shortest = min(settings.partial_keep_s, settings.unusable_name_wait_s)
    return min(max(shortest / 10, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)


async def keep_house(grounds: Grounds) -> None:
    """Look after all organizations now and then, until cancelled; one organization's trouble does not stop it."""
    filled = FilledFolders(grounds.inbox)
    while True:
        for org_id in await grounds.threads.quick.run(filled.incoming):
            try:
                await _whole(tidy(grounds, org_id))
            except Exception:  # the next round may succeed, and other organizations wait
                log.exception("housekeeping.failed", org=org_id)
        await asyncio.sleep(pause_s(grounds.settings))


async def tidy(grounds: Grounds, org_id: str) -> None:
    """Look after one organization once."""
    view = await grounds.view(org_id)
    before = grounds.clock.now() - timedelta(seconds=grounds.settings.partial_keep_s)
    await grounds.threads.quick.run(grounds.inbox.discard_torn, org_id, before=before)
    for entry in view.folder.shelf.entries:
        match step_for(entry, grounds.settings, now=grounds.clock.now()):
            case Step.REMOVE:
                await view.folder.discard_old(entry)
            case Step.ACCEPT:
                await view.folder.accept_unusable(entry)


async def _whole(work: Coroutine[None, None, None]) -> None:
    """Let the work end before a cancellation does: half a step would leave an upload that nobody can touch."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is not None:
            log.error("housekeeping.failed", exc_info=task.exception())  # noqa: TRY400  # the task's error, not this one
        raise
