"""Files that an operator copies into local/ (U8)."""

import os
import shutil
import signal
from pathlib import Path

from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people


def test_u08_a_copied_file_is_taken_and_goes_like_an_upload(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    shutil.copy(people(tmp_path / "users.csv", 5), organization.folder / "local")
    (finished,) = daemon.finished(organization)
    assert (finished["name"], finished["outcome"]) == ("users.csv", "imported")
    assert not organization.files("local")
    assert daemon.json("imports", "show", finished["number"])["uploaded_by"] == "local folder"


def test_u08_strange_files_are_left_alone_and_stop_no_other(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    local = organization.folder / "local"
    secret = people(tmp_path / "secret.csv", 3)
    os.mkfifo(local / "fifo.csv")
    (local / "link.csv").symlink_to(secret)
    (local / "dangling.csv").symlink_to(tmp_path / "nowhere.csv")
    os.link(secret, local / "second-link.csv")
    (local / "folder.csv").mkdir()
    Path(os.fsdecode(os.fsencode(local) + b"/latin-\xe9.csv")).write_bytes(secret.read_bytes())
    before = sorted(os.listdir(os.fsencode(local)))
    shutil.copy(people(tmp_path / "users.csv", 5), local)
    assert [one["name"] for one in daemon.finished(organization)] == ["users.csv"]
    assert sorted(os.listdir(os.fsencode(local))) == before
    ignored = daemon.wait_for("drop_in.ignored", len(before), org=organization.id)
    shutil.copy(people(tmp_path / "more.csv", 5), local)
    daemon.finished(organization, 2)
    assert daemon.events("drop_in.ignored", org=organization.id) == ignored, "each is reported once"
    assert len(ignored) == len(before)


def test_u08_a_file_that_somebody_writes_waits_until_he_has_closed_it(daemon: Daemon, tmp_path: Path) -> None:
    organization, other = daemon.add("Mavericks"), daemon.add("Rockets")
    content = people(tmp_path / "users.csv", 50).read_bytes()
    with (organization.folder / "local" / "users.csv").open("wb") as file:
        file.write(content[:1000])
        file.flush()
        # Another organization's copy, which is begun later, needs the quiet time and a scan as well.
        shutil.copy(people(tmp_path / "other.csv", 5), other.folder / "local")
        daemon.finished(other)
        shutil.copy(people(tmp_path / "other.csv", 5), other.folder / "local" / "again.csv")
        daemon.finished(other, 2)
        assert not daemon.events("import.finished", org=organization.id)
        assert organization.files("local") == ["users.csv"]
        file.write(content[1000:])
    (finished,) = daemon.finished(organization)
    assert finished["users_created"] == 50


def test_u08_temporary_names_in_local_are_taken_when_they_are_renamed(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    local = organization.folder / "local"
    shutil.copy(people(tmp_path / "users.csv", 5), local / ".users.csv.rsync")
    shutil.copy(people(tmp_path / "other.csv", 2, first=50), local / "other.csv")
    assert [one["name"] for one in daemon.finished(organization)] == ["other.csv"]
    (local / ".users.csv.rsync").rename(local / "users.csv")
    daemon.wait_for("import.finished", org=organization.id, users_created=5)


def test_u08_u01_the_customer_sees_what_the_operator_put_there(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    people(organization.folder / "local" / ".hidden.csv", 3)
    seen = client(daemon, organization).sftp("ls -la /local")
    assert ".hidden.csv" in seen.stdout


def test_u08_files_that_came_while_no_daemon_ran_are_taken_at_the_start(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    daemon.stop()
    people(organization.folder / "local" / "users.csv", 3)
    daemon.start()
    assert daemon.finished(organization)[0]["users_created"] == 3
    eventually(lambda: not organization.files("local"), what="local/ is empty")


def test_u08_a_removed_local_folder_is_made_again_and_watched(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    local = organization.folder / "local"
    shutil.rmtree(local)
    eventually(local.is_dir, what="local/ is there again")
    shutil.copy(people(tmp_path / "users.csv", 5), local)
    assert daemon.finished(organization)[0]["users_created"] == 5


def test_u08_a_new_organizations_first_file_is_taken_at_once(daemon: Daemon, tmp_path: Path) -> None:
    path = people(tmp_path / "users.csv", 5)
    organization = daemon.add("Mavericks")
    shutil.copy(path, organization.folder / "local")
    assert daemon.finished(organization)[0]["users_created"] == 5


def test_u08_a_file_whose_event_was_lost_is_found_by_the_next_scan(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    local = organization.folder / "local"
    shutil.copy(people(tmp_path / "first.csv", 2), local)
    daemon.finished(organization)
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    noise = local / ".noise"
    daemon.signal(signal.SIGSTOP)  # nobody takes events now: the queue runs over, and what comes then is lost
    try:
        for _ in range(most):
            noise.touch()
            noise.unlink()
        shutil.copy(people(tmp_path / "users.csv", 5, first=50), local)
    finally:
        daemon.signal(signal.SIGCONT)
    assert [line["name"] for line in daemon.finished(organization, 2)] == ["first.csv", "users.csv"]
