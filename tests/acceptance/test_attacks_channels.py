"""A customer who wants more than SFTP from the connection, and clients that send nonsense (U10, U11, A2)."""

import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paramiko
import pytest

from tests.acceptance.attackers import (
    CLOSE,
    FOR_WRITING,
    NO_ATTRIBUTES,
    OPEN,
    WAIT_S,
    WRITE,
    Wire,
    connect,
    logged_in,
    text,
)
from tests.acceptance.daemon import Daemon, Organization

MSG_CHANNEL_REQUEST = 98
SEED = 20261124
MALFORMED = 4000


def works(transport: paramiko.Transport) -> bool:
    """Whether the connection serves SFTP still."""
    return b"local" in Wire(transport).names(b"/")


def ask_for(channel: Any, kind: str, *strings: bytes) -> None:
    """Make a channel request that wants an answer, where paramiko has none or asks without listening."""
    message = paramiko.Message()
    message.add_byte(bytes([MSG_CHANNEL_REQUEST]))
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(True)
    for value in strings:
        message.add_string(value)
    channel._event_pending()
    channel.transport._send_user_message(message)
    channel._wait_for_event()


REQUESTS: dict[str, Callable[[paramiko.Channel], object]] = {
    "shell": lambda channel: channel.invoke_shell(),
    "exec": lambda channel: channel.exec_command("id"),
    "pty": lambda channel: channel.get_pty(),
    "environment": lambda channel: ask_for(channel, "env", b"LD_PRELOAD", b"/tmp/x.so"),
    "agent": lambda channel: ask_for(channel, "auth-agent-req@openssh.com"),
    "X11": lambda channel: channel.request_x11(),
    "another subsystem": lambda channel: channel.invoke_subsystem("netconf"),
    "scp without SFTP": lambda channel: channel.exec_command("scp -t /local"),
    "window change": lambda channel: channel.exec_command("/usr/lib/openssh/sftp-server"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_u11_a_channel_grants_nothing_but_sftp_and_the_connection_serves_on(
    daemon: Daemon, name: str
) -> None:
    with logged_in(daemon, daemon.add("Mavericks")) as transport:
        channel = transport.open_session(timeout=WAIT_S)
        channel.settimeout(WAIT_S)
        with pytest.raises(paramiko.SSHException):
            REQUESTS[name](channel)
        assert works(transport)


@pytest.mark.parametrize("kind", ["direct-tcpip", "forwarded-tcpip", "x11", "tun"])
def test_u11_no_other_channel_is_opened_and_the_connection_serves_on(daemon: Daemon, kind: str) -> None:
    with logged_in(daemon, daemon.add("Mavericks")) as transport:
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel(kind, ("127.0.0.1", daemon.port), ("127.0.0.1", 9), timeout=WAIT_S)
        assert works(transport)


def test_u11_no_port_is_forwarded_to_the_client(daemon: Daemon) -> None:
    with logged_in(daemon, daemon.add("Mavericks")) as transport:
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
        assert works(transport)


def test_a02_before_login_nothing_is_opened(daemon: Daemon) -> None:
    transport = connect(daemon.port)
    try:
        with pytest.raises((paramiko.SSHException, EOFError)):
            transport.open_session(timeout=WAIT_S)
    finally:
        transport.close()


def test_a02_names_that_exist_and_others_are_answered_alike(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    disabled = daemon.add("Falcons")
    assert daemon.run("org", "disable", disabled.id).returncode == 0
    support = daemon.json("support", "add", "Carol")["username"]
    answers = set()
    for number, name in enumerate(
        (organization.username, disabled.username, support, "Nobody_1", "root", "a b@c", "ä")
    ):
        transport = connect(daemon.port, source=f"127.0.0.{130 + number}")
        try:
            with pytest.raises(paramiko.BadAuthenticationType) as methods:
                transport.auth_none(name)
            with pytest.raises(paramiko.AuthenticationException) as refused:
                transport.auth_password(name, "wrong password", fallback=False)
            key = paramiko.ECDSAKey.generate()
            with pytest.raises(paramiko.AuthenticationException) as no_key:
                transport.auth_publickey(name, key)
            answers.add((tuple(methods.value.allowed_types), str(refused.value), str(no_key.value)))
        finally:
            transport.close()
    assert len(answers) == 1
    assert {"publickey", "password", "keyboard-interactive"} == set(next(iter(answers))[0])


def malformed(chance: random.Random) -> bytes:
    """One SFTP packet that is wrong in some way; its length is right, so that the next one is read."""
    kind = chance.choice((0, 1, 2, *range(3, 21), 101, 102, 104, 105, 200, 201, 255))
    number = struct.pack(">I", chance.getrandbits(32))
    body = chance.choice(
        (
            b"",
            chance.randbytes(chance.randrange(64)),
            struct.pack(">I", 0xFFFFFFFF),
            text(chance.randbytes(chance.randrange(200))),
            text(b"/local/" + chance.randbytes(4)) + chance.randbytes(chance.randrange(30)),
            text(b"/archive") + struct.pack(">I", chance.getrandbits(32)) + chance.randbytes(20),
            text(struct.pack(">I", chance.randrange(40)))
            + struct.pack(">QI", chance.getrandbits(64), 1 << 31),
        )
    )
    return bytes([kind]) + number[: chance.choice((0, 2, 4, 4, 4, 4))] + body


def send_all(daemon: Daemon, organization: Organization, packets: list[bytes]) -> int:
    """Send packets on as many sessions as it takes, one after the other; return how many sessions."""
    sessions = 0
    while packets:
        sessions += 1
        with logged_in(daemon, organization) as transport:
            wire = Wire(transport)
            with suppress(EOFError, OSError, paramiko.SSHException):
                while packets:
                    packet = packets.pop()
                    wire.channel.sendall(text(packet))
                    if len(packet) >= 5:
                        wire.receive()
    return sessions


def test_u10_thousands_of_malformed_packets_leave_the_daemon_serving(daemon: Daemon) -> None:
    organization, other = daemon.add("Mavericks"), daemon.add("Falcons")
    chance = random.Random(SEED)
    with logged_in(daemon, other) as bystander:
        quiet = Wire(bystander)
        handle = quiet.handle(b"/local/users.csv", FOR_WRITING)
        send_all(daemon, organization, [malformed(chance) for _ in range(MALFORMED)])
        assert quiet.status(WRITE, handle + struct.pack(">Q", 0) + text(b"User Email\nann@x.example\n")) == 0
        assert quiet.status(CLOSE, handle) == 0
    daemon.finished(other)
    assert not daemon.events("session.failed", org=other.id)
    assert not [line for line in daemon.lines() if line["event"] == "server.failed"]


def test_u10_noise_instead_of_ssh_leaves_the_daemon_serving(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    chance = random.Random(SEED)
    beginnings = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-" + b"x" * 5000 + b"\r\n",
        b"\x16\x03\x01\x02\x00",
        b"SSH-2.0-a\r\n" + struct.pack(">IB", 0x7FFFFFFF, 4),
        b"SSH-2.0-a\r\n" + struct.pack(">IB", 12, 255) + b"\x14" * 11,
        b"SSH-2.0-a\r\n" + struct.pack(">I", 0),
    )
    for number in range(200):
        with socket.create_connection(("127.0.0.1", daemon.port), WAIT_S) as plain, suppress(OSError):
            plain.sendall(chance.choice(beginnings) + chance.randbytes(chance.randrange(200)))
            if number % 3:
                plain.shutdown(socket.SHUT_WR)
                plain.recv(65536)
    with logged_in(daemon, organization) as transport:
        assert works(transport)


def test_u10_a_client_may_ask_for_the_login_service_before_each_try(daemon: Daemon) -> None:
    """As paramiko does, which tries the keys that it finds before the password."""
    organization = daemon.add("Mavericks")
    transport = connect(daemon.port)
    try:
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_publickey(organization.username, paramiko.ECDSAKey.generate())
        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_password(organization.username, "wrong password", fallback=False)
        transport.auth_password(organization.username, organization.password)
        assert works(transport)
    finally:
        transport.close()


def test_a02_huge_user_names_and_passwords_cost_nothing(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    for number, (name, password) in enumerate((("x" * 900, "y"), (organization.username, "p" * 30_000))):
        transport = connect(daemon.port, source=f"127.0.0.{150 + number}")
        try:
            with pytest.raises((paramiko.SSHException, EOFError)):
                transport.auth_password(name, password, fallback=False)
        finally:
            transport.close()
    with logged_in(daemon, organization) as transport:
        assert works(transport)


def test_u10_a_request_with_a_length_of_gigabytes_ends_its_channel_only(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    with logged_in(daemon, organization) as transport:
        wire = Wire(transport)
        with suppress(OSError, EOFError):
            wire.channel.sendall(struct.pack(">IB", 0xFFFFFFF0, OPEN) + b"\0" * 4 + NO_ATTRIBUTES)
            wire.channel.settimeout(2)
            wire.receive()
    with logged_in(daemon, organization) as transport:
        assert works(transport)
