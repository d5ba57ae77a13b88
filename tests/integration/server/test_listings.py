"""Folders with very many files: what a listing costs, and that each is given back (rules U9, U10)."""

import asyncio
import os
import tracemalloc

import asyncssh

from tests.integration.server.world import World, eventually

FILES = 3_000
FEW = 32  # what a session may have open


def descriptors(world: World) -> int:
    """How many folders of the organization this process has open."""
    found = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{number}") == str(world.folder() / "archive")
        except FileNotFoundError:
            continue
    return found


def fill(world: World) -> set[str]:
    archive = world.inbox.prepare("007").archive
    names = {f"{number:05d}-users.csv" for number in range(FILES)}
    for name in names:
        (archive / name).touch()
    return names


async def test_u10_a_long_listing_has_each_name_once(world: World) -> None:
    names = fill(world)
    async with world.sftp() as sftp:
        listed = await sftp.listdir("/archive")
        assert sorted(listed) == sorted([".", "..", *names])
        await eventually(lambda: descriptors(world) == 0)


async def test_u09_open_listings_take_no_memory_for_the_files_that_are_there(world: World) -> None:
    fill(world)
    async with world.sftp() as sftp:
        await sftp.listdir("/archive")  # what is made once is made
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(FEW):
                handle = await sftp._handler.opendir(b"/archive")
                await sftp._handler.readdir(handle)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert descriptors(world) >= FEW
        assert after - before < FEW * FILES * 100, "far less than a name and its attributes for each"
    await eventually(lambda: descriptors(world) == 0)


async def test_u09_a_lost_session_gives_its_listings_back(world: World) -> None:
    fill(world)
    connection = await world.connect()
    sftp = await connection.start_sftp_client()
    for _ in range(FEW):
        await sftp._handler.opendir(b"/archive")
    assert descriptors(world) >= FEW
    connection.abort()
    await eventually(lambda: descriptors(world) == 0)


async def test_u10_files_that_go_while_they_are_listed_are_left_out(world: World) -> None:
    fill(world)
    archive = world.folder() / "archive"
    async with world.sftp() as sftp:
        handle = await sftp._handler.opendir(b"/archive")
        seen = [*(await sftp._handler.readdir(handle))[0]]
        for path in archive.iterdir():
            path.unlink()
        try:
            while True:
                seen += (await sftp._handler.readdir(handle))[0]
                await asyncio.sleep(0)
        except asyncssh.SFTPEOFError:
            pass
        assert len(seen) < FILES
