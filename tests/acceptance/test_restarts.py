"""What the daemon knows after a restart of the files that it took just before (U4, U9)."""

from pathlib import Path

from tests.acceptance.conftest import Start
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people


def test_u04_u09_names_answer_and_uploads_count_on_after_a_restart(start: Start, tmp_path: Path) -> None:
    daemon = start(max_drops_per_hour=2)
    organization = daemon.add("Mavericks")
    path = people(tmp_path / "users.csv", 3)
    client(daemon, organization).put(path)
    daemon.finished(organization)
    daemon.restart()
    customer = client(daemon, organization)
    done = customer.sftp("ls -l /local/users.csv", "chmod 600 /local/users.csv")
    assert done.returncode == 0, done.stderr
    assert f" {path.stat().st_size} " in done.stdout
    assert customer.listing() == {}, "it answers when it is asked for, and is not there"
    customer.put(path, "second.csv")
    done = customer.sftp(f"put {path} /local/third.csv")
    assert done.returncode != 0
    (line,) = daemon.events("limit.reached", org=organization.id)  # OpenSSH shows no server's sentence
    assert line["reason"].startswith("Too many uploads")
    assert [line["name"] for line in daemon.finished(organization, 2)] == ["users.csv", "second.csv"]


def test_u09_an_organizations_own_limits_are_set_by_command(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks", max_file_mib="1")
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * ((1 << 20) + 1))
    done = client(daemon, organization).sftp(f"put {large} /local/large.csv")
    assert done.returncode != 0
    assert any(
        line["reason"].startswith("The file is too large: at most 1 MiB ")
        for line in daemon.events("limit.reached", org=organization.id)
    )
    assert daemon.run("org", "set", organization.id, "max_file_mib=default").returncode == 0
    assert daemon.json("org", "show", organization.id)["settings"]["max_file_mib"] == 2048
    client(daemon, organization).put(large)
