"""Runs against servers that fail, lie and attack (rules S2, U9): bounded, told, tried again, nothing half taken."""

import random
import stat
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.clock import from_text
from processor.intake import sftp_wire as wire
from processor.intake.sftp_wire import Answer
from tests.integration.directory.house import House, open_house
from tests.integration.intake.pull_world import HASTY, World, new_world
from tests.integration.intake.remote_server import File, Server, listing, running, status

MIB = 1 << 20


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def world_of(house: House, server: Server, folder: Path) -> World:
    world = await new_world(house, server, folder)
    await world.add()
    return world


class Bad(Server):
    """Its disk has an error behind 2 MiB of one file."""

    is_broken = True

    def read(self, number: bytes, name: bytes, offset: int, length: int) -> list[bytes]:
        if self.is_broken and name == b"a.csv" and offset >= 2 * MIB:
            return [status(number, 4, "Input/output error")]
        return super().read(number, name, offset, length)


async def test_s02_a_disk_error_at_the_source_is_told_and_the_file_is_gone_on_with(
    house: House, tmp_path: Path
) -> None:
    data = bytes(n * 7 % 251 for n in range(4 * MIB))
    async with running(Bad()) as server:
        world = await world_of(house, server, tmp_path)
        server.put("a.csv", data)
        server.put("b.csv", b"good")
        report = await world.run()
        assert "a.csv: The SFTP server refused /out/a.csv: Input/output error." in (report.complaint or "")
        assert world.queued == [("b.csv", b"good")]
        (came,) = world.arriving
        assert came >= MIB
        server.is_broken, server.served = False, 0
        assert (await world.run()).complaint is None
        assert server.served <= 4 * MIB - came + MIB
    assert world.queued[1] == ("a.csv", data)
    assert (await world.pull()).state.failures == 0


async def test_s02_a_file_that_is_removed_between_two_looks_is_no_trouble_and_leaves_nothing(
    house: House, tmp_path: Path
) -> None:
    class Removing(Server):
        def read_folder(self, number: bytes) -> bytes:
            if self.listings == 2:
                self.files.pop(b"users.csv", None)
                self._left = [name for name in self._left if name in self.files]
            return super().read_folder(number)

    async with running(Removing()) as server:
        world = await world_of(house, server, tmp_path)
        server.put("users.csv", b"x")
        report = await world.run()
    assert (report.complaint, report.changing, report.fetched) == (None, (), ())
    assert (world.queued, world.arriving) == ([], [])


class Curious(Server):
    """Notes which paths it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[bytes] = set()

    def open(self, number: bytes, name: bytes) -> bytes:
        self.asked.add(name)
        return super().open(number, name)


async def test_s02_names_that_are_paths_links_or_worse_are_neither_asked_for_nor_taken(
    house: House, tmp_path: Path
) -> None:
    bad = [b"../evil.csv", b"/etc/evil.csv", b"..", b".", b"", b"a/b.csv", b"a\0.csv", b"\xff.csv"]
    bad += [b"a\nb.csv", b"a\x1b[2J.csv", "a\N{RIGHT-TO-LEFT OVERRIDE}vsc.csv".encode(), b"x" * 300 + b".csv"]
    async with running(Curious()) as server:
        world = await world_of(house, server, tmp_path)
        server.put("users.csv", b"x")
        for name in bad:
            server.files[name] = File(b"x")
        for name, kind in ((b"l.csv", stat.S_IFLNK), (b"d.csv", stat.S_IFDIR), (b"b.csv", stat.S_IFBLK)):
            server.files[name] = File(b"x", mode=kind | 0o644)
        with capture_logs() as lines:
            report = await world.run()
    assert server.asked == {b"users.csv"}
    assert world.queued == [("users.csv", b"x")]
    assert len(report.skipped) == len(bad) - 2 + 3, "all but . and .."
    assert all(str(value).isprintable() for line in lines for value in line.values())


class Many(Server):
    """Has so many names in its folder."""

    count = 100_000
    made = 0

    def read_folder(self, number: bytes) -> bytes:
        names = range(self.made, min(self.made + self.page, self.count))
        self.made += len(names)
        if not names:
            return status(number, wire.EOF)
        return listing(number, [(b"%d.csv" % n, File().attributes) for n in names])


@pytest.mark.parametrize("count", [100_000, 1 << 40])
async def test_s02_too_many_names_are_told_with_what_helps_and_take_bounded_memory(
    house: House, tmp_path: Path, count: int
) -> None:
    async with running(Many()) as server:
        server.count = count
        world = await world_of(house, server, tmp_path)
        tracemalloc.start()
        try:
            report = await world.run()
            assert tracemalloc.get_traced_memory()[1] < 60 * MIB
        finally:
            tracemalloc.stop()
    assert "have old files moved away" in (report.complaint or "")
    assert (world.queued, world.arriving) == ([], [])


class Unreadable(Server):
    """Lists files and lets none be read."""

    def open(self, number: bytes, name: bytes) -> bytes:
        return status(number, wire.PERMISSION_DENIED, "no\nlogin.accepted")


@pytest.mark.parametrize("way", ["unreadable", "too large", "gone"])
async def test_s02_u09_thousands_of_files_in_vain_fill_neither_disk_nor_log_nor_database(
    house: House, tmp_path: Path, way: str
) -> None:
    async with running(Unreadable() if way == "unreadable" else Server()) as server:
        world = await world_of(house, server, tmp_path)
        world.patience = type(HASTY)(in_vain=50)
        for n in range(400):
            file = server.put(f"{n}.csv", b"x")
            if way == "too large":
                file.said_size = 1 << 62
            elif way == "gone":
                file.data, file.said_size = b"", 5
        with capture_logs() as lines:
            report = await world.run()
        assert report.deferred is (way != "too large")
        refused = [line for line in lines if line["event"] == "pull.file_refused"]
        assert len(refused) == (20 if way != "gone" else 0)
        assert len(lines) < 30
        assert len((await world.pull()).state.error or "") < 2_000
        assert world.arriving == []
        assert await world.org.rows("SELECT * FROM pull_files") == []
    assert len(await world.audited()) == (1 if way != "gone" else 0)


@pytest.mark.parametrize("said_size", [0, 10, 99_999])
async def test_s02_u09_a_file_that_is_longer_than_it_said_is_not_taken_and_no_more_than_it_said_is_stored(
    house: House, tmp_path: Path, said_size: int
) -> None:
    async with running(Server()) as server:
        world = await world_of(house, server, tmp_path)
        server.put("users.csv", b"x" * 100_000).said_size = said_size
        report = await world.run()
        assert report.changing == ("users.csv",)
        assert (world.queued, world.arriving) == ([], [])
        assert server.served <= said_size + 64 * 1024
        world.org.clock.move(hours=1)
        await world.run()
    assert "users.csv" in ((await world.pull()).state.error or "")


class Babbling(Server):
    """Answers with random bytes from some request on."""

    after = 0
    asked = 0
    random = random.Random(7)

    async def respond(self, kind: int, request: Answer) -> list[bytes]:
        self.asked += 1
        if self.asked > self.after:
            return [self.random.randbytes(self.random.randrange(1, 5_000))]
        return await super().respond(kind, request)


@pytest.mark.parametrize("after", range(10))
async def test_s02_garbage_at_any_moment_is_a_failure_that_is_tried_again(
    house: House, tmp_path: Path, after: int
) -> None:
    async with running(Babbling()) as server:
        world = await world_of(house, server, tmp_path)
        world.patience = type(HASTY)(request_s=1, slow_s=1)
        server.after = after
        server.put("users.csv", b"x")
        report = await world.run()
        assert report.error is not None
        assert report.error.retryable
        assert world.queued == []
        server.after = 1 << 30
        assert (await world.run()).complaint is None
    assert world.queued == [("users.csv", b"x")]
    assert world.arriving == []


class Mute(Server):
    """Takes logins and answers nothing."""

    async def respond(self, kind: int, request: Answer) -> list[bytes]:
        return []


async def test_s02_a_server_that_never_answers_is_asked_ever_more_seldom(
    house: House, tmp_path: Path
) -> None:
    async with running(Mute()) as server:
        world = await world_of(house, server, tmp_path)
        world.patience = type(HASTY)(request_s=0.3)
        pauses = []
        for _ in range(3):
            assert (await world.run()).error is not None
            again = from_text((await world.pull()).state.again_at or "")
            pauses.append((again - world.org.clock.now()).total_seconds())
            world.org.clock.at = again
    assert pauses == [60, 120, 240]


async def test_s02_what_is_remembered_is_bounded_though_every_run_breaks_off(
    house: House, tmp_path: Path
) -> None:
    """Names that come and go, and an error at the end of each run."""

    class Breaking(Server):
        def look(self, number: bytes, kind: int, name: bytes) -> bytes:
            if name == b"z.csv":
                return wire.packet(99, number)
            return super().look(number, kind, name)

    async with running(Breaking()) as server:
        world = await world_of(house, server, tmp_path)
        await world.org.sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20100) "
            "INSERT INTO pull_files (org_no, name, size_bytes, mtime, uid, progress, sha256, at) "
            "SELECT :org, 'old' || i, 1, 1, 'u' || i, 'accepted', 'x', '2026' FROM n"
        )
        server.put("z.csv", b"x")
        assert (await world.run()).error is not None
    ((count,),) = await world.org.rows("SELECT count(*) FROM pull_files")
    assert count <= 20_001
