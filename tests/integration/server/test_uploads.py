"""When a file is accepted, and what a client sees of it (rules U2, U4)."""

import asyncssh
import pytest

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


async def test_a02_an_unknown_user_and_a_wrong_password_get_the_same_answer(world: World) -> None:
    for username, password in (("Nobody_1", "x"), ("Mavericks_007", "x")):
        with pytest.raises(asyncssh.PermissionDenied) as caught:
            await world.connect(username, password)
        assert str(caught.value) == "Permission denied for user " + username + " on host 127.0.0.1"
