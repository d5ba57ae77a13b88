"""Nothing but SFTP (rule U11)."""

import asyncssh
import pytest

from server.sftp_session import SftpSession
from tests.integration.server.world import World


async def test_u11_everything_but_sftp_is_refused_and_the_connection_serves_on(world: World) -> None:
    async with await world.connect() as connection:
        for options in (
            {"command": "id"},
            {},
            {"subsystem": "netconf"},
            {"command": "id", "term_type": "xterm"},
        ):
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(**options)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", world.listener.port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/tmp/x")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_server(lambda *_: None, "127.0.0.1", 0)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_unix_server(lambda: None, "/tmp/x")
        async with connection.start_sftp_client() as sftp:
            assert await sftp.listdir("/local") == [".", ".."]


async def test_u11_environment_is_refused(world: World) -> None:
    async with await world.connect() as connection:
        channel, _ = await connection.create_session(
            asyncssh.SSHClientSession, subsystem="sftp", env={"LD_PRELOAD": "/x"}, encoding=None
        )
        server = next(iter(world.listener._visitors))
        (session,) = server.sessions
        assert isinstance(session, SftpSession)
        assert dict(session.channel.get_environment()) == {}
        channel.close()


async def test_u11_the_sftp_subsystem_ends_with_exit_status_0(world: World) -> None:
    async with await world.connect() as connection:
        channel, _ = await connection.create_session(
            asyncssh.SSHClientSession, subsystem="sftp", encoding=None
        )
        channel.write_eof()
        await channel.wait_closed()
        assert channel.get_exit_status() == 0


async def test_a04_the_server_does_not_say_what_it_is_built_on(world: World) -> None:
    async with await world.connect() as connection:
        assert connection.get_extra_info("server_version") == "SSH-2.0-rosterdrop"
