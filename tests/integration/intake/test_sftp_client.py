"""`processor/intake/sftp_client.py` against a real SFTP server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from processor.intake.sftp_client import RemoteRefusedError, connect
from processor.intake.ssh_connection import (
    Account,
    HostKeyChangedError,
    LoginRefusedError,
    ServerUnreachableError,
)

PASSWORD = "correct horse"


class Doorkeeper(asyncssh.SSHServer):
    """Takes one password and notes every one that it was shown."""

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._seen.append(password)
        return password == PASSWORD


@dataclass
class Peer:
    """A customer's server."""

    account: Account
    root: Path
    passwords: list[str]
    listener: asyncssh.SSHAcceptor


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    root = tmp_path / "root"
    root.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    seen: list[str] = []

    def sftp(channel: "asyncssh.SSHServerChannel[bytes]") -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    listener = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=lambda: Doorkeeper(seen), server_host_keys=[key], sftp_factory=sftp
    )
    async with listener:
        account = Account(
            host="127.0.0.1",
            port=listener.get_port(),
            username="hr",
            password=PASSWORD,
            host_keys=[key.get_fingerprint()],
        )
        yield Peer(account=account, root=root, passwords=seen, listener=listener)


@pytest.mark.parametrize("size", [0, 1, 300_000, 2_000_000])
async def test_s02_what_is_uploaded_arrives_byte_by_byte(peer: Peer, tmp_path: Path, size: int) -> None:
    source = tmp_path / "users.csv"
    source.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    async with connect(peer.account) as connection:
        await connection.upload(source, "/users.csv")
        assert await connection.names("/") == ["users.csv"]
        assert await connection.read("/users.csv") == source.read_bytes()
    assert (peer.root / "users.csv").read_bytes() == source.read_bytes()


async def test_s02_another_host_key_gets_no_password(peer: Peer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").get_fingerprint()
    with pytest.raises(HostKeyChangedError, match="SHA256:"):
        async with connect(replace(peer.account, host_keys=[other])):
            pytest.fail("connected to a server with another host key")
    assert peer.passwords == []


async def test_s02_without_a_pinned_key_nothing_is_trusted(peer: Peer) -> None:
    with pytest.raises(HostKeyChangedError):
        async with connect(replace(peer.account, host_keys=[])):
            pytest.fail("connected to a server that nobody vouches for")
    assert peer.passwords == []


async def test_s02_a_wrong_password_is_told_as_such(peer: Peer) -> None:
    with pytest.raises(LoginRefusedError) as caught:
        async with connect(replace(peer.account, password="wrong")):
            pytest.fail("logged in with a wrong password")
    assert "wrong" not in caught.value.public_message.split("password")[0]
    assert not caught.value.retryable


async def test_s02_a_server_that_does_not_answer_may_answer_later(peer: Peer) -> None:
    peer.listener.close()
    await peer.listener.wait_closed()
    with pytest.raises(ServerUnreachableError) as caught:
        async with connect(peer.account):
            pytest.fail("connected to nobody")
    assert caught.value.retryable


async def test_s02_a_refused_request_is_told_with_the_servers_words(peer: Peer, tmp_path: Path) -> None:
    source = tmp_path / "users.csv"
    source.write_bytes(b"x")
    async with connect(peer.account) as connection:
        with pytest.raises(RemoteRefusedError, match="No such file"):
            await connection.upload(source, "/no/such/folder/users.csv")
        with pytest.raises(RemoteRefusedError):
            await connection.read("/none.csv")
        await connection.upload(source, "/users.csv")


async def test_a01_an_account_does_not_show_its_password(peer: Peer) -> None:
    assert PASSWORD not in repr(peer.account)


async def test_s02_trouble_of_the_caller_is_not_told_as_the_servers(peer: Peer, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with connect(peer.account) as connection:
            await connection.upload(tmp_path / "missing.csv", "/users.csv")
