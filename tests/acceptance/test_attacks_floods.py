"""Many at once: mute connections, logins by the dozen; and what that leaves in the logs (A1, A2, U9, O3)."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest

from tests.acceptance.attackers import OK, WAIT_S, WRITE, Wire, farewell, logged_in, text, try_password
from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import Client, client
from tests.acceptance.rosters import people

MUTE = 150
LOGINS = 50
PASSWORD_CANARY = "CanaryPassword-7731-never-in-a-log"
CELL_CANARY = "Canarycell-5512"
ADDRESS_CANARY = "canary.person@leaks.example"


def mute(port: int, number: int) -> socket.socket:
    """A connection that says nothing, from one of ten addresses."""
    return socket.create_connection(
        ("127.0.0.1", port), WAIT_S, source_address=(f"127.0.1.{1 + number % 20}", 0)
    )


def test_u09_connections_that_say_nothing_keep_nobody_from_working_and_go_in_time(start: Start) -> None:
    daemon = start(max_startups=100, max_startups_per_address=10, login_timeout_s=4)
    organization = daemon.add("Mavericks")
    with logged_in(daemon, organization) as transport, ExitStack() as stack:
        wire = Wire(transport)
        for number in range(MUTE):
            stack.enter_context(mute(daemon.port, number))
        assert b"archive" in wire.names(b"/"), "a session that is open works on"
        assert b"(U9)" in farewell(daemon.port, source="127.0.1.200"), "and another is told why not"
        eventually(
            lambda: try_password(daemon.port, organization.username, organization.password) == "in",
            what="the mute ones are gone",
        )
        assert b"archive" in wire.names(b"/")


def test_a01_a02_fifty_logins_at_once_leave_an_open_session_working(start: Start) -> None:
    daemon = start(max_startups=100, max_sessions_per_org=100, ban_failures=0, lock_failures=0)
    organization = daemon.add("Mavericks")

    def attempt(number: int) -> str:
        password = organization.password if number % 2 else f"wrong {number}"
        return try_password(daemon.port, organization.username, password, source=f"127.0.2.{1 + number % 25}")

    with logged_in(daemon, organization) as transport:
        wire = Wire(transport)
        handle = wire.handle(b"/local/users.csv", 0x02 | 0x08 | 0x10)
        with ThreadPoolExecutor(LOGINS) as pool:
            attempts = [pool.submit(attempt, number) for number in range(LOGINS)]
            written = 0
            while not all(one.done() for one in attempts):
                line = b"User Email\n" if not written else f"person{written}@flood.example\n".encode()
                status = wire.status(WRITE, handle + written.to_bytes(8, "big") + text(line))
                assert status == OK
                written += len(line)
            outcomes = [one.result() for one in attempts]
        assert written, "the session worked while others logged in"
        assert outcomes[1::2] == ["in"] * (LOGINS // 2)
        assert "in" not in outcomes[::2]


def test_a02_a_flood_from_a_banned_address_asks_the_daemon_nothing(start: Start) -> None:
    daemon = start(ban_failures=3)
    organization = daemon.add("Mavericks")
    source = "127.0.3.1"
    for _ in range(3):
        try_password(daemon.port, organization.username, "wrong password", source=source)
    before = len(daemon.events("login.refused"))
    with logged_in(daemon, organization) as transport:
        wire = Wire(transport)
        for _ in range(200):
            assert b"(A2)" in farewell(daemon.port, source=source)
        assert b"archive" in wire.names(b"/")
    assert len(daemon.events("login.refused")) == before, "no password of a banned client is looked at"
    rows = eventually(
        lambda: [
            row for row in daemon.json("audit", "--event", "login.refused") if "(A2)" in (row["detail"] or "")
        ],
        what="the flood in the trail",
    )
    assert len(rows) <= 5, "one row a minute, not one for each connection"


def test_u09_one_address_has_ten_connections_before_login(start: Start) -> None:
    daemon = start(max_startups_per_address=10)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port), WAIT_S))
        eventually(
            lambda: b"of your address" in farewell(daemon.port, source="127.0.0.1"),
            what="the eleventh is refused",
        )
        assert b"(U9)" not in farewell(daemon.port, source="127.0.3.9"), "others come in"


def test_o03_a_run_with_failures_of_all_kinds_leaves_no_secret_in_log_or_trail(
    start: Start, tmp_path: Path
) -> None:
    daemon: Daemon = start()
    organization = daemon.add("Mavericks", login="either")
    new = daemon.run("org", "password", organization.id, "--password-stdin", stdin=f"{PASSWORD_CANARY}\n")
    assert new.returncode == 0
    customer = client(daemon, organization, password=PASSWORD_CANARY)
    good = people(tmp_path / "users.csv", 5)
    good.write_text(
        "User Email,User Name,Deactivation Date\n"
        f"{ADDRESS_CANARY},{CELL_CANARY},\n"
        f"not an address {CELL_CANARY},x,\n"
        f"second.{ADDRESS_CANARY},y,{CELL_CANARY}\n",
        "utf-8",
    )
    customer.put(good)
    broken = tmp_path / "broken.csv"
    broken.write_bytes(f"User Email,User Name\n{ADDRESS_CANARY},{CELL_CANARY}\xe9\n".encode("latin-1"))
    customer.put(broken)
    daemon.finished(organization, 2)
    client(daemon, organization, password=f"{PASSWORD_CANARY}x").sftp("ls")
    Client(daemon.folder, daemon.port, PASSWORD_CANARY, "x").sftp("ls")
    Client(daemon.folder, daemon.port, ADDRESS_CANARY, PASSWORD_CANARY).sftp("ls")
    with pytest.raises(paramiko.SSHException), logged_in(daemon, organization) as transport:
        transport.open_session(timeout=WAIT_S)
    daemon.run("imports", "undo", 1)
    eventually(lambda: daemon.json("audit", "--event", "login.refused"), what="refusals in the trail")
    daemon.stop()
    trail = daemon.run("audit", "--json").stdout
    for secret in (
        PASSWORD_CANARY,
        CELL_CANARY,
        ADDRESS_CANARY,
        organization.password,
        ADDRESS_CANARY.title(),
    ):
        assert secret not in daemon.log_text(), secret
        assert secret not in trail, secret
    database = b"".join(path.read_bytes() for path in daemon.data.glob("rosterdrop.sqlite*"))
    assert PASSWORD_CANARY.encode() not in database, (
        "nor is a password that was typed as a name kept anywhere"
    )
    assert organization.password.encode() not in database
