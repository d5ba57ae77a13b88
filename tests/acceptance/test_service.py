"""The daemon under a service manager (O4)."""

import configparser
import socket
from pathlib import Path

import pytest

from tests.acceptance.conftest import Start

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "rosterdrop.service"


def test_o04_systemd_is_told_when_the_daemon_is_ready_lives_and_stops(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        daemon = start()
        told: set[bytes] = set()
        while not told >= {b"READY=1", b"WATCHDOG=1"}:
            told.add(manager.recv(100))
        assert daemon.stop() == 0
        while b"STOPPING=1" not in told:
            told.add(manager.recv(100))
        assert told == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}


def test_o02_o04_the_unit_waits_for_what_the_daemon_does_at_its_end() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(UNIT, "utf-8")
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["KillMode"] == "mixed", "workers end with the daemon, not before it"
    assert int(service["TimeoutStopSec"]) > 30 + 10
    assert service["RestartPreventExitStatus"] == "2"
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "MemoryDenyWriteExecute"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert "ProcSubset" not in service, "boot_id is read from /proc/sys (U3)"
