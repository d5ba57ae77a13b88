"""What a kill, a stop and a second daemon do to accepted files (U2, O2, O6)."""

import signal
import socket
from pathlib import Path

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon, Organization, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people

MANY = 8


def each_imported_once(daemon: Daemon, organization: Organization, names: list[str]) -> None:
    """Each of the files was imported, once, in order; nothing of them is left on the way."""
    for name in names:
        daemon.wait_for("import.finished", org=organization.id, name=name)
    records = daemon.imports(organization)
    assert [(record["name"], record["outcome"]) for record in records] == [
        (name, "imported") for name in names
    ]
    assert not list((organization.folder / "queue").iterdir())
    archived = [name for name in organization.files("archive") if not name.endswith(".report.html")]
    assert archived == [Path(record["archived_as"]).name for record in records]
    created = sum(record["counts"]["users_created"] for record in records)
    assert created + 1 == len(daemon.users(organization)), "nobody was made twice"


def test_u02_after_kill_9_each_queued_file_is_imported_exactly_once(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    names = [f"users{number}.csv" for number in range(MANY)]
    for number, name in enumerate(names):
        people(tmp_path / name, 2_000, first=1_000 * number)
    done = client(daemon, organization).sftp(*(f"put {tmp_path / name} /local/" for name in names))
    assert done.returncode == 0, done.stderr
    daemon.finished(organization)
    daemon.kill()
    assert list((organization.folder / "queue").iterdir()), "it was killed before the queue was empty"
    daemon.start()
    each_imported_once(daemon, organization, names)


def test_u02_a_killed_worker_costs_no_file_and_doubles_none(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    names = ["first.csv", "second.csv"]
    people(tmp_path / names[0], 50_000)
    people(tmp_path / names[1], 30, first=60_000)
    done = client(daemon, organization).sftp(*(f"put {tmp_path / name} /local/" for name in names))
    assert done.returncode == 0, done.stderr
    eventually(lambda: started(daemon, organization, "first.csv"), what="the import has begun")
    daemon.kill_worker()
    daemon.wait_for("worker.died", org=organization.id)
    each_imported_once(daemon, organization, names)


def started(daemon: Daemon, organization: Organization, name: str) -> bool:
    return any(record["name"] == name for record in daemon.imports(organization))


def test_o02_workers_end_with_a_killed_daemon(start: Start) -> None:
    daemon = start()
    workers = daemon.workers()
    assert workers
    daemon.kill()
    eventually(
        lambda: not any(Path(f"/proc/{pid}/cwd").exists() for pid in workers),
        what="the workers have ended",
        within_s=5,
    )
    daemon.start()


def test_o02_sigterm_ends_the_daemon_with_status_0_and_refuses_new_connections(start: Start) -> None:
    daemon = start()
    port = daemon.port
    assert daemon.stop() == 0
    assert daemon.lines()[-1]["event"] == "server.stopped"
    with socket.socket() as connection:
        connection.settimeout(5)
        assert connection.connect_ex(("127.0.0.1", port)) != 0


def test_o02_sigterm_lets_a_running_upload_finish(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    path = people(tmp_path / "users.csv", 10_000)
    upload = client(daemon, organization).begin_put(path, "users.csv", kbit_s=3_000)
    eventually(lambda: organization.arriving_bytes() > 60_000, what="some of the file")
    assert daemon.stop() == 0
    assert upload.finish() == 0
    daemon.start()
    each_imported_once(daemon, organization, ["users.csv"])


def test_o02_a_second_daemon_is_refused_in_one_line_and_changes_nothing(start: Start) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    before = (daemon.data / "daemon.json").read_bytes()
    second = daemon.run("serve")
    assert second.returncode == 2
    assert second.stdout == ""
    assert len(second.stderr.splitlines()) == 1, second.stderr
    assert (daemon.data / "daemon.json").read_bytes() == before
    assert set(client(daemon, organization).listing("/")) == {"local", "archive", "error", "export"}


def test_o06_a_damaged_database_stops_the_start_in_one_line(start: Start, tmp_path: Path) -> None:
    daemon = start(running=False)
    organization = daemon.add("Mavericks")
    daemon.json("import", people(tmp_path / "users.csv", 3), "--org", organization.id, "--no-wait")
    database = daemon.data / "rosterdrop.sqlite"
    damaged = b"not a database" + database.read_bytes()[14:]
    database.write_bytes(damaged)
    done = daemon.run("serve")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert database.read_bytes() == damaged
    assert len(list((organization.folder / "queue").iterdir())) == 1


def test_o01_o06_every_bad_setting_is_named_at_once(start: Start) -> None:
    daemon = start(running=False, port="many", quiet_time_s=-1)
    done = daemon.run("serve")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "ROSTERDROP_PORT" in done.stderr
    assert "ROSTERDROP_QUIET_TIME_S" in done.stderr
    assert not daemon.data.exists()


def test_o02_a_data_folder_can_be_moved_while_no_daemon_runs(start: Start, tmp_path: Path) -> None:
    first = start(name="here")
    organization = first.add("Mavericks")
    client(first, organization).put(people(tmp_path / "users.csv", 10))
    first.finished(organization)
    assert first.stop() == 0
    second = start(name="there", running=False)
    first.data.rename(second.data)
    second.start()
    moved = Organization(
        organization.id, organization.username, organization.password, second.data / "orgs" / organization.id
    )
    assert len(second.users(moved)) == 11
    client(second, moved).put(people(tmp_path / "users.csv", 10))
    assert second.finished(moved)[0]["users_unchanged"] == 10


def test_o02_ctrl_c_ends_the_daemon_as_sigterm_does(start: Start) -> None:
    daemon = start()
    daemon.signal(signal.SIGINT)
    assert daemon.stop() == 0
