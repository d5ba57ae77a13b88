"""The login guard and the database: what is written, lifted, forgotten, and kept when the database fails (A2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from core import bans_store
from core.database import Database
from server.guard_keeper import load_guard
from tests.integration.server.world import World

HERE = "203.0.113.7"


async def test_a02_lifts_by_command_are_obeyed_and_old_known_addresses_forgotten(world: World) -> None:
    guard, keeper = await load_guard(database=world.database, settings=world.settings, clock=world.clock)
    for _ in range(10):
        guard.failed(HERE, "Mavericks_007", world.clock.now(), is_account=True)
    guard.succeeded("198.51.100.1", "Falcons_1", world.clock.now())
    await keeper.look()
    async with world.database.writing() as connection:
        assert [record.key.address for record in await bans_store.banned(connection, world.clock.now())] == [
            HERE
        ]
        assert await bans_store.lift(connection, HERE, now=world.clock.now()) == 1
    assert guard.refusal(HERE, None, world.clock.now()) is not None
    await keeper.look()
    assert guard.refusal(HERE, None, world.clock.now()) is None
    world.clock.move(timedelta(days=31).total_seconds())
    await keeper.forget()
    async with world.database.reading() as connection:
        assert not await bans_store.known_since(connection, world.clock.now() - timedelta(days=365))


class DeadDatabase(Database):
    """A database that cannot be written: failures are data."""

    dead = True

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        if self.dead:
            raise OSError("disk I/O error")
        async with super().writing() as connection:
            yield connection


async def test_a02_a_database_that_fails_loses_no_count(world: World) -> None:
    dead = DeadDatabase(path=world.database.path)
    guard, keeper = await load_guard(database=dead, settings=world.settings, clock=world.clock)
    guard.failed(HERE, "Mavericks_007", world.clock.now(), is_account=True)
    with pytest.raises(OSError, match="disk"):
        await keeper.write()
    await dead.close()
    assert {record.key.address for record in guard.take_changes().saved} == {HERE, ""}
