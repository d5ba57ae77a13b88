"""Support accounts see every organization's files, may only read, and leave traces (A6, A5)."""

from pathlib import Path

import pytest

from tests.acceptance.attackers import Wire, connect
from tests.acceptance.daemon import Daemon, Organization, eventually
from tests.acceptance.openssh import Client, client
from tests.acceptance.rosters import people
from tests.acceptance.test_keys import KeyClient, new_key


def test_a06_support_sees_all_organizations_read_only_and_is_audited(daemon: Daemon, tmp_path: Path) -> None:
    organization, other = daemon.add("Mavericks"), daemon.add("Falcons")
    client(daemon, organization).put(people(tmp_path / "users.csv", 5))
    daemon.finished(organization)
    (archived,) = [name for name in organization.files("archive") if name.endswith(".csv")]
    account = daemon.json("support", "add", "Ann Smith")
    assert set(account) == {"name", "username", "password"}
    assert account["username"] == "Ann_Smith"
    assert daemon.run("support", "add", organization.username).returncode == 2, "the user name is taken"
    ann = Client(daemon.folder, daemon.port, account["username"], account["password"])

    assert {organization.id, other.id} <= ann.listing("/").keys()
    assert ann.listing(f"/{organization.id}").keys() == {"archive", "error", "export", "held"}
    assert archived in ann.listing(f"/{organization.id}/archive")
    assert ann.listing(f"/{organization.id}/held") == {}
    got = tmp_path / "got.csv"
    assert ann.sftp(f"get /{organization.id}/archive/{archived} {got}").returncode == 0
    assert got.read_bytes() == (tmp_path / "users.csv").read_bytes()

    for command in (
        f"put {got} /{organization.id}/archive/new.csv",
        f"put {got} /{organization.id}/local/new.csv",
        f"rm /{organization.id}/archive/{archived}",
        f"rename /{organization.id}/archive/{archived} /{organization.id}/archive/x.csv",
        f"mkdir /{organization.id}/archive/folder",
        f"rmdir /{organization.id}/archive",
        f"chmod 777 /{organization.id}/archive/{archived}",
        f"ls /{organization.id}/local",
        f"ls /{organization.id}/queue",
        f"ls /{organization.id}/../../keys",
        "ls /../keys",
        "ls /nobody",
        f"ln -s /etc/passwd /{organization.id}/archive/link",
    ):
        assert ann.sftp(command).returncode != 0, command
    assert archived in organization.files("archive")

    def seen() -> list[str]:
        rows = daemon.json("audit", "--org", organization.id, "--who", "Ann_Smith")
        return [f"{row['event']} {row['detail']}" for row in rows]

    download = f"file.downloaded /{organization.id}/archive/{archived}"
    eventually(lambda: download in seen(), what="the download in the trail")
    assert f"folder.listed /{organization.id}/archive" in seen()

    assert daemon.run("support", "remove", "Ann Smith").returncode == 0
    assert ann.sftp("ls").returncode == 255


def test_a06_g01_support_reads_what_is_held(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks", guard_floor="1", guard_change_percent="10")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 20))
    daemon.finished(organization)
    second = tmp_path / "second.csv"
    second.write_text((tmp_path / "users.csv").read_text("utf-8").replace("Number", "Another"), "utf-8")
    customer.put(second)
    (held,) = daemon.wait_for("import.held", org=organization.id)
    account = daemon.json("support", "add", "Bob")
    bob = Client(daemon.folder, daemon.port, account["username"], account["password"])
    (name,) = bob.listing(f"/{organization.id}/held")
    assert name == f"{held['number']:06d}-second.csv"
    got = tmp_path / "got.csv"
    assert bob.sftp(f"get /{organization.id}/held/{name} {got}").returncode == 0
    assert got.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("how", ["remove", "password", "key"])
def test_a06_open_sessions_of_an_account_end_when_it_is_removed_or_its_login_changes(
    how: str, daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    key = new_key(tmp_path)
    account = daemon.json("support", "add", f"Dora {how}", "--key", f"{key}.pub")
    name = account["username"]
    words = {
        "remove": ("remove", name),
        "password": ("password", name),
        "key": ("key", "remove", name, daemon.json("support", "key", "list", name)[0]["fingerprint"]),
    }[how]
    transport = connect(daemon.port)
    try:
        transport.auth_password(name, account["password"])
        wire = Wire(transport)
        assert organization.id.encode() in wire.names(b"/")
        assert daemon.run("support", *words).returncode == 0
        eventually(lambda: not transport.is_active(), what="the end of the session")
    finally:
        transport.close()
    (closed,) = daemon.wait_for("session.closed", account=name)
    assert closed["reason"].endswith("(A6)")


def test_a06_a_support_account_gets_another_password_and_other_keys(daemon: Daemon, tmp_path: Path) -> None:
    account = daemon.json("support", "add", "Fay")
    fay = Client(daemon.folder, daemon.port, account["username"], account["password"])
    assert fay.sftp("ls").returncode == 0
    changed = daemon.json("support", "password", "Fay")
    assert changed == {"name": "Fay", "username": "Fay", "password": changed["password"]}
    assert fay.sftp("ls").returncode == 255
    assert Client(daemon.folder, daemon.port, "Fay", changed["password"]).sftp("ls").returncode == 0
    key = new_key(tmp_path)
    with_key = KeyClient(daemon, Organization("", "Fay", "", tmp_path), key)
    assert with_key.listing().returncode == 255
    assert daemon.run("support", "key", "add", "Fay", f"{key}.pub").returncode == 0
    assert with_key.listing().returncode == 0
    (listed,) = daemon.json("support", "key", "list", "Fay")
    assert daemon.run("support", "key", "remove", "Fay", listed["fingerprint"][:20]).returncode == 0
    assert with_key.listing().returncode == 255
    trail = [(row["event"], row["detail"]) for row in daemon.json("audit") if "Fay" in (row["detail"] or "")]
    assert trail == [
        ("key.removed", f"Fay {listed['fingerprint']}"),
        ("key.added", f"Fay {listed['fingerprint']}"),
        ("password.changed", "Fay"),
        ("support.added", "Fay"),
    ]


def test_a06_a_support_account_logs_in_with_its_key(daemon: Daemon, tmp_path: Path) -> None:
    key = new_key(tmp_path)
    account = daemon.json("support", "add", "Emil", "--key", f"{key}.pub")
    emil = Organization("", account["username"], "", tmp_path)
    assert KeyClient(daemon, emil, key).listing().returncode == 0
    assert daemon.run("support", "remove", "Emil").returncode == 0
    assert KeyClient(daemon, emil, key).listing().returncode == 255
