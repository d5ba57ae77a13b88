"""Who may enter (rules A1, A2), and that a flood of logins keeps nobody waiting."""

import asyncio

import asyncssh
import pytest
import structlog

from core.clock import to_text
from core.organizations_store import change_organization
from tests.integration.server.conftest import Start
from tests.integration.server.world import PASSWORD, World


async def refusal(world: World, username: str, password: str) -> str:
    with pytest.raises(asyncssh.PermissionDenied) as caught:
        await world.connect(username, password)
    return str(caught.value).replace(username, "USER")


async def test_a02_unknown_users_wrong_passwords_and_disabled_organizations_get_one_answer(
    world: World,
) -> None:
    await world.add("008", "Goose")
    async with world.database.writing() as connection:
        await change_organization(connection, "008", disabled_at=to_text(world.clock.now()))
    answers = {
        await refusal(world, "Nobody_1", "x"),
        await refusal(world, "Mavericks_007", "x"),
        await refusal(world, "Goose_008", PASSWORD),
    }
    assert len(answers) == 1


async def test_o03_a_name_that_is_too_long_for_an_account_is_in_no_log(world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        await refusal(world, "Long_" + "x" * 1000, "x")
    refused = [line for line in lines if line["event"] == "login.refused"]
    assert refused
    assert "xxx" not in str(lines)


async def test_a02_every_name_is_offered_the_same_methods(world: World) -> None:
    offered = set()
    for username in ("Mavericks_007", "Nobody_1"):
        methods = await asyncssh.get_server_auth_methods(
            "127.0.0.1", world.listener.port, username=username, config=None
        )
        offered.add(tuple(methods))
    assert offered == {("publickey", "keyboard-interactive", "password")}


async def test_a01_keyboard_interactive_asks_for_the_password(world: World) -> None:
    async with await world.connect(preferred_auth="keyboard-interactive") as connection:
        assert connection.get_extra_info("username") == "Mavericks_007"


async def test_a01_the_case_of_a_user_name_does_not_count(world: World) -> None:
    async with world.sftp("mavericks_007") as sftp:
        assert await sftp.listdir("/local") == [".", ".."]


async def test_a01_a_flood_of_logins_does_not_hold_up_other_sessions(world: World) -> None:
    async with world.sftp() as sftp:
        loop = asyncio.get_running_loop()
        flood = [asyncio.ensure_future(world.connect("Nobody_1", f"wrong {number}")) for number in range(10)]
        slowest = 0.0
        while not all(attempt.done() for attempt in flood):
            begun = loop.time()
            await sftp.stat("/local")
            slowest = max(slowest, loop.time() - begun)
        results = await asyncio.gather(*flood, return_exceptions=True)
        assert all(isinstance(result, asyncssh.PermissionDenied) for result in results)
    assert slowest < 1


async def test_u09_a_connection_has_six_tries(start: Start) -> None:
    async with start(max_login_tries=2) as world:
        tries = 0

        class Stubborn(asyncssh.SSHClient):
            def password_auth_requested(self) -> str:
                nonlocal tries
                tries += 1
                return "wrong"

        with pytest.raises(asyncssh.DisconnectError, match=r"failed logins.*\(U9\)"):
            await asyncssh.connect(
                "127.0.0.1",
                world.listener.port,
                username="Mavericks_007",
                client_factory=Stubborn,
                preferred_auth="password",
                known_hosts=None,
                config=None,
                client_keys=None,
            )
        assert tries == 2


async def test_u09_a_login_has_its_time(start: Start) -> None:
    async with start(login_timeout_s=0.3) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.listener.port)
        told = await asyncio.wait_for(reader.read(), 5)
        assert told.startswith(b"SSH-2.0-rosterdrop\r\n")
        assert b"longer than 0.3 seconds (U9)" in told
        writer.close()
