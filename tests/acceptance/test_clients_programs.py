"""Programs that customers send files with, as docs/clients.md tells them to (rules U3, U4, U5, U10)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from tests.acceptance.arrivals import (
    CUT_BYTES,
    NewMachine,
    arrived,
    breaks_and_resumes,
    new_machine,
    sends,
    whole,
)
from tests.acceptance.clients import WAYS, Machine
from tests.acceptance.cutting import cut_after
from tests.acceptance.daemon import DEADLINE_S, Daemon
from tests.acceptance.rosters import HEADER, people, roster, row
from tests.conftest import find_tool


@pytest.fixture
def new(daemon: Daemon, tmp_path: Path, keys: Path) -> NewMachine:
    return new_machine(daemon, tmp_path, keys)


@pytest.mark.parametrize(
    "way",
    [
        "sftp",
        "sftp -p",
        "sftp rename",
        "scp",
        "psftp",
        "lftp",
        "lftp temporary",
        "lftp put -c",
        "curl",
        "curl rename",
        "curl resume",
    ],
)
def test_u10_the_file_arrives_and_the_client_sees_no_error(way: str, daemon: Daemon, new: NewMachine) -> None:
    sends(daemon, new(), WAYS[way])


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("sftp", "sftp reput"),
        ("psftp", "psftp reput"),
        ("lftp", "lftp put -c"),
        ("curl", "curl resume"),
        ("sftp", "lftp put -c"),
    ],
)
def test_u03_a_broken_upload_goes_on_where_it_ended(
    first: str, again: str, daemon: Daemon, new: NewMachine
) -> None:
    breaks_and_resumes(daemon, new(), first=WAYS[first], again=WAYS[again])


def test_u03_lftp_comes_back_by_itself_when_the_network_does(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    # At most 17 WRITEs of 32 KiB are on their way. The file must be longer than that and what was answered: an lftp
    # that has read to the end when the network breaks may close a file that lacks it (docs/clients.md).
    rows = (f"{row(number)},{'x' * 1000}" for number in range(2_500))
    path = roster(customer.folder / "users.csv", *rows, header=f"{HEADER},Notes")
    settings = (
        "set net:max-retries 30",
        "set net:reconnect-interval-base 1",
        "set net:reconnect-interval-max 1",
    )
    patient = replace(WAYS["lftp"], typed=(*settings, *WAYS["lftp"].typed))
    with cut_after(CUT_BYTES, port=customer.port, comes_back=True) as cutter:
        done = customer.at(cutter.port).run(patient)
        assert cutter.has_cut.wait(10), done.printed
    done.well()
    arrived(daemon, customer.organization, path)
    assert daemon.events("upload.partial", org=customer.organization.id), (
        "it resumed, and did not send all of it again"
    )


def test_u10_sftp_sends_nothing_to_a_server_with_another_key(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    people(customer.folder / "users.csv", 5)
    customer.know(asyncssh.generate_private_key("ssh-ed25519").convert_to_public())
    done = customer.run(WAYS["sftp"])
    assert done.status != 0
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.printed
    organization = customer.organization
    assert daemon.events("login.succeeded", org=organization.id) == []
    customer.know(*customer.keys)
    sends(daemon, customer, WAYS["sftp"])


def outgoing(customer: Machine) -> tuple[Path, list[bytes]]:
    """A folder with three files, and their bytes."""
    folder = customer.folder / "outgoing"
    folder.mkdir()
    return folder, [
        people(folder / f"users{number}.csv", 20, first=100 * number).read_bytes() for number in range(3)
    ]


def test_u10_lftp_moves_a_folder(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    folder, contents = outgoing(customer)
    customer.run(WAYS["lftp mirror"]).well()
    whole(daemon, customer.organization, contents)
    assert list(folder.iterdir()) == []


def test_u10_lftp_mirrors_a_folder_twice_and_sends_all_twice(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    _, contents = outgoing(customer)
    again = replace(WAYS["lftp mirror"], typed=("mirror -R outgoing /local",))
    customer.run(again).well()
    customer.run(again).well()
    whole(daemon, customer.organization, contents * 2)


def test_u10_rclone_copies_a_file_and_moves_a_folder(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    (customer.folder / "known_hosts").symlink_to(customer.known_hosts)
    sends(daemon, customer, WAYS["rclone config"], WAYS["rclone"])
    folder, contents = outgoing(customer)
    customer.run(WAYS["rclone move"]).well()
    whole(daemon, customer.organization, [*contents, (customer.folder / "users.csv").read_bytes()])
    assert list(folder.iterdir()) == []


@contextmanager
def mounted(customer: Machine) -> Iterator[Path]:
    """Mount it by sshfs. Where the kernel has no FUSE the test is skipped, in CI too: no package brings that."""
    unmount = find_tool("fusermount3")
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as exc:
        pytest.skip(f"/dev/fuse cannot be opened, so that sshfs cannot mount: {exc.strerror}")
    folder = customer.folder / "mount"
    folder.mkdir()
    done = customer.run(WAYS["sshfs"])
    if done.status and "fusermount" in done.printed and not os.environ.get("CI"):
        pytest.skip(f"sshfs may not mount here: {done.printed.strip()}")
    done.well()
    try:
        yield folder
    finally:
        subprocess.run([unmount, "-u", folder], check=True, timeout=DEADLINE_S)


def test_u10_sshfs_copies_into_a_mounted_folder(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", 200)
    with mounted(customer):
        customer.run(WAYS["sshfs cp"]).well()
        arrived(daemon, customer.organization, path)


def test_u10_the_tests_find_words_of_trouble(new: NewMachine) -> None:
    customer = new()
    people(customer.folder / "users.csv", 2)
    done = customer.run(replace(WAYS["sftp"], typed=("-put users.csv /archive/",)))
    assert done.status == 0, "a leading hyphen forgives a command that fails"
    with pytest.raises(AssertionError):
        done.well()
