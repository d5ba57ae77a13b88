"""An organization is removed while the daemon works: sessions, queue, watcher and mails of it end (section K)."""

import shutil
import struct
from pathlib import Path

from tests.acceptance.attackers import FOR_WRITING, NO_SUCH_FILE, OK, STAT, WRITE, Wire, logged_in, text
from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people


def test_k_a_removed_organization_is_gone_and_its_id_is_free_while_the_daemon_runs(
    daemon: Daemon, tmp_path: Path
) -> None:
    other = daemon.add("Falcons")
    old = daemon.add("Mavericks", org_id="reused")
    customer = client(daemon, old)
    customer.put(people(tmp_path / "users.csv", 5))
    first = daemon.finished(old)[-1]["number"]
    shutil.copy(tmp_path / "users.csv", old.folder / "local" / "copied.csv.part")
    assert daemon.run("org", "set", old.id, "schedule=0 3 29 2 *").returncode == 0
    customer.put(tmp_path / "users.csv", "waiting.csv")
    daemon.wait_for("import.waiting", org=old.id)
    with logged_in(daemon, old) as transport:
        wire = Wire(transport)
        handle = wire.handle(b"/local/half.csv", FOR_WRITING)
        assert wire.status(WRITE, handle + struct.pack(">Q", 0) + text(b"half")) == OK
        assert daemon.run("org", "remove", old.id, "--yes").returncode == 1, "a file waits"
        assert transport.is_active()
        removed = daemon.run("org", "remove", old.id, "--yes", "--discard")
        assert removed.returncode == 0, removed.stderr
        eventually(lambda: not transport.is_active(), what="the end of the session")
    assert client(daemon, old).sftp("ls").returncode == 255
    assert not old.folder.exists()
    assert {one["to"] for one in daemon.json("mail", "list")}.isdisjoint({f"owner@{old.id}.example"})

    new = daemon.add("Mavericks", org_id="reused")
    assert (new.username, new.folder) == (old.username, old.folder)
    assert client(daemon, new, password=old.password).sftp("ls").returncode == 255
    customer = client(daemon, new)
    assert set(customer.listing("/local")) == set()
    assert set(customer.listing("/archive")) == set()
    with logged_in(daemon, new) as transport:
        wire = Wire(transport)
        for name in (b"users.csv", b"waiting.csv", b"half.csv"):
            assert wire.status(STAT, text(b"/local/" + name)) == NO_SUCH_FILE
    customer.put(people(tmp_path / "again.csv", 3))
    (last,) = [line for line in daemon.wait_for("import.finished", 2, org=new.id) if line["number"] > first]
    assert last["outcome"] == "imported"
    assert len(daemon.users(new)) == 4
    shutil.copy(tmp_path / "again.csv", new.folder / "local" / "copied.csv")
    daemon.wait_for("import.finished", 3, org=new.id)
    assert len(daemon.users(other)) == 1
