"""What tests of customers' own servers do again and again (rule S2): name one, judge what came of its files."""

import hashlib
import subprocess
from pathlib import Path

from tests.acceptance.daemon import Daemon, Organization
from tests.acceptance.remote_servers import PASSWORD, RemoteServer, keygen

MIB = 1 << 20
NEVER = "0 3 29 2 *"
SOON = {"pull_quiet_time_s": 0.2, "pull_interval_s": 1}


def add(
    daemon: Daemon,
    organization: Organization,
    server: RemoteServer,
    *words: str,
    login: str = "key",
    port: int | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Name the organization's server."""
    secret = ("--password-stdin",) if login == "password" else ("--key", str(server.key))
    place = ("--host", "127.0.0.1", "--port", str(port or server.port), "--folder", server.root)
    return daemon.run(
        "pull",
        "add",
        organization.id,
        *place,
        "--user",
        server.username,
        *secret,
        *words,
        stdin=f"{PASSWORD}\n" if login == "password" else "",
    )


def fingerprint(server: RemoteServer) -> str:
    """What ssh-keygen says of its host key."""
    return keygen("-l", "-f", server.folder / "host_key.pub").split()[1]


def big(path: Path) -> bytes:
    """Write a users file of 12 MiB, and return its bytes."""
    rows = [f"p{n}@big.example,{str(n % 10) * 60_000}" for n in range(210)]
    path.write_text("User Email,Notes\n" + "\n".join(rows) + "\n", "ascii")
    return path.read_bytes()


def imported_once(daemon: Daemon, organization: Organization, data: bytes) -> None:
    """The bytes are one import, and nothing is on its way."""
    daemon.finished(organization)
    (record,) = daemon.imports(organization)
    shown = daemon.json("imports", "show", record["number"])
    assert shown["sha256"] == hashlib.sha256(data).hexdigest()
    assert shown["uploaded_by"] == "pull"
    assert organization.only("archive", ".csv").read_bytes() == data
    assert organization.files("incoming") == []
    emails = {line.partition(b",")[0].decode() for line in data.splitlines()[1:]}
    assert daemon.users(organization).keys() - {f"owner@{organization.id}.example"} == emails
