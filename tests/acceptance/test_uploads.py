"""What OpenSSH's sftp does to /local (U1 to U6, U11)."""

import os
from pathlib import Path

import pytest

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon, Organization, eventually
from tests.acceptance.openssh import Client, client
from tests.acceptance.rosters import people, roster, row

SLOW_KBIT_S = 800  # 100 kB/s: the file below takes some ten seconds
BIG = 20_000  # people, 1 MB


def broken_upload(
    daemon: Daemon, organization: Organization, path: Path, *, with_ssh: bool
) -> tuple[Client, int]:
    """Kill a client in the middle of an upload; return what of it has arrived."""
    customer = client(daemon, organization)
    upload = customer.begin_put(path, "users.csv", kbit_s=SLOW_KBIT_S)
    eventually(lambda: organization.arriving_bytes() > 60_000, what="some of the file")
    upload.kill(with_ssh=with_ssh)
    daemon.wait_for("session.ended", org=organization.id)
    arrived = customer.listing()["users.csv"]
    assert 0 < arrived < path.stat().st_size
    return customer, arrived


@pytest.mark.parametrize("with_ssh", [True, False], ids=["sftp and ssh", "sftp only"])
def test_u03_a_killed_client_leaves_nothing_to_process(
    with_ssh: bool, daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    customer, _ = broken_upload(daemon, organization, people(tmp_path / "users.csv", BIG), with_ssh=with_ssh)
    customer.put(people(tmp_path / "later.csv", 3), "later.csv")
    daemon.finished(organization)
    assert [record["name"] for record in daemon.imports(organization)] == ["later.csv"]
    assert "users.csv" in customer.listing()


def test_u03_reput_completes_a_broken_upload_after_a_restart(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    path = people(tmp_path / "users.csv", BIG)
    _, arrived = broken_upload(daemon, organization, path, with_ssh=True)
    daemon.restart()
    customer = client(daemon, organization)
    assert customer.listing()["users.csv"] == arrived
    done = customer.sftp(f"reput {path} /local/users.csv")
    assert done.returncode == 0, done.stderr
    (finished,) = daemon.finished(organization)
    assert (finished["outcome"], finished["users_created"]) == ("imported", BIG)
    assert organization.only("archive", "-users.csv").read_bytes() == path.read_bytes()


def test_u03_a_broken_upload_can_be_deleted_from_another_session(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer, _ = broken_upload(daemon, organization, people(tmp_path / "users.csv", BIG), with_ssh=True)
    assert customer.sftp("rm /local/users.csv").returncode == 0
    assert customer.listing() == {}
    assert not list((organization.folder / "incoming").iterdir())


def test_r01_a_file_that_ctrl_c_cut_off_is_refused_and_not_half_imported(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    upload = customer.begin_put(people(tmp_path / "users.csv", BIG), "users.csv", kbit_s=SLOW_KBIT_S)
    eventually(lambda: organization.arriving_bytes() > 60_000, what="some of the file")
    upload.interrupt()
    daemon.wait_for("session.ended", org=organization.id)
    customer.put(people(tmp_path / "later.csv", 3), "later.csv")
    daemon.wait_for("import.finished", org=organization.id, name="later.csv")
    outcomes = {record["name"]: record["outcome"] for record in daemon.imports(organization)}
    assert outcomes.pop("later.csv") == "imported"
    assert outcomes in ({}, {"users.csv": "refused"}), "sftp closes half a file, or dies before it does"
    assert len(daemon.users(organization)) == 4


def test_u04_put_with_p_sees_the_file_that_was_taken_at_once(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    path = people(tmp_path / "users.csv", 5)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    customer = client(daemon, organization)
    done = customer.sftp(
        f"put -p {path} /local/users.csv", "ls -l /local/users.csv", "chmod 600 /local/users.csv"
    )
    assert done.returncode == 0, done.stderr
    assert str(path.stat().st_size) in done.stdout
    daemon.finished(organization)
    assert customer.sftp("ls /local/users.csv", "rm /local/users.csv").returncode == 0
    assert customer.sftp("ls /local/users.csv").returncode != 0
    assert [record["outcome"] for record in daemon.imports(organization)] == ["imported"]


def test_u05_a_temporary_name_is_taken_when_it_is_renamed(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 4), "users.csv.filepart")
    customer.put(people(tmp_path / "other.csv", 2, first=100))
    assert "users.csv.filepart" in customer.listing()
    assert [one["name"] for one in daemon.finished(organization)] == ["other.csv"]
    assert customer.sftp("rename /local/users.csv.filepart /local/users.csv").returncode == 0
    assert [one["name"] for one in daemon.finished(organization, 2)] == ["other.csv", "users.csv"]


def test_u06_the_same_name_twice_is_imported_twice_in_order(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    first = roster(tmp_path / "first.csv", row(1, last="First"))
    second = roster(tmp_path / "second.csv", row(1, last="Second"))
    done = client(daemon, organization).sftp(
        f"put {first} /local/users.csv", f"put {second} /local/users.csv"
    )
    assert done.returncode == 0, done.stderr
    one, two = daemon.finished(organization, 2)
    assert (one["users_created"], two["users_updated"]) == (1, 1)
    assert daemon.users(organization)["person1@people.example"]["last_name"] == "Second"
    assert len([name for name in organization.files("archive") if name.endswith("-users.csv")]) == 2


def test_u07_drops_of_one_organization_are_imported_in_the_order_of_acceptance(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    names = [f"users{number}.csv" for number in range(12)]
    for number, name in enumerate(names):
        roster(tmp_path / name, row(1, last=f"Version {number}"))
    done = client(daemon, organization).sftp(*(f"put {tmp_path / name} /local/{name}" for name in names))
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in daemon.finished(organization, len(names))] == names
    assert daemon.users(organization)["person1@people.example"]["last_name"] == "Version 11"


def test_u01_nothing_but_the_four_folders_exists(daemon: Daemon, tmp_path: Path) -> None:
    organization, neighbour = daemon.add("Mavericks"), daemon.add("Rockets")
    customer = client(daemon, organization)
    assert customer.sftp("pwd").stdout.splitlines()[-1].endswith(": /")
    assert set(customer.listing("/")) == {"local", "archive", "error", "export"}
    assert set(customer.listing("/../..")) == {"local", "archive", "error", "export"}
    password_file = tmp_path / "got"
    outside = (
        "get /../../../../../etc/passwd",
        "get /etc/passwd",
        "get /local/../../../../../../etc/passwd",
        f"get /../{neighbour.id}/archive",
        "get /queue",
        "get ../../rosterdrop.sqlite",
        "get /local/../incoming",
    )
    for command in outside:
        done = customer.sftp(f"{command} {password_file}")
        assert done.returncode != 0, command
        assert not password_file.exists(), command


def test_u01_links_folders_and_files_elsewhere_are_refused(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    path = people(tmp_path / "users.csv", 2)
    secret = tmp_path / "secret.csv"
    secret.write_text("secret", "ascii")
    (organization.folder / "archive" / "link.csv").symlink_to(secret)
    for command in (
        "symlink /etc/passwd /local/link.csv",
        "ln /archive /local/link",
        "mkdir /local/folder",
        f"put {path} /users.csv",
        f"put {path} /archive/users.csv",
        f"put {path} /local/folder/users.csv",
        f"get /archive/link.csv {tmp_path / 'got'}",
        "rename /archive /local/archive",
        "rm /archive/link.csv",
        "rmdir /local",
    ):
        assert customer.sftp(command).returncode != 0, command
    assert not (tmp_path / "got").exists()
    assert daemon.imports(organization) == []


def test_u10_scp_copies_a_file_and_ends_with_status_0(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    done = client(daemon, organization).scp(people(tmp_path / "users.csv", 3), "/local/users.csv")
    assert done.returncode == 0, done.stderr
    assert daemon.finished(organization)[0]["outcome"] == "imported"


def test_r01_the_customer_downloads_the_report_and_the_refused_rows(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(roster(tmp_path / "users.csv", row(1), "nobody,,,,,"))
    daemon.finished(organization)
    (tmp_path / "got").mkdir()
    done = customer.sftp(f"get /error/* {tmp_path / 'got'}", f"get /archive/* {tmp_path / 'got'}")
    assert done.returncode == 0, done.stderr
    got = {path.name: path.read_bytes() for path in (tmp_path / "got").iterdir()}
    assert len(got) == 4, "the file and its report, the table of problems, the refused row"
    for folder in ("error", "archive"):
        for path in (organization.folder / folder).iterdir():
            assert got[path.name] == path.read_bytes()
