"""An organization's time: drops wait for it, and go at once when the schedule is taken away (S1, U4)."""

from pathlib import Path

from tests.acceptance.daemon import Daemon
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people


def test_s01_u04_a_drop_waits_for_its_time_listed_for_all_and_goes_when_the_schedule_is_set_back(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks", schedule="0 3 29 2 *")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 3))
    customer.put(people(tmp_path / "second.csv", 5))
    daemon.wait_for("import.waiting", org=organization.id)
    assert daemon.imports(organization)[0]["outcome"] == "waiting"
    assert set(customer.listing()) == {"users.csv", "second.csv"}
    assert len(daemon.users(organization)) == 1
    assert daemon.run("org", "set", organization.id, "schedule=at once").returncode == 0
    assert [line["name"] for line in daemon.finished(organization, 2)] == ["users.csv", "second.csv"]
    assert len(daemon.users(organization)) == 6


def test_s01_u04_a_waiting_drop_that_its_sender_removes_is_never_imported(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks", schedule="0 3 29 2 *")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 3))
    daemon.wait_for("import.waiting", org=organization.id)
    assert customer.sftp("rm /local/users.csv").returncode == 0
    assert "users.csv" not in customer.listing()
    for number in range(5):  # without a pause, so that nobody may have looked at the drop yet
        path = people(tmp_path / f"again{number}.csv", 3)
        assert customer.sftp(f"put {path} /local/{path.name}", f"rm /local/{path.name}").returncode == 0
    assert daemon.run("org", "set", organization.id, "schedule=at once").returncode == 0
    customer.put(people(tmp_path / "later.csv", 2), "later.csv")
    daemon.wait_for("import.finished", org=organization.id, outcome="imported")
    outcomes = {record["name"]: record["outcome"] for record in daemon.imports(organization)}
    removed = ["users.csv", *(f"again{number}.csv" for number in range(5))]
    assert outcomes == {"later.csv": "imported"} | dict.fromkeys(removed, "discarded")
