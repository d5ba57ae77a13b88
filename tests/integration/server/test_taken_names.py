"""A name that was just taken keeps answering (rule U4)."""

from itertools import pairwise

import asyncssh
import pytest

from tests.integration.server.conftest import Start
from tests.integration.server.world import World


async def put(sftp: asyncssh.SFTPClient, path: str = "/local/users.csv", content: bytes = b"content") -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(content)


async def test_u04_stat_answers_all_sessions_for_five_minutes(world: World) -> None:
    async with world.sftp() as other, world.sftp() as sftp:
        await put(sftp)
        attributes = await sftp.stat("/local/users.csv")
        assert attributes.size == 7
        assert abs((attributes.mtime or 0) - world.clock.now().timestamp()) < 5
        assert (await sftp.lstat("/local/users.csv")).size == 7
        assert await sftp.listdir("/local") == [".", "..", "users.csv"]
        assert await other.listdir("/local") == [".", ".."]
        assert (await other.stat("/local/users.csv")).size == 7
        world.clock.move(301)
        assert (await sftp.stat("/local/users.csv")).size == 7
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await other.stat("/local/users.csv")
    async with world.sftp() as later:
        assert await later.listdir("/local") == [".", ".."]


async def test_u04_setting_times_mode_and_owner_succeeds_and_a_size_does_not(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp)
        await sftp.utime("/local/users.csv", (1, 2))
        await sftp.chmod("/local/users.csv", 0o600)
        await sftp.chown("/local/users.csv", 1, 1)
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"\(U4\)$"):
            await sftp.truncate("/local/users.csv", 1)
        assert (await sftp.stat("/local/users.csv")).permissions == 0o100644
    assert world.bytes_of() == b"content"


async def test_u04_times_that_are_set_before_the_close_are_told_after_it(world: World) -> None:
    async with world.sftp() as sftp:
        async with sftp.open("/local/users.csv", "wb") as file:
            await file.write(b"x")
            await file.utime((1000, 1000))
        assert (await sftp.stat("/local/users.csv")).mtime == 1000


async def test_u04_remove_ends_the_answering_and_leaves_the_drop(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp)
        await sftp.remove("/local/users.csv")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/users.csv")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.remove("/local/users.csv")
    assert world.names() == ["users.csv"]
    assert world.withdrawn == [("007", world.inbox.queue("007")[0].meta.uid)]


async def test_u04_rename_lets_the_new_name_answer_and_makes_no_second_drop(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp)
        await sftp.rename("/local/users.csv", "/local/users-sent.csv")
        assert (await sftp.stat("/local/users-sent.csv")).size == 7
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/users.csv")
    assert world.names() == ["users.csv"]


async def test_u04_reading_a_taken_name_finds_nothing(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp)
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.open("/local/users.csv", "rb")


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b"])
async def test_u04_writing_to_a_taken_name_starts_a_new_empty_file(world: World, mode: str) -> None:
    flags = {
        "wb": asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC,
        "ab": asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_APPEND,
        "r+b": asyncssh.FXF_WRITE,
    }[mode]
    async with world.sftp() as sftp:
        await put(sftp)
        async with sftp.open("/local/users.csv", flags, encoding=None) as file:
            assert (await sftp.stat("/local/users.csv")).size == 0
            await file.write(b"2nd", 0)
    assert world.names() == ["users.csv", "users.csv"]
    assert [world.bytes_of(0), world.bytes_of(1)] == [b"content", b"2nd"]


async def test_u04_a_waiting_drop_is_listed_for_all_until_it_is_withdrawn(start: Start) -> None:
    async with start() as world:
        async with world.sftp() as sftp:
            await put(sftp)
        uid = world.inbox.queue("007")[0].meta.uid
        world.waiting.add(uid)
        world.clock.move(1000)
        async with world.sftp() as sftp:
            assert await sftp.listdir("/local") == [".", "..", "users.csv"]
            assert (await sftp.stat("/local/users.csv")).size == 7
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await sftp.open("/local/users.csv", "rb")
            await sftp.remove("/local/users.csv")
            assert await sftp.listdir("/local") == [".", ".."]
        assert world.withdrawn == [("007", uid)]


async def test_u04_a_waiting_drop_answers_to_its_last_names_only(world: World) -> None:
    async with world.sftp() as sftp:
        await put(sftp)
        world.waiting.add(world.inbox.queue("007")[0].meta.uid)
        for number in range(20):
            await sftp.rename("/local/users.csv", f"/local/name{number}.csv")
        listed = set(await sftp.listdir("/local")) - {".", ".."}
        assert listed == {"users.csv", *(f"name{number}.csv" for number in range(16, 20))}
        assert (await sftp.stat("/local/name19.csv")).size == 7
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/name0.csv")
    assert world.names() == ["users.csv"]


@pytest.mark.parametrize("waits", [True, False])
async def test_u09_a_drop_is_renamed_a_number_of_times(world: World, waits: bool) -> None:
    async with world.sftp() as sftp:
        await put(sftp)
        if waits:
            world.waiting.add(world.inbox.queue("007")[0].meta.uid)
        names = ["users.csv", *(f"name{number}.csv" for number in range(101))]
        pairs = list(pairwise(names))
        for old, new in pairs[:100]:
            await sftp.rename(f"/local/{old}", f"/local/{new}")
        old, new = pairs[100]
        with pytest.raises(asyncssh.SFTPFailure, match=r"changed 100 times.*\(U9\)$"):
            await sftp.rename(f"/local/{old}", f"/local/{new}")
        assert (await sftp.stat(f"/local/{old}")).size == 7


async def test_u04_u03_a_taken_file_is_not_resumed_by_appending_to_nothing(world: World) -> None:
    flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_APPEND
    async with world.sftp() as sftp:
        await put(sftp)
        file = await sftp.open("/local/users.csv", flags, encoding=None)
        with pytest.raises(asyncssh.SFTPFailure, match=r"cannot be resumed at 7.*\(U3\)$"):
            await file._handler.write(file.handle, 7, b"more")
        with pytest.raises(asyncssh.SFTPFailure, match=r"cannot be resumed at 7"):
            await file.close()
    assert world.names() == ["users.csv"]
    assert world.bytes_of() == b"content"
    assert not list(world.inbox.folders("007").incoming.iterdir())


async def test_u04_a_name_answers_after_a_restart_while_its_drop_waits(start: Start) -> None:
    async with start() as world, world.sftp() as sftp:
        await put(sftp)
    async with start() as world, world.sftp() as sftp:
        assert (await sftp.stat("/local/users.csv")).size == 7
        assert await sftp.listdir("/local") == [".", ".."]
        world.clock.move(301)
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/users.csv")
