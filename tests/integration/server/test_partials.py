"""Uploads that broke off (rule U3)."""

import asyncio
import json
import shutil

import asyncssh
import pytest

from core.inbox import Origin
from tests.integration.server.conftest import Start
from tests.integration.server.world import World, eventually


async def broken_off(world: World, content: bytes, path: str = "/local/users.csv") -> None:
    """Write something and lose the connection."""
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open(path, "wb")
    await file.write(content)
    connection.abort()
    count = len(world.uploads)
    await eventually(lambda: len(world.uploads) > count)


async def test_u03_a_lost_connection_leaves_nothing_to_process(world: World) -> None:
    await broken_off(world, b"half")
    assert world.names() == []
    assert world.outcomes() == ["partial"]
    async with world.sftp() as sftp:
        assert await sftp.listdir("/local") == [".", "..", "users.csv"]
        assert (await sftp.stat("/local/users.csv")).size == 4


async def test_u03_a_channel_that_ends_in_good_order_does_not_close_files(world: World) -> None:
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"half")
    await eventually(lambda: world.outcomes() == ["partial"])
    assert world.names() == []


async def test_u03_a_partial_is_resumed_by_another_session(world: World) -> None:
    await broken_off(world, b"half")
    async with world.sftp() as sftp:
        size = (await sftp.stat("/local/users.csv")).size
        assert size == 4
        async with sftp.open("/local/users.csv", "ab") as file:
            await file.write(b" and half", size)
    assert world.bytes_of() == b"half and half"
    assert len(world.names()) == 1


async def test_u03_a_partial_is_resumed_by_a_write_at_its_end_without_truncation(world: World) -> None:
    await broken_off(world, b"half")
    flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT
    async with world.sftp() as sftp, sftp.open("/local/users.csv", flags, encoding=None) as file:
        await file.write(b" and half", 4)
    assert world.bytes_of() == b"half and half"


async def test_u03_a_partial_is_replaced_by_a_new_file(world: World) -> None:
    await broken_off(world, b"a long half")
    async with world.sftp() as sftp:
        async with sftp.open("/local/users.csv", "wb") as file:
            await file.write(b"whole")
        assert world.bytes_of() == b"whole"
    await eventually(lambda: not list(world.inbox.folders("007").incoming.iterdir()))


async def test_u03_a_partial_is_deleted_by_another_session(world: World) -> None:
    await broken_off(world, b"half")
    async with world.sftp() as sftp:
        await sftp.remove("/local/users.csv")
        assert await sftp.listdir("/local") == [".", ".."]
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/users.csv")
    assert not list(world.inbox.folders("007").incoming.iterdir())


async def test_u03_of_two_sessions_that_die_on_one_name_the_larger_stays(world: World) -> None:
    connections = [await world.connect() for _ in range(2)]
    for connection, content in zip(connections, (b"the larger", b"small"), strict=True):
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(content)
    for connection in reversed(connections):
        connection.abort()
    await eventually(lambda: len(world.uploads) == 2)
    async with world.sftp() as sftp:
        assert await sftp.listdir("/local") == [".", "..", "users.csv"]
        assert (await sftp.stat("/local/users.csv")).size == len(b"the larger")


async def test_u03_a_partial_counts_up_to_its_first_hole(world: World) -> None:
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    file = await sftp.open("/local/users.csv", "wb")
    await file.write(b"abcd", 0)
    await file.write(b"ijkl", 8)
    connection.abort()
    await eventually(lambda: world.outcomes() == ["partial"])
    async with world.sftp() as other:
        assert (await other.stat("/local/users.csv")).size == 4
        async with other.open("/local/users.csv", "ab") as rest:
            await rest.write(b"efgh", 4)
    assert world.bytes_of() == b"abcdefgh"


async def test_u03_a_partial_survives_a_restart(start: Start) -> None:
    async with start() as world:
        await broken_off(world, b"half")
    async with start() as world, world.sftp() as sftp:
        assert (await sftp.stat("/local/users.csv")).size == 4
        async with sftp.open("/local/users.csv", "ab") as file:
            await file.write(b" and half", 4)
        assert world.bytes_of() == b"half and half"


async def test_u03_what_a_killed_server_was_receiving_is_a_partial_afterwards(start: Start) -> None:
    async with start() as world:
        folders = world.inbox.prepare("007")
        origin = Origin(account="Mavericks_007", address="127.0.0.1", client="test")
        killed = world.inbox.begin(org_id="007", name="users.csv", origin=origin)
        killed.data.write_bytes(b"half")
        shuffled = world.inbox.begin(org_id="007", name="teams.csv", origin=origin)
        shuffled.data.write_bytes(b"\0\0\0\0half")
        world.inbox.note(shuffled, in_order=False)
        other_boot = world.inbox.begin(org_id="007", name="other.csv", origin=origin)
        other_boot.data.write_bytes(b"half")
        world.inbox.note(other_boot, boot="another start of the machine")
        assert len(list(folders.incoming.iterdir())) == 3
    async with start() as world, world.sftp() as sftp:
        sizes = {name.filename: name.attrs.size for name in await sftp.readdir("/local")}
        assert sizes["users.csv"] == 4
        assert sizes["teams.csv"] == 0
        assert sizes["other.csv"] == 0
        assert world.names() == []
        async with sftp.open("/local/other.csv", "ab") as file:
            await file.write(b"ok")
        assert world.bytes_of() == b"ok"


async def test_u03_an_idle_handle_yields_to_a_session_that_opens_the_name_again(start: Start) -> None:
    async with start(idle_handle_s=0.05) as world, world.sftp() as one, world.sftp() as two:
        first = await one.open("/local/users.csv", "wb")
        await first.write(b"half")
        await asyncio.sleep(0.1)
        async with two.open("/local/users.csv", "ab") as second:
            await second.write(b" and half", 4)
        assert world.bytes_of() == b"half and half"
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"took this file over.*\(U3\)$"):
            await first.write(b"?", 4)
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"took this file over"):
            await first.close()
        assert world.names() == ["users.csv"]


async def test_u03_partials_are_removed_in_time(start: Start) -> None:
    async with start(partial_keep_s=3600) as world:
        await broken_off(world, b"half")
        keeping = asyncio.ensure_future(world.listener.housekeeping())
        await asyncio.sleep(0.3)
        assert list(world.inbox.folders("007").incoming.iterdir())
        keeping.cancel()
        world.clock.move(3601)
        keeping = asyncio.ensure_future(world.listener.housekeeping())
        await eventually(lambda: not list(world.inbox.folders("007").incoming.iterdir()))
        keeping.cancel()
        async with world.sftp() as sftp:
            assert await sftp.listdir("/local") == [".", ".."]
        assert world.names() == []


async def test_u03_a_silent_client_is_noticed_by_keepalives(start: Start) -> None:
    async with start(keepalive_interval_s=0.1) as world:
        connection = await world.connect()
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"half")
        transport = connection._transport  # what a cut cable looks like: nothing is read any more
        assert transport is not None
        transport.pause_reading()
        await eventually(lambda: world.outcomes() == ["partial"])
        connection.abort()


async def test_u03_a_partial_that_grew_meanwhile_is_not_resumed_at_the_old_place(world: World) -> None:
    await broken_off(world, b"0123456789")
    flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_APPEND
    async with world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", flags, encoding=None)
        with pytest.raises(asyncssh.SFTPFailure, match=r"has 10 bytes"):
            await file._handler.write(file.handle, 4, b"4567")
        with pytest.raises(asyncssh.SFTPFailure, match=r"has 10 bytes"):
            await file.close()
        assert (await sftp.stat("/local/users.csv")).size == 10


async def test_u02_u03_a_client_that_does_not_wait_for_the_answer_was_not_told(world: World) -> None:
    async with await world.connect() as connection:
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"whole")
        closing = asyncio.ensure_future(file.close())
        await asyncio.sleep(0)  # the request is sent
        writer = sftp._handler._writer
        assert writer is not None
        writer.channel.abort()
        await eventually(lambda: world.uploads)
        await asyncio.gather(closing, return_exceptions=True)
    assert world.outcomes() == ["partial"]
    assert world.names() == []
    async with world.sftp() as other:
        assert (await other.stat("/local/users.csv")).size == 5


async def test_u03_what_a_full_disk_left_without_a_name_is_removed_in_time(world: World) -> None:
    torn = world.inbox.prepare("007").incoming / "0123456789abcdef"
    torn.mkdir()
    keeping = asyncio.ensure_future(world.listener.housekeeping())
    await asyncio.sleep(0.2)
    keeping.cancel()
    assert torn.exists()
    world.clock.move(world.settings.partial_keep_s + 1)
    keeping = asyncio.ensure_future(world.listener.housekeeping())
    await eventually(lambda: not torn.exists())
    keeping.cancel()


async def test_u03_a_partial_that_an_operator_removed_is_gone_for_new_sessions(world: World) -> None:
    await broken_off(world, b"half")
    for folder in world.inbox.folders("007").incoming.iterdir():
        shutil.rmtree(folder)
    async with world.sftp() as sftp:
        assert await sftp.listdir("/local") == [".", ".."]
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.stat("/local/users.csv")


@pytest.mark.parametrize("name", ["users.csv", "users.csv.tmp"])
@pytest.mark.parametrize("dies_first", [True, False])
async def test_u03_a_stalled_upload_that_was_sent_again_leaves_no_partial(
    world: World, name: str, dies_first: bool
) -> None:
    stalled = await world.connect()
    file = await (await stalled.start_sftp_client()).open(f"/local/{name}", "wb")
    await file.write(b"stalled")
    async with world.sftp() as sftp:
        again = await sftp.open(f"/local/{name}", "wb")
        await again.write(b"whole")
        if dies_first:
            stalled.abort()
            await eventually(lambda: world.outcomes() == ["partial"])
        await again.close()
        stalled.abort()
        left = 0 if name.endswith(".csv") else 1
        await eventually(lambda: world.listener.sessions == 1)
        await eventually(lambda: len(list(world.inbox.folders("007").incoming.iterdir())) == left)
        assert (await sftp.stat(f"/local/{name}")).size == len(b"whole")


async def test_u03_an_upload_that_was_still_being_written_is_kept(world: World) -> None:
    first = await world.connect()
    file = await (await first.start_sftp_client()).open("/local/users.csv", "wb")
    await file.write(b"first")
    async with world.sftp() as sftp:
        again = await sftp.open("/local/users.csv", "wb")
        await again.write(b"second")
        await file.write(b" goes on", 5)
        await again.close()
        first.abort()
        await eventually(lambda: world.outcomes() == ["accepted", "partial"])
        assert (await sftp.stat("/local/users.csv")).size == len(b"first goes on")


async def test_u03_what_others_are_about_to_move_is_none_of_the_clients(world: World) -> None:
    world.inbox.prepare("007")
    world.inbox.begin(org_id="007", name="copied.csv", origin=Origin(account="local folder"))
    async with world.sftp() as sftp:
        assert await sftp.listdir("/local") == [".", ".."]
    world.clock.move(world.settings.partial_keep_s + 1)
    keeping = asyncio.ensure_future(world.listener.housekeeping())
    await asyncio.sleep(0.3)
    keeping.cancel()
    assert len(list(world.inbox.folders("007").incoming.iterdir())) == 1


async def test_u03_a_killed_server_does_not_count_bytes_that_were_written_in_no_order(start: Start) -> None:
    async with start() as world, world.sftp() as sftp:
        file = await sftp.open("/local/users.csv", "wb")
        await file.write(b"1234", 4)
        (folder,) = world.inbox.folders("007").incoming.iterdir()
        assert json.loads((folder / "meta.json").read_bytes())["in_order"] is False


async def test_u03_a_close_and_a_session_that_takes_over_never_both_have_the_file(start: Start) -> None:
    content = b"User Email\n" + b"ann@x.example\n" * 20_000

    async def close(file: asyncssh.SFTPClientFile, steps: int) -> str:
        for _ in range(steps):
            await asyncio.sleep(0)
        try:
            await file.close()
        except asyncssh.SFTPError as exc:
            return str(exc)
        return "OK"

    async def take_over(sftp: asyncssh.SFTPClient, name: str) -> str:
        try:
            async with sftp.open(name, "r+b") as file:
                await file.write(b"bob@x.example\n", len(content))
        except asyncssh.SFTPError as exc:
            return str(exc)
        return "OK"

    async with start(idle_handle_s=0) as world, world.sftp() as one, world.sftp() as other:
        for number in range(30):
            name = f"/local/users{number}.csv"
            file = await one.open(name, "wb")
            await file.write(content)
            said = await asyncio.gather(close(file, number // 2), take_over(other, name))
            assert "OK" in said, said
        for drop in world.inbox.queue("007"):
            assert drop.data.stat().st_size == drop.meta.size_bytes
            assert drop.data.read_bytes().startswith(content)
