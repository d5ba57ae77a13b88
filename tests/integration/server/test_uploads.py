"""When a file is accepted, and what a client is told of it (rule U2)."""

import asyncio

import asyncssh
import pytest

from tests.integration.server.conftest import Start
from tests.integration.server.world import World


async def test_u02_a_file_is_in_the_queue_when_its_close_was_answered(world: World) -> None:
    async with world.sftp() as sftp:
        async with sftp.open("/local/users.csv", "wb") as file:
            await file.write(b"User Email\n")
            assert world.names() == []
        assert world.names() == ["users.csv"]
        assert world.bytes_of() == b"User Email\n"
    drop = world.inbox.queue("007")[0]
    assert drop.meta.origin.account == "Mavericks_007"
    assert drop.meta.origin.address == "127.0.0.1"
    assert (drop.meta.origin.client or "").startswith("AsyncSSH")
    assert drop.meta.size_bytes == 11
    assert world.outcomes() == ["accepted"]


async def test_u02_a_file_of_many_writes_arrives_whole(world: World) -> None:
    content = bytes(range(256)) * 40_000
    async with world.sftp() as sftp, sftp.open("/local/users.csv", "wb") as file:
        await file.write(content)
    assert world.bytes_of() == content


async def test_u02_writes_in_any_order_make_one_file(world: World) -> None:
    async with world.sftp() as sftp, sftp.open("/local/users.csv", "wb") as file:
        for offset in (8, 0, 4):
            await file.write(b"%04d" % offset, offset)
    assert world.bytes_of() == b"000000040008"


async def test_u02_a_hole_refuses_the_close_and_leaves_the_unbroken_part(world: World) -> None:
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"abcd", 0)
        await file.write(b"ijkl", 8)
        with pytest.raises(asyncssh.SFTPFailure, match=r"hole behind byte 4 .*\(U2\)$"):
            await file.close()
        assert (await sftp.stat("/local/users.csv")).size == 4
    assert world.names() == []
    assert world.outcomes() == ["partial"]


async def test_u02_u09_a_refused_write_refuses_the_close_and_drops_the_file(start: Start) -> None:
    async with start(max_file_size_bytes=10) as world, world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"0123456789")
        with pytest.raises(asyncssh.SFTPFailure, match=r"^The file is too large.*\(U9\)$"):
            await file.write(b"x", 10)
        with pytest.raises(asyncssh.SFTPFailure, match=r"too large"):
            await file.write(b"x", 5)
        with pytest.raises(asyncssh.SFTPFailure, match=r"too large"):
            await file.close()
        assert world.names() == []
        assert not await sftp.exists("/local/users.csv")
        assert world.outcomes() == ["refused"]


async def test_u02_a_disk_that_fails_at_close_drops_the_file(world: World) -> None:
    world.inbox.lost = True
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"x")
        with pytest.raises(asyncssh.SFTPFailure, match=r"Input/output error.*\(U2\)$"):
            await file.close()
        assert await sftp.listdir("/local") == [".", ".."]
        world.inbox.lost = False
        async with sftp.open("/local/users.csv", "wb") as again:
            await again.write(b"y")
    assert [world.bytes_of()] == [b"y"]
    assert world.fatal == []


async def test_u02_a_queue_that_fails_ends_the_service(world: World) -> None:
    world.inbox.broken = True
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"x")
        with pytest.raises(asyncssh.SFTPFailure):
            await file.close()
    assert len(world.fatal) == 1


async def test_u06_the_same_name_twice_gives_two_drops(world: World) -> None:
    async with world.sftp() as sftp:
        for content in (b"first", b"second"):
            async with sftp.open("/local/users.csv", "wb") as file:
                await file.write(content)
    assert world.names() == ["users.csv", "users.csv"]
    assert [world.bytes_of(0), world.bytes_of(1)] == [b"first", b"second"]


async def test_u06_two_that_write_one_name_at_once_both_arrive_whole(world: World) -> None:
    async with world.sftp() as one, world.sftp() as two:
        first = await one.open("/local/users.csv", "wb")
        await first.write(b"first")
        second = await two.open("/local/users.csv", "wb")
        await second.write(b"second")
        await first.write(b"!", 5)
        await asyncio.gather(first.close(), second.close())
    assert sorted([world.bytes_of(0), world.bytes_of(1)]) == [b"first!", b"second"]


async def test_u06_a_second_open_without_truncation_is_refused(world: World) -> None:
    async with world.sftp() as one, world.sftp() as two:
        first = await one.open("/local/users.csv", "wb")
        await first.write(b"first")
        with pytest.raises(asyncssh.SFTPFailure, match=r"being written.*\(U6\)$"):
            await two.open("/local/users.csv", "ab")
        await first.close()
    assert world.bytes_of() == b"first"


async def test_u06_an_exclusive_open_is_refused_where_a_file_is(world: World) -> None:
    flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_EXCL
    (world.inbox.prepare("007").local / "copied.csv").write_bytes(b"copied")
    async with world.sftp() as sftp:
        async with sftp.open("/local/users.tmp", flags, encoding=None) as file:
            await file.write(b"x")
        for name in ("users.tmp", "copied.csv"):
            with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"already \(U6\)$"):
                await sftp.open(f"/local/{name}", flags)


async def test_u06_an_open_that_makes_nothing_finds_nothing(world: World) -> None:
    async with world.sftp() as sftp:
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.open("/local/users.csv", asyncssh.FXF_WRITE)
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.open("/local/users.csv", asyncssh.FXF_WRITE | asyncssh.FXF_TRUNC)


async def test_u02_nobody_cuts_a_file_whose_close_is_being_answered(world: World) -> None:
    content = b"User Email\n" + b"ann@x.example\n" * 200_000

    async def cut(sftp: asyncssh.SFTPClient, name: str, steps: int) -> None:
        for _ in range(steps):  # some turns of the loop later each time
            await asyncio.sleep(0)
        await sftp.truncate(name, 25)

    async with world.sftp() as one, world.sftp() as other:
        for number in range(30):
            name = f"/local/users{number}.csv"
            file = await one.open(name, "wb")
            await file.write(content)
            await asyncio.gather(file.close(), cut(other, name, 2 * number), return_exceptions=True)
    for drop in world.inbox.queue("007"):
        assert drop.data.stat().st_size == drop.meta.size_bytes
