"""Who may enter, and what they may do there (A1, A2, U11, O3)."""

import struct
from pathlib import Path

from tests.acceptance.attackers import FOR_WRITING, OK, WRITE, Wire, logged_in, text
from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import Client, client
from tests.acceptance.rosters import people


def test_a02_an_unknown_user_and_a_wrong_password_are_answered_alike(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    wrong = client(daemon, organization, password="no such password").sftp("ls")
    stranger = Client(daemon.folder, daemon.port, "Nobody_999", organization.password).sftp("ls")
    assert wrong.returncode == stranger.returncode == 255
    assert wrong.stderr.replace(organization.username, "?") == stranger.stderr.replace("Nobody_999", "?")
    assert "Permission denied" in wrong.stderr


def test_a01_a_new_password_replaces_the_old_one(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    assert len(organization.password) >= 20
    new = daemon.json("org", "password", organization.id)["password"]
    assert client(daemon, organization).sftp("ls").returncode == 255
    assert client(daemon, organization, password=new).sftp("ls").returncode == 0


def test_k_open_sessions_of_an_organization_end_when_it_is_disabled(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    with logged_in(daemon, organization) as transport:
        wire = Wire(transport)
        handle = wire.handle(b"/local/users.csv", FOR_WRITING)
        assert wire.status(WRITE, handle + struct.pack(">Q", 0) + text(b"half")) == OK
        assert daemon.run("org", "disable", organization.id).returncode == 0
        eventually(lambda: not transport.is_active(), what="the end of the session")
    daemon.wait_for("upload.partial", org=organization.id)


def test_k_a_disabled_organization_cannot_log_in_until_it_is_enabled(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    assert daemon.run("org", "disable", organization.id).returncode == 0
    assert client(daemon, organization).sftp("ls").returncode == 255
    assert daemon.run("org", "enable", organization.id).returncode == 0
    assert client(daemon, organization).sftp("ls").returncode == 0


def test_u11_nothing_but_sftp_is_served(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    for arguments, options in (
        (("id",), ()),
        ((), ("-T",)),
        ((), ("-tt",)),
        (("-s", "netconf"), ()),
        (("cat", "/etc/passwd"), ("-A", "-X")),
    ):
        done = customer.ssh(*arguments, options=options)
        assert done.returncode != 0, (arguments, options)
        assert "uid=" not in done.stdout
        assert "root:" not in done.stdout
    forwarded = customer.ssh(options=("-N", "-W", f"127.0.0.1:{daemon.port}"))
    assert forwarded.returncode != 0
    assert "SSH-2.0" not in forwarded.stdout
    assert customer.sftp("ls").returncode == 0


def test_o03_the_log_holds_no_passwords_addresses_or_values(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 40))
    daemon.finished(organization)
    client(daemon, organization, password="a mistyped password").sftp("ls")
    Client(daemon.folder, daemon.port, "hr@mavericks.example", "a mistyped password").sftp("ls")
    text = daemon.log_text()
    for secret in (organization.password, "mistyped", "@people.example", "@mavericks.example", "Number 7"):
        assert secret not in text, secret
    (accepted,) = daemon.events("upload.accepted", org=organization.id)
    assert accepted["name"] == "users.csv"
    assert daemon.events("login.succeeded", org=organization.id)[0]["address"] == "127.0.0.1"
    assert all(line.startswith("{") for line in text.splitlines()), "JSON only"
