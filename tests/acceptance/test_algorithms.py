"""What an auditor's tool says of the daemon's algorithms, and what old clients get (A4)."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.acceptance.attackers import WAIT_S
from tests.acceptance.conftest import Start
from tests.acceptance.daemon import DEADLINE_S, Daemon
from tests.acceptance.openssh import client
from tests.contract.test_repository import ROOT, table_rows

SSH_AUDIT = Path(sys.executable).with_name("ssh-audit")


def marked(daemon: Daemon) -> dict[str, list[str]]:
    """What ssh-audit warns of or fails, by algorithm."""
    done = subprocess.run(
        [SSH_AUDIT, "-j", "--skip-rate-test", "-p", str(daemon.port), "127.0.0.1"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["cves"] == []
    return {
        entry["algorithm"]: notes
        for part in ("kex", "key", "enc", "mac")
        for entry in report[part]
        if (notes := [*entry["notes"].get("fail", []), *entry["notes"].get("warn", [])])
    }


def explained() -> set[str]:
    """The algorithms that docs/security.md keeps for older clients, with a reason."""
    rows = table_rows(ROOT / "docs" / "security.md")
    found = {row[0].strip("`") for row in rows if re.fullmatch(r"`[a-z0-9@.-]+`", row[0])}
    assert found
    return found


def test_a04_an_auditor_finds_nothing_by_default_but_what_is_kept_for_older_clients(daemon: Daemon) -> None:
    assert marked(daemon).keys() <= explained()


def test_a04_an_auditor_finds_nothing_at_all_in_strict(start: Start) -> None:
    assert marked(start(algorithms="strict")) == {}


OLD = (
    ("-oKexAlgorithms=diffie-hellman-group14-sha1",),
    ("-oKexAlgorithms=diffie-hellman-group-exchange-sha1",),
    ("-oCiphers=aes128-cbc",),
    ("-oMACs=hmac-sha1", "-oCiphers=aes128-ctr"),
    ("-oHostKeyAlgorithms=ssh-rsa",),
)
BROKEN = (
    ("-oKexAlgorithms=diffie-hellman-group1-sha1",),
    ("-oCiphers=3des-cbc",),
    ("-oMACs=hmac-md5", "-oCiphers=aes128-ctr"),
)


def test_a04_a_client_that_knows_sha1_and_cbc_only_gets_in_where_compatible_is_set_only(
    daemon: Daemon, start: Start
) -> None:
    usual = client(daemon, daemon.add("Mavericks"))
    compatible = start(algorithms="compatible")
    old = client(compatible, compatible.add("Mavericks"))
    for options in (*OLD, *BROKEN):
        assert usual.sftp("ls", options=options).returncode == 255, options
        assert old.sftp("ls", options=options).returncode == (0 if options in OLD else 255), options
    assert usual.sftp("ls").returncode == old.sftp("ls").returncode == 0


def test_a04_compatible_algorithms_are_offered_to_the_networks_that_need_them_only(start: Start) -> None:
    daemon = start(compatible_from="127.0.0.64/28")
    for source, offered in (("127.0.0.1", False), ("127.0.0.70", True)):
        banner = offered_to(daemon.port, source)
        assert (b"aes128-cbc" in banner) is offered, source
        assert (b"diffie-hellman-group14-sha1" in banner) is offered, source
        assert b"3des-cbc" not in banner
        assert b"aes256-gcm@openssh.com" in banner
    organization = daemon.add("Mavericks")
    assert client(daemon, organization).sftp("ls").returncode == 0


def _socket(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), WAIT_S, source_address=(source, 0))


def offered_to(port: int, source: str) -> bytes:
    """The server's KEXINIT as one address gets it."""
    with _socket(port, source) as plain:
        plain.sendall(b"SSH-2.0-look\r\n")
        told = b""
        while b"kex-strict-s-v00@openssh.com" not in told or len(told) < 900:
            more = plain.recv(65536)
            if not more:
                break
            told += more
        return told
