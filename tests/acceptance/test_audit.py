"""Everything that the audit trail must hold is in it, and can be searched and exported (A5)."""

import csv
from pathlib import Path
from typing import Any

from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people


def test_a05_logins_uploads_downloads_settings_and_keys_are_written_down(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 5))
    daemon.finished(organization)
    (archived,) = [name for name in organization.files("archive") if name.endswith(".csv")]
    assert customer.sftp(f"get /archive/{archived} {tmp_path / 'again.csv'}").returncode == 0
    assert daemon.run("org", "set", organization.id, "dates=dmy", "recipients=hr@x.example").returncode == 0
    assert daemon.run("org", "password", organization.id).returncode == 0
    assert daemon.run("org", "disable", organization.id).returncode == 0

    def trail() -> dict[str, dict[str, Any]]:
        rows = daemon.json("audit", "--org", organization.id)
        return {row["event"]: row for row in rows}

    wanted = {
        "organization.added",
        "login.succeeded",
        "upload.accepted",
        "file.downloaded",
        "setting.changed",
        "password.changed",
        "organization.disabled",
    }
    found = eventually(lambda: wanted <= trail().keys() and trail(), what="all events in the trail")
    assert set(found["upload.accepted"]) == {"at", "org", "who", "address", "event", "outcome", "detail"}
    assert found["upload.accepted"]["who"] == organization.username
    assert found["upload.accepted"]["address"] == "127.0.0.1"
    assert found["upload.accepted"]["detail"].startswith("users.csv (")
    assert found["file.downloaded"]["detail"] == f"/archive/{archived}"
    assert found["password.changed"]["who"].startswith("operator:")
    settings = daemon.json("audit", "--org", organization.id, "--event", "setting")
    assert {row["detail"] for row in settings} == {"dates: auto -> dmy", "recipients"}
    assert "example" not in str([row["detail"] for row in daemon.json("audit", "--org", organization.id)])

    table = tmp_path / "audit.csv"
    assert daemon.run("audit", "--org", organization.id, "--csv", table).returncode == 0
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["event"] == "organization.added"
    assert len(rows) == len(daemon.json("audit", "--org", organization.id))
    assert daemon.json("audit", "--org", organization.id, "--until", "2020-01-01") == []


def test_a05_u08_files_from_the_command_line_and_from_local_are_uploads_too(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    file = people(tmp_path / "users.csv", 3)
    assert daemon.run("import", file, "--org", organization.id).returncode == 0
    (organization.folder / "local" / "copied.csv").write_bytes(file.read_bytes())
    daemon.finished(organization, 2)

    def uploads() -> set[str]:
        rows = daemon.json("audit", "--org", organization.id, "--event", "upload.accepted")
        return {f"{row['who'].partition(':')[0]} {row['detail'].partition(' ')[0]}" for row in rows}

    eventually(
        lambda: uploads() == {"operator users.csv", "local folder copied.csv"}, what="both in the trail"
    )


def test_a05_u04_what_a_client_does_to_a_taken_name_is_written_down(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    file = people(tmp_path / "users.csv", 3)
    done = client(daemon, organization).sftp(
        f"put {file} /local/users.csv", "rename /local/users.csv /local/sent.csv", "rm /local/sent.csv"
    )
    assert done.returncode == 0, done.stderr

    def found() -> list[str]:
        rows = daemon.json("audit", "--org", organization.id, "--event", "upload")
        return [row["event"] for row in rows][::-1]

    eventually(
        lambda: found() == ["upload.accepted", "upload.renamed", "upload.removed"],
        what="all three in the trail",
    )
    assert len(daemon.finished(organization)) == 1
