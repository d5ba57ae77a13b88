"""Bans and locks as attackers and operators meet them, and the audit trail of it (A2, A5)."""

from typing import Any

from tests.acceptance.attackers import farewell, try_password
from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon, eventually

HERE = "127.0.0.1"


def fail(daemon: Daemon, username: str, times: int, *, source: str) -> list[str]:
    return [try_password(daemon.port, username, "wrong password", source=source) for _ in range(times)]


def bans(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.json("bans", "list")
    return found


def test_a02_the_tenth_failure_bans_an_address_until_it_is_lifted(start: Start) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    source = "127.0.0.11"
    assert set(fail(daemon, organization.username, 10, source=source)) == {"refused"}
    assert (
        try_password(daemon.port, organization.username, organization.password, source=source) == "not let in"
    )
    told = farewell(daemon.port, source=source)
    assert b"Too many failed logins from your address: try again in 15 minutes (A2)" in told
    assert told.startswith(b"SSH-2.0-rosterdrop\r\n")
    assert b"curve25519" not in told, "nothing else: no key exchange"
    (ban,) = eventually(lambda: bans(daemon), what="the ban in the list")
    assert (ban["kind"], ban["value"], ban["failures"]) == ("address", source, 10)
    assert (
        try_password(daemon.port, organization.username, organization.password, source="127.0.0.12") == "in"
    )

    daemon.restart()
    assert b"(A2)" in farewell(daemon.port, source=source), "bans survive a restart"
    assert daemon.run("bans", "lift", source).returncode == 0
    eventually(
        lambda: (
            try_password(daemon.port, organization.username, organization.password, source=source) == "in"
        ),
        what="the daemon obeys",
    )
    assert bans(daemon) == []
    assert daemon.run("bans", "lift", "203.0.113.99").returncode == 1


def test_a02_a_name_is_locked_from_everywhere_whether_it_exists_or_not(start: Start) -> None:
    daemon = start(ban_failures=0, lock_failures=4)
    organization = daemon.add("Mavericks")
    for name in (organization.username, "Nobody_999"):
        for number in range(4):
            assert fail(daemon, name, 1, source=f"127.0.0.{20 + number}") == ["refused"]
        assert try_password(daemon.port, name, organization.password, source="127.0.0.30") == "disconnected"
    found = eventually(lambda: len(listed := bans(daemon)) == 2 and listed, what="both locks in the list")
    assert {(lock["kind"], lock["value"], lock["failures"]) for lock in found} == {
        ("name", organization.username, 4),
        ("name", "Nobody_999", 4),
    }
    assert daemon.run("bans", "lift", organization.username.lower()).returncode == 0
    eventually(
        lambda: try_password(daemon.port, organization.username, organization.password) == "in",
        what="the daemon obeys",
    )


def test_a02_an_address_with_good_logins_is_banned_for_the_name_that_fails_only(start: Start) -> None:
    daemon = start(ban_failures=3)
    good, other = daemon.add("Mavericks"), daemon.add("Falcons")
    assert try_password(daemon.port, good.username, good.password) == "in"
    fail(daemon, other.username, 3, source=HERE)
    assert try_password(daemon.port, other.username, other.password) == "disconnected"
    assert try_password(daemon.port, good.username, good.password) == "in"
    assert try_password(daemon.port, other.username, other.password, source="127.0.0.41") == "in"
    (ban,) = eventually(lambda: bans(daemon), what="the ban in the list")
    assert (ban["kind"], ban["value"], ban["address"]) == ("name", other.username, HERE)


def test_a02_a_good_login_clears_what_its_address_failed_for_that_name(start: Start) -> None:
    daemon = start(ban_failures=3)
    organization = daemon.add("Mavericks")
    for _ in range(3):
        fail(daemon, organization.username, 2, source=HERE)
        assert try_password(daemon.port, organization.username, organization.password) == "in"
    assert bans(daemon) == []


def test_a05_a02_refusals_are_one_row_for_address_name_and_minute(start: Start) -> None:
    daemon = start()
    organization = daemon.add("Mavericks")
    fail(daemon, organization.username, 3, source="127.0.0.51")
    fail(daemon, "hr@mavericks.example", 1, source="127.0.0.51")

    def refusals() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = daemon.json("audit", "--event", "login.refused")
        return rows if sum(times(row) for row in rows) == 4 else []

    def times(row: dict[str, Any]) -> int:
        return int(row["detail"].partition("(")[2].partition(" times")[0] or 1)

    rows = eventually(refusals, what="all refusals in the trail")
    assert len(rows) <= 4, "two rows, or one more each where a minute ended"
    assert {(row["org"], row["who"], row["address"], row["outcome"]) for row in rows} == {
        (organization.id, organization.username, "127.0.0.51", "refused"),
        (None, "?", "127.0.0.51", "refused"),
    }
