"""Names that say that a file is not ready, or that no import can use (rule U5)."""

import asyncio

import asyncssh
import pytest

from tests.integration.server.conftest import Start
from tests.integration.server.world import World, eventually


async def put(sftp: asyncssh.SFTPClient, path: str, content: bytes = b"content") -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


@pytest.mark.parametrize("name", ["users.csv.filepart", ".users.csv", "~users.csv", "users.csv.TMP"])
async def test_u05_a_temporary_name_is_taken_when_it_is_renamed(world: World, name: str) -> None:
    async with world.sftp() as sftp:
        await put(sftp, f"/local/{name}")
        assert world.names() == []
        assert await sftp.listdir("/local") == [".", "..", name]
        await sftp.rename(f"/local/{name}", "/local/users.csv")
        assert world.names() == ["users.csv"]
        assert world.bytes_of() == b"content"
        assert (await sftp.stat("/local/users.csv")).size == 7
        assert not await sftp.exists(f"/local/{name}")


async def test_u05_posix_rename_is_a_rename(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp, "/local/users.csv.tmp")
        await sftp.posix_rename("/local/users.csv.tmp", "/local/users.csv")
    assert world.names() == ["users.csv"]


async def test_u05_another_session_may_rename_even_after_a_restart(start: Start) -> None:
    async with start() as world, world.sftp() as sftp:
        await put(sftp, "/local/users.csv.tmp")
    async with start() as world, world.sftp() as sftp:
        assert (await sftp.stat("/local/users.csv.tmp")).size == 7
        await sftp.rename("/local/users.csv.tmp", "/local/users.csv")
        assert world.bytes_of() == b"content"


async def test_u05_a_rename_replaces_a_partial_or_temporary_file(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp, "/local/a.tmp", b"new")
        await put(sftp, "/local/b.tmp", b"old")
        await sftp.rename("/local/a.tmp", "/local/b.tmp")
        assert await sftp.listdir("/local") == [".", "..", "b.tmp"]
        async with sftp.open("/local/b.tmp", "r") as file:
            assert await file.read() == "new"


async def test_u05_a_broken_off_file_cannot_be_made_complete_by_its_name(world: World) -> None:
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open("/local/users.tmp", "wb")
    await file.write(b"half")
    connection.abort()
    await eventually(lambda: world.outcomes() == ["partial"])
    async with world.sftp() as other:
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"not complete.*\(U3\)$"):
            await other.rename("/local/users.tmp", "/local/users.csv")
        async with other.open("/local/users.tmp", "ab") as rest:
            await rest.write(b" and half", 4)
        await other.rename("/local/users.tmp", "/local/users.csv")
    assert world.bytes_of() == b"half and half"


async def test_u05_a_file_that_is_being_written_is_not_renamed(world: World) -> None:
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.tmp", "wb")
        await file.write(b"x")
        with pytest.raises(asyncssh.SFTPFailure, match=r"being written.*\(U5\)$"):
            await sftp.rename("/local/users.tmp", "/local/users.csv")
        await file.close()
        await sftp.rename("/local/users.tmp", "/local/users.csv")
    assert world.names() == ["users.csv"]


async def test_u05_two_sessions_with_one_temporary_name_each_rename_their_own(world: World) -> None:
    async with world.sftp() as one, world.sftp() as two:
        first = await one.open("/local/x.tmp", "wb")
        second = await two.open("/local/x.tmp", "wb")
        await first.write(b"first")
        await second.write(b"second")
        await first.close()
        await second.close()
        await one.rename("/local/x.tmp", "/local/one.csv")
        await two.rename("/local/x.tmp", "/local/two.csv")
    assert world.names() == ["one.csv", "two.csv"]
    assert [world.bytes_of(0), world.bytes_of(1)] == [b"first", b"second"]


async def test_u05_an_unusable_name_waits_for_its_rename(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp, "/local/users.xlsx")
        await put(sftp, "/local/teams.csv")
        assert world.names() == ["teams.csv"]
        await sftp.rename("/local/users.xlsx", "/local/users.csv")
        assert world.names() == ["teams.csv", "users.csv"]


async def test_u05_an_unusable_name_is_accepted_as_it_is_in_the_end(start: Start) -> None:
    async with start(unusable_name_wait_s=600) as world, world.sftp() as sftp:
        await put(sftp, "/local/users.xlsx")
        await put(sftp, "/local/removed.xlsx")
        await put(sftp, "/local/kept.tmp")
        await sftp.remove("/local/removed.xlsx")
        world.clock.move(601)
        keeping = asyncio.ensure_future(world.listener.housekeeping())
        await eventually(lambda: world.names() == ["users.xlsx"])
        keeping.cancel()
        assert "kept.tmp" in await sftp.listdir("/local")
