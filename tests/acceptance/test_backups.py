"""A backup that is made while files arrive and are imported, and a daemon that goes on from it (O5)."""

import json
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import COMMAND, Daemon, Organization, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people

BEFORE = 12  # files before the backup begins, each of so many people
PEOPLE = 400


def upload_many(daemon: Daemon, organization: Organization, folder: Path, *, first: int, count: int) -> None:
    paths = [folder / f"users{number}.csv" for number in range(first, first + count)]
    done = client(daemon, organization).sftp(*(f"put {path} /local/" for path in paths))
    assert done.returncode == 0, done.stderr


def filed_once(daemon: Daemon, organization: Organization) -> dict[str, Path]:
    """The archived bytes of each import, which are whole and stand once; nothing is on its way any more."""
    records = daemon.imports(organization)
    assert {record["outcome"] for record in records} == {"imported"}
    assert len({record["name"] for record in records}) == len(records), "nothing was imported twice"
    archived = {
        path for path in (organization.folder / "archive").iterdir() if not path.name.endswith(".report.html")
    }
    assert archived == {organization.folder / record["archived_as"] for record in records}
    assert not list((organization.folder / "queue").iterdir())
    return {record["name"]: organization.folder / record["archived_as"] for record in records}


def is_idle(organization: Organization) -> bool:
    return not organization.files("queue")


@pytest.mark.parametrize("target", ["backup", "backup.tar"])
def test_o05_a_backup_taken_under_load_holds_every_accepted_drop_in_one_place(
    start: Start, tmp_path: Path, target: str
) -> None:
    daemon = start(name="first")
    organizations = [daemon.add("Mavericks"), daemon.add("Iceman")]
    for number in (*range(1, BEFORE + 1), *range(50, 62)):
        people(tmp_path / f"users{number}.csv", PEOPLE, first=10_000 * number)
    for organization in organizations:
        upload_many(daemon, organization, tmp_path, first=1, count=BEFORE)
    before = {f"users{number}.csv" for number in range(1, BEFORE + 1)}
    daemon.finished(organizations[0])  # some are imported, some wait, more come
    more = [
        threading.Thread(target=upload_many, args=(daemon, one, tmp_path), kwargs={"first": 50, "count": 12})
        for one in organizations
    ]
    for thread in more:
        thread.start()
    made = daemon.json("backup", tmp_path / target)
    for thread in more:
        thread.join()
    assert made["organizations"] == [one.id for one in organizations]
    daemon.kill()

    second = start(name="second", running=False)
    restored = second.run("restore", tmp_path / target)
    assert restored.returncode == 0, restored.stderr
    assert "What to do next" in restored.stdout
    second.start()
    for organization in organizations:
        there = Organization(
            organization.id,
            organization.username,
            organization.password,
            second.data / "orgs" / organization.id,
        )
        eventually(partial(is_idle, there), what="the queue is worked")
        names = filed_once(second, there)
        assert all(path.read_bytes() == (tmp_path / name).read_bytes() for name, path in names.items())
        assert before <= set(names), "what was accepted before the backup began"
        assert len(second.users(there)) == len(names) * PEOPLE + 1
        assert client(second, there).listing("/local") == {}


def test_o05_a_killed_backup_leaves_nothing_that_restore_takes(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    big = organization.folder / "export" / "big.csv"
    big.write_bytes(bytes(64 << 20))
    target = tmp_path / "backup"
    process = subprocess.Popen([COMMAND, "backup", target], env=daemon.environment, cwd=daemon.folder)
    unfinished = tmp_path / ".backup.partial"
    eventually(
        lambda: unfinished.exists() and any(path.is_file() for path in unfinished.rglob("*")),
        what="it has begun",
    )
    process.kill()
    process.wait()
    assert not target.exists()
    second = start(name="second", running=False)
    for left in (unfinished, target):
        done = second.run("restore", left)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
    assert not list(second.data.glob("*"))
    assert daemon.json("backup", target)["files"] >= 2, "the next one clears up and works"
    assert not unfinished.exists()
    assert not (daemon.data / "backup-links").exists()
    assert second.run("restore", target).returncode == 0
    assert (second.data / "orgs" / organization.id / "export" / "big.csv").stat().st_size == 64 << 20


def test_o05_doctor_finds_nothing_wrong_while_files_arrive_and_are_imported(
    start: Start, tmp_path: Path
) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    for number in range(1, 13):
        people(tmp_path / f"users{number}.csv", PEOPLE, first=10_000 * number)
    uploading = threading.Thread(
        target=upload_many, args=(daemon, organization, tmp_path), kwargs={"first": 1, "count": 12}
    )
    uploading.start()
    of_the_machine = {"sqlite-old", "not-encrypted", "encryption-unknown", "disk-tight", "inodes-few"}
    for _ in range(2):
        answer = json.loads(daemon.run("doctor", "--json").stdout)
        assert answer["looked_at"]["daemon_runs"]
        assert {finding["code"] for finding in answer["findings"]} <= of_the_machine
    uploading.join()
