"""What is negotiated (rule A4), with three host keys as they are made."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from tests.integration.server.world import PASSWORD, World, running

KEYS = [
    asyncssh.generate_private_key("ssh-ed25519"),
    asyncssh.generate_private_key("ecdsa-sha2-nistp256"),
    asyncssh.generate_private_key("ssh-rsa", key_size=2048),
]


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path / "data", host_keys=KEYS) as world:
        yield world


async def log_in(world: World, **algorithms: list[str]) -> None:
    async with asyncssh.connect(
        "127.0.0.1",
        world.listener.port,
        username="Mavericks_007",
        password=PASSWORD,
        known_hosts=([key.convert_to_public() for key in KEYS], [], []),
        config=None,
        client_keys=None,
        **algorithms,
    ):
        pass


@pytest.mark.parametrize("name", ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256", "rsa-sha2-512"])
async def test_a04_each_host_key_is_offered(three: World, name: str) -> None:
    await log_in(three, server_host_key_algs=[name])


async def test_a04_no_host_key_signs_with_sha1(three: World) -> None:
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await log_in(three, server_host_key_algs=["ssh-rsa"])


async def test_a04_clients_with_different_rsa_signatures_do_not_disturb_each_other(three: World) -> None:
    names = ["rsa-sha2-256", "rsa-sha2-512"] * 4
    await asyncio.gather(*(log_in(three, server_host_key_algs=[name]) for name in names))


@pytest.mark.parametrize(
    "algorithms",
    [
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"encryption_algs": ["aes128-cbc"]},
        {"encryption_algs": ["3des-cbc"]},
        {"encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-sha1"]},
        {"compression_algs": ["zlib@openssh.com"]},
    ],
)
async def test_a04_old_algorithms_are_refused(three: World, algorithms: dict[str, list[str]]) -> None:
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await log_in(three, **algorithms)


# cryptography will drop group14 and group16 one day; old clients need them as long as it has them.
@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
@pytest.mark.parametrize(
    "algorithms",
    [
        {"kex_algs": ["diffie-hellman-group14-sha256"], "encryption_algs": ["aes128-ctr"]},
        {"kex_algs": ["ecdh-sha2-nistp256"], "encryption_algs": ["chacha20-poly1305@openssh.com"]},
        {"kex_algs": ["mlkem768x25519-sha256"], "encryption_algs": ["aes128-gcm@openssh.com"]},
        {"encryption_algs": ["aes256-ctr"], "mac_algs": ["hmac-sha2-256"]},
    ],
)
async def test_a04_what_clients_of_ten_years_have_is_taken(
    three: World, algorithms: dict[str, list[str]]
) -> None:
    await log_in(three, **algorithms)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["chacha20-poly1305@openssh.com", "aes128-ctr", "aes128-gcm@openssh.com"], "aes128-gcm@openssh.com"),
        (["aes256-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"], "aes256-gcm@openssh.com"),
        (["chacha20-poly1305@openssh.com", "aes128-ctr"], "chacha20-poly1305@openssh.com"),
        (["aes128-ctr"], "aes128-ctr"),
    ],
)
async def test_a04_a_client_that_has_aes_gcm_takes_it_and_others_their_first(
    three: World, wanted: list[str], chosen: str
) -> None:
    async with await three.connect(encryption_algs=wanted) as connection:
        assert connection.get_extra_info("send_cipher") == chosen
        assert connection.get_extra_info("recv_cipher") == chosen


async def test_a04_a_client_that_waits_for_our_algorithms_hears_them_all(three: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", three.listener.port)
    try:
        assert (await reader.readline()).startswith(b"SSH-2.0-")
        writer.write(b"SSH-2.0-patient\r\n")
        length = int.from_bytes(await reader.readexactly(4), "big")
        kexinit = await reader.readexactly(length)
    finally:
        writer.close()
        await writer.wait_closed()
    for name in (b"chacha20-poly1305@openssh.com", b"aes128-gcm@openssh.com", b"aes128-ctr"):
        assert name in kexinit
