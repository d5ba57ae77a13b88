"""What an organization sees, and that nothing leads out (rule U1)."""

import os
from pathlib import Path

import asyncssh
import pytest
from asyncssh.sftp import SFTPAttrs

from tests.integration.server.world import World


@pytest.fixture
async def seen(world: World) -> World:
    """A server whose organization has something in each folder, and traps."""
    folders = world.inbox.prepare("007")
    (folders.archive / "a.csv").write_bytes(b"archived")
    (folders.archive / "2026").mkdir()
    (folders.archive / "2026" / "b.csv").write_bytes(b"older")
    (folders.local / "copied.csv").write_bytes(b"copied")
    (folders.root / "secret").write_bytes(b"secret")
    outside = Path(world.settings.data_dir) / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (folders.archive / "link").symlink_to(outside / "secret")
    (folders.archive / "linked").symlink_to(outside)
    (folders.local / "link.csv").symlink_to(outside / "secret")
    os.mkfifo(folders.archive / "fifo")
    await world.add("008", "Goose")
    world.inbox.prepare("008")
    (world.inbox.folders("008").archive / "theirs.csv").write_bytes(b"theirs")
    return world


async def test_u01_the_root_has_four_folders_and_nothing_else(seen: World) -> None:
    async with seen.sftp() as sftp:
        assert await sftp.getcwd() == "/"
        assert await sftp.listdir("/") == [".", "..", "local", "archive", "error", "export"]
        assert await sftp.isdir("/local")
        assert not await sftp.exists("/incoming")
        assert not await sftp.exists("/queue")
        assert not await sftp.exists("/secret")


async def test_u01_listings_show_files_and_folders_only(seen: World) -> None:
    async with seen.sftp() as sftp:
        assert await sftp.listdir("/archive") == [".", "..", "2026", "a.csv"]
        assert await sftp.listdir("/archive/2026") == [".", "..", "b.csv"]
        assert await sftp.listdir("/local") == [".", "..", "copied.csv"]
        line = (await sftp.readdir("/archive"))[-1]
        assert str(line.longname).startswith("-r--r--r--    1 1000     1000            8 ")
        attributes = await sftp.stat("/archive")
        assert (attributes.permissions, attributes.uid, attributes.gid) == (0o40755, 1000, 1000)


async def test_u01_files_of_the_read_only_folders_can_be_read(seen: World) -> None:
    async with seen.sftp() as sftp:
        async with sftp.open("/archive/a.csv", "r") as file:
            assert await file.read() == "archived"
            assert (await file.stat()).size == 8
        async with sftp.open("/local/copied.csv", "r") as file:
            assert await file.read() == "copied"


@pytest.mark.parametrize(
    "path",
    [
        "/archive/link",
        "/archive/linked/secret",
        "/archive/fifo",
        "/local/link.csv",
        "/../outside/secret",
        "/archive/../secret",
        "/archive/../../outside/secret",
        "../../outside/secret",
        "/archive/../../008/archive/theirs.csv",
        "/local/../../008/archive/theirs.csv",
        "/etc/passwd",
        "//etc/passwd",
        "/archive/./../../../../../../etc/passwd",
        "/local/sub/../../../etc/passwd",
    ],
)
async def test_u01_no_path_leads_out(seen: World, path: str) -> None:
    async with seen.sftp() as sftp:
        for attempt in (sftp.stat, sftp.lstat, sftp.remove, sftp.listdir):
            with pytest.raises((asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied)):
                await attempt(path)
        with pytest.raises((asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied)):
            await sftp.open(path, "rb")
        with pytest.raises((asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied)):
            await sftp.rename(path, "/local/mine.csv")


async def test_u01_links_are_neither_made_nor_read(seen: World) -> None:
    async with seen.sftp() as sftp:
        for attempt in (sftp.symlink, sftp.link):
            with pytest.raises((asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported)):
                await attempt("/local/copied.csv", "/local/link2.csv")
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"\(U1\)$"):
            await sftp.readlink("/archive/link")


@pytest.mark.parametrize("path", ["/users.csv", "users.csv", "/elsewhere/users.csv", "/local/sub/users.csv"])
async def test_u01_an_upload_elsewhere_is_refused_with_the_way(seen: World, path: str) -> None:
    async with seen.sftp() as sftp:
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"/local.*\(U1\)$"):
            await sftp.open(path, "wb")
        with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"/local.*\(U1\)$"):
            await sftp.mkdir("/local/sub")


@pytest.mark.parametrize("folder", ["archive", "error", "export"])
async def test_u01_the_other_folders_are_read_only(seen: World, folder: str) -> None:
    (seen.inbox.folders("007").root / folder / "x.csv").write_bytes(b"x")
    async with seen.sftp() as sftp:
        for attempt in (
            sftp.open(f"/{folder}/new.csv", "wb"),
            sftp.open(f"/{folder}/x.csv", "ab"),
            sftp.remove(f"/{folder}/x.csv"),
            sftp.rename(f"/{folder}/x.csv", "/local/x.csv"),
            sftp.rename("/local/copied.csv", f"/{folder}/y.csv"),
            sftp.setstat(f"/{folder}/x.csv", SFTPAttrs(size=0)),
            sftp.rmdir(f"/{folder}"),
        ):
            with pytest.raises(asyncssh.SFTPPermissionDenied, match=r"\(U1\)$"):
                await attempt
    assert (seen.inbox.folders("007").root / folder / "x.csv").read_bytes() == b"x"


@pytest.mark.parametrize("name", [b"a\nb.csv", b"a\tb.csv", b"\xff.csv", b"x" * 252 + b".csv", b"a\x00b.csv"])
async def test_u01_strange_names_are_refused(world: World, name: bytes) -> None:
    world.inbox.prepare("007")
    async with world.sftp() as sftp:
        with pytest.raises((asyncssh.SFTPPermissionDenied, asyncssh.SFTPNoSuchFile), match=r"\(U1\)$"):
            await sftp.open(b"/local/" + name, "wb")
    assert not list(world.inbox.folders("007").incoming.iterdir())


async def test_u01_names_of_any_language_are_fine(world: World) -> None:
    async with world.sftp() as sftp:
        async with sftp.open("/local/Übersicht 员工.csv", "wb") as file:
            await file.write(b"x")
        assert "Übersicht 员工.csv" in await sftp.listdir("/local")
    assert world.names() == ["Übersicht 员工.csv"]


async def test_u01_a_file_that_an_operator_copied_can_be_renamed_and_removed(seen: World) -> None:
    local = seen.inbox.folders("007").local
    async with seen.sftp() as sftp:
        await sftp.rename("/local/copied.csv", "/local/renamed.csv")
        assert (local / "renamed.csv").read_bytes() == b"copied"
        await sftp.remove("/local/renamed.csv")
        assert not (local / "renamed.csv").exists()
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await sftp.remove("/local/link.csv")
        assert (local / "link.csv").is_symlink()
