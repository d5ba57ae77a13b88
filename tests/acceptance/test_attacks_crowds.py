"""Crowds that have a login: more sessions than may be, and small files from many at once (U2, U9)."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon, Organization

SESSIONS, ALLOWED = 120, 80
UPLOADERS, FILES = 30, 10
CROWDED = {"max_startups": 1000, "max_startups_per_address": 1000, "login_timeout_s": 300}


@asynccontextmanager
async def logged_in(daemon: Daemon, organization: Organization) -> AsyncIterator[asyncssh.SFTPClient]:
    async with (
        asyncssh.connect(
            "127.0.0.1",
            daemon.port,
            username=organization.username,
            password=organization.password,
            known_hosts=None,
            config=None,
            client_keys=None,
            agent_path=None,
            login_timeout=300,
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        yield sftp


async def test_u09_of_a_crowd_each_is_served_or_told_why_not_and_the_daemon_serves_on(start: Start) -> None:
    daemon = start(max_sessions=ALLOWED, max_sessions_per_org=ALLOWED, **CROWDED)
    organization = daemon.add("Mavericks")
    answers: list[str] = []
    everybody = asyncio.Event()

    async def come() -> None:
        try:
            async with logged_in(daemon, organization) as sftp:
                answers.append(",".join(sorted(await sftp.listdir("/"))))
                await everybody.wait()
        except asyncssh.DisconnectError as exc:
            answers.append(exc.reason)

    async with asyncio.TaskGroup() as group:
        for _ in range(SESSIONS):
            group.create_task(come())
        async with asyncio.timeout(300):
            while len(answers) < SESSIONS:  # noqa: ASYNC110  # they answer one by one
                await asyncio.sleep(0.05)
        everybody.set()
    served = [answer for answer in answers if answer.endswith("local")]
    refused = [answer for answer in answers if answer.startswith("Too many ") and "(U9)" in answer]
    assert len(served) + len(refused) == SESSIONS, set(answers)
    assert len(served) == ALLOWED
    daemon.wait_for("session.ended", ALLOWED, org=organization.id)
    async with logged_in(daemon, organization) as sftp:
        assert "local" in await sftp.listdir("/")


def test_u09_the_daemon_asks_for_as_many_open_files_as_its_limits_need(start: Start) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        daemon = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)[0] == min(65_536, hard)


async def test_u02_small_files_from_many_sessions_are_all_kept_while_another_session_works(
    start: Start,
) -> None:
    daemon = start(max_sessions_per_org=100, max_drops_per_hour=1000, **CROWDED)
    organization, quiet = daemon.add("Mavericks", schedule="0 3 29 2 *"), daemon.add("Falcons")

    async def send(number: int) -> None:
        async with logged_in(daemon, organization) as sftp:
            for file in range(FILES):
                async with sftp.open(f"/local/{number}-{file}.csv", "wb") as target:
                    await target.write(f"User Email\nann{number}.{file}@crowd.example\n".encode())

    async with logged_in(daemon, quiet) as other:
        async with asyncio.TaskGroup() as group:
            sending = [group.create_task(send(number)) for number in range(UPLOADERS)]
            looks = 0
            while not all(task.done() for task in sending):
                assert "local" in await other.listdir("/")
                looks += 1
                await asyncio.sleep(0.02)
        assert looks
        assert "local" in await other.listdir("/")
    accepted = {line["name"] for line in daemon.events("upload.accepted", org=organization.id)}
    assert accepted == {f"{number}-{file}.csv" for number in range(UPLOADERS) for file in range(FILES)}
    assert len(list((organization.folder / "queue").iterdir())) == UPLOADERS * FILES
