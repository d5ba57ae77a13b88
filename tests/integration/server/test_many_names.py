"""Many unfinished files cost as much as they are, not their square (rule U3); calls are counted, not seconds."""

import cProfile
import pstats
from collections.abc import Awaitable

import pytest

from core.inbox import Origin
from server.local_view import LocalView
from server.visits import Visit
from tests.integration.server.world import World

FEW, MANY = 100, 400
ORIGIN = Origin(account="Mavericks_007", address="127.0.0.1", client="test")


def leave(world: World, org_id: str, count: int, *, each: int) -> None:
    """Unfinished files, as a killed server leaves them."""
    world.inbox.prepare(org_id)
    for number in range(count):
        for size in range(each):
            incoming = world.inbox.begin(org_id=org_id, name=f"users{number}.csv", origin=ORIGIN)
            incoming.data.write_bytes(b"x" * size)


async def ask_for_all(view: LocalView, visit: Visit, count: int) -> None:
    for number in range(count):
        name = f"users{number}.csv"
        await view.attributes(name, name.encode(), visit)


async def calls_of(work: Awaitable[object]) -> int:
    """How many functions were called in the loop."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        await work
    finally:
        profile.disable()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("each", [1, 2])
async def test_u03_many_unfinished_names_are_found_and_listed_without_going_through_all_for_each(
    world: World, each: int
) -> None:
    orgs = {"007": FEW, "008": MANY}
    finding: dict[str, int] = {}
    listing: dict[str, int] = {}
    asking: dict[str, int] = {}
    for org_id, count in orgs.items():
        leave(world, org_id, count, each=each)
        visit = Visit(number=1, org_id=org_id, account="A_1", address="127.0.0.1", client="test")
        finding[org_id] = await calls_of(world.listener._grounds.view(org_id))
        view = await world.listener._grounds.view(org_id)
        listing[org_id] = await calls_of(view.listing(visit))
        asking[org_id] = await calls_of(ask_for_all(view, visit, count))
        assert len(await view.listing(visit)) == count
    for calls in (finding, listing, asking):
        assert calls["008"] < 1.5 * (MANY / FEW) * calls["007"]
