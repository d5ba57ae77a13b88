"""Limits of one organization, and what is known of an hour after a restart (rules U4, U9)."""

import shutil
from dataclasses import replace
from datetime import timedelta

import asyncssh
import pytest

from core.clock import from_text
from core.recent_drops import RecentDrop
from tests.integration.server.conftest import Start
from tests.integration.server.world import World

MIB = 1 << 20
PIECE = b"x" * (MIB // 2)


async def put(sftp: asyncssh.SFTPClient, content: bytes = b"content", name: str = "users.csv") -> None:
    async with sftp.open(f"/local/{name}", "wb") as file:
        await file.write(content)


def filed(world: World) -> list[RecentDrop]:
    """Take all drops out of the queue, as if they were imported and filed; return what their imports tell."""
    found = []
    for drop in world.inbox.queue("007"):
        assert drop.meta.accepted_at is not None
        found.append(
            RecentDrop(
                org_id="007",
                uid=drop.meta.uid,
                name=drop.meta.name,
                size_bytes=drop.meta.size_bytes,
                accepted_at=from_text(drop.meta.accepted_at),
            )
        )
        shutil.rmtree(drop.folder)
    return found


async def test_u09_an_organization_has_a_smaller_file_of_its_own(world: World) -> None:
    await world.add("008", "Goose")
    await world.set(max_file_mib=1)
    async with world.sftp() as sftp, world.sftp("Goose_008") as other:
        with pytest.raises(asyncssh.SFTPFailure, match=r"^The file is too large: at most 1 MiB .*\(U9\)$"):
            await put(sftp, PIECE * 3)
        await put(sftp, PIECE * 2)
        await put(other, PIECE * 3)
    assert len(world.names()) == len(world.names("008")) == 1


async def test_u09_no_organization_has_more_than_the_operator_allows(start: Start) -> None:
    async with start(max_file_size_bytes=MIB, org_space_bytes=4 * MIB, max_sessions_per_org=1) as world:
        await world.set(max_file_mib=100, max_space_mib=100, max_sessions=100)
        async with world.sftp() as sftp:
            with pytest.raises(asyncssh.SFTPFailure, match=r"^The file is too large: at most 1 MiB "):
                await put(sftp, PIECE * 3)
            assert (await sftp.statvfs("/local")).blocks == 4 * MIB // 4096
            with pytest.raises(asyncssh.DisconnectError, match=r"^Too many sessions.*\(U9\)"):
                await world.connect()


async def test_u09_an_organization_without_own_limits_has_the_operators(start: Start) -> None:
    async with start(max_sessions_per_org=21, org_space_bytes=60 << 30) as world, world.sftp() as sftp:
        assert (await sftp.statvfs("/local")).blocks == (60 << 30) // 4096
        connections = [await world.connect() for _ in range(20)]
        with pytest.raises(asyncssh.DisconnectError, match=r"^Too many sessions.*\(U9\)"):
            await world.connect()
        for connection in connections:
            connection.abort()


async def test_u09_an_organizations_space_counts_from_its_next_login_for_all_sessions(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp, PIECE)
        await world.set(max_space_mib=1, max_sessions=2)
        async with world.sftp():
            with pytest.raises(
                asyncssh.SFTPFailure, match=r"^No space left: your folder may hold 1 MiB \(U9\)$"
            ):
                await put(sftp, PIECE * 2)
            with pytest.raises(asyncssh.DisconnectError, match=r"^Too many sessions.*\(U9\)"):
                await world.connect()
        await world.set(max_space_mib="default", max_sessions="default")
        async with world.sftp():
            await put(sftp, PIECE * 2)


async def test_u09_the_uploads_of_an_hour_count_on_after_a_restart(start: Start) -> None:
    async with start(max_drops_per_hour=3) as world, world.sftp() as sftp:
        await put(sftp)
        taken = filed(world)
        await put(sftp)
    async with start(max_drops_per_hour=3, taken=taken) as world, world.sftp() as sftp:
        await put(sftp)
        with pytest.raises(asyncssh.SFTPFailure, match=r"^Too many uploads.*\(U9\)$"):
            await put(sftp)
        world.clock.move(3601)
        await put(sftp)


async def test_u09_a_drop_that_is_in_the_queue_and_has_an_import_counts_once(start: Start) -> None:
    async with start(max_drops_per_hour=2) as world, world.sftp() as sftp:
        await put(sftp)
        drop = world.inbox.queue("007")[0]
        taken = [
            RecentDrop(
                org_id="007",
                uid=drop.meta.uid,
                name=drop.meta.name,
                size_bytes=drop.meta.size_bytes,
                accepted_at=from_text(drop.meta.accepted_at or drop.meta.started_at),
            )
        ]
    async with start(max_drops_per_hour=2, taken=taken) as world, world.sftp() as sftp:
        await put(sftp)
        assert len(world.names()) == 2


async def test_u04_a_name_answers_after_a_restart_though_its_drop_was_filed(start: Start) -> None:
    async with start() as world, world.sftp() as sftp:
        await put(sftp)
        taken = filed(world)
    async with start(taken=taken) as world, world.sftp() as sftp:
        assert (await sftp.stat("/local/users.csv")).size == 7
        await sftp.utime("/local/users.csv", (1, 1))
        assert await sftp.listdir("/local") == [".", ".."]
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.open("/local/users.csv", "rb")
        world.clock.move(301)
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/users.csv")


async def test_u04_a_withdrawn_or_old_name_does_not_answer_after_a_restart(start: Start) -> None:
    async with start() as world, world.sftp() as sftp:
        await put(sftp)
        await put(sftp, name="old.csv")
        new, old = filed(world)
    taken = [
        replace(new, withdrawn=True),
        replace(old, accepted_at=old.accepted_at - timedelta(seconds=301)),
    ]
    async with start(taken=taken) as world, world.sftp() as sftp:
        for name in ("users.csv", "old.csv"):
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.stat(f"/local/{name}")
