"""Commands of access without a daemon: keys, support, bans, audit, uploads, host keys (K, X, A1 to A6)."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from core.bans import GuardKey, GuardRecord, Kind
from core.bans_store import save_guards
from core.clock import SystemClock
from core.database import open_database
from core.inbox import Inbox, Origin
from tests.integration.commands.conftest import CommandLine

ED25519 = asyncssh.generate_private_key("ssh-ed25519", comment="ann@hr")


def key_file(cli: CommandLine, name: str, data: bytes) -> Path:
    path = cli.folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("form", ["openssh", "rfc4716"])
def test_a01_a_key_is_added_shown_and_removed(cli: CommandLine, form: str) -> None:
    org = cli.add()
    file = key_file(cli, "key.pub", ED25519.export_public_key(form))
    assert cli("org", "key", "add", org, file).status == 0
    (shown,) = cli("org", "key", "list", org, "--json").json
    assert shown["fingerprint"] == ED25519.get_fingerprint("sha256")
    assert shown["comment"] == "ann@hr"
    assert cli("org", "key", "remove", org, "SHA256:nothing").status == 1
    assert cli("org", "key", "remove", org, shown["fingerprint"][:12]).status == 0
    assert cli("org", "key", "list", org, "--json").json == []
    assert [row["event"] for row in cli("audit", "--event", "key", "--json").json] == [
        "key.removed",
        "key.added",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ssh-ed25519 nonsense",
        b"hello",
        ED25519.export_private_key(),
        asyncssh.generate_private_key("ssh-rsa", key_size=1024).export_public_key(),
        ED25519.export_public_key() * 2,
        asyncssh.generate_private_key("ssh-ed448").export_public_key(),
    ],
    ids=["empty", "nonsense", "text", "private", "weak", "two", "kind"],
)
def test_a01_what_is_no_good_public_key_is_refused(cli: CommandLine, data: bytes) -> None:
    org = cli.add()
    said = cli("org", "key", "add", org, key_file(cli, "key.pub", data))
    assert said.status == 2
    assert len(said.lines) == 1
    assert cli("org", "key", "list", org, "--json").json == []


def test_a06_w_user_names_of_support_and_organizations_are_one_set(cli: CommandLine) -> None:
    assert cli("support", "add", "Mavericks 7", "--json").json["username"] == "Mavericks_7"
    said = cli("org", "add", "Mavericks", "--id", "7", "--owner", "ann@mavericks.example")
    assert said.status == 2
    assert "support account" in said.err
    assert cli("support", "add", "mavericks 7").status == 2
    assert [one["username"] for one in cli("support", "list", "--json").json] == ["Mavericks_7"]
    assert cli("support", "remove", "Nobody").status == 1
    assert cli("support", "remove", "mavericks_7").status == 0
    assert cli("support", "list", "--json").json == []


def test_a02_x_bans_are_listed_and_lifted(cli: CommandLine) -> None:
    cli.add()
    now = SystemClock().now()

    async def ban() -> None:
        async with (
            open_database(cli.data_dir / "rosterdrop.sqlite") as database,
            database.writing() as connection,
        ):
            records = [
                GuardRecord(
                    key=key,
                    shown=shown,
                    changed_at=now,
                    until=now + timedelta(minutes=minutes),
                    failed=10,
                    bans=1,
                )
                for key, shown, minutes in (
                    (GuardKey(Kind.ADDRESS, address="2001:db8:1:2::/64"), "2001:db8:1:2::/64", 15),
                    (GuardKey(Kind.NAME, "mavericks_001"), "Mavericks_001", 10),
                    (GuardKey(Kind.PAIR, "mavericks_001", "203.0.113.7"), "Mavericks_001", 5),
                    (GuardKey(Kind.ADDRESS, address="203.0.113.9"), "203.0.113.9", -1),
                )
            ]
            await save_guards(connection, records)

    asyncio.run(ban())
    listed = cli("bans", "list", "--json").json
    assert [(one["kind"], one["value"], one["failures"]) for one in listed] == [
        ("name", "Mavericks_001", 10),
        ("name", "Mavericks_001", 10),
        ("address", "2001:db8:1:2::/64", 10),
    ]
    assert listed[0]["address"] == "203.0.113.7"
    assert cli("bans", "lift", "2001:db8:1:2:aaaa::9").status == 0, "any address of the /64"
    assert cli("bans", "lift", "MAVERICKS_001").status == 0
    assert cli("bans", "list", "--json").json == []
    assert cli("bans", "lift", "203.0.113.1").status == 1


def test_x_uploads_tell_what_is_partial_and_what_was_accepted(cli: CommandLine) -> None:
    org = cli.add()
    inbox = Inbox(data_dir=cli.data_dir, clock=SystemClock())
    incoming = inbox.begin(org_id=org, name="half.csv", origin=Origin(account="Mavericks_001"))
    incoming.data.write_bytes(b"User Email\n")
    done = cli("import", cli.file("users.csv", "User Email", "ann@mavericks.example"), "--org", org)
    assert done.status == 0, done.err
    partial, accepted = cli("uploads", "--json").json
    assert set(partial) == {"org", "name", "state", "size_bytes", "started_at"}
    assert (partial["name"], partial["state"]) == ("half.csv", "partial")
    assert (accepted["org"], accepted["name"], accepted["state"]) == (org, "users.csv", "accepted")
    assert cli("uploads", "--org", "999").status == 1


def test_a03_without_host_keys_it_says_what_makes_them(cli: CommandLine) -> None:
    said = cli("keys")
    assert said.status == 1
    assert "rosterdrop serve" in said.err
    assert cli("keys", "--new", "dsa").status == 2
    assert cli("keys", "--use", "rsa").status == 1
    assert cli("keys", "--new", "ed25519", "--json").status == 0
    assert json.loads(cli("keys", "--json").out)[0]["state"] == "next"


@pytest.mark.parametrize(
    "words", [("allow_from=203.0.113.1/24",), ("allow_from=everywhere",), ("login=fingerprint",)], ids=str
)
def test_a01_settings_of_logins_are_checked(cli: CommandLine, words: tuple[str, ...]) -> None:
    org = cli.add()
    assert cli("org", "set", org, *words).status == 2
    assert cli("org", "set", org, "login=both", "allow_from=203.0.113.0/24, 2001:db8::/32").status == 0
    assert cli("org", "show", org, "--json").json["settings"]["allow_from"] == [
        "203.0.113.0/24",
        "2001:db8::/32",
    ]
