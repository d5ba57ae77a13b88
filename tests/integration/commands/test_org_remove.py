"""`rosterdrop org remove` without a daemon: nothing of the organization is left but its audit trail (section K)."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands.org_remove import DropsWaitError, folder_aside, remove_one
from commands.session import Session
from core.accounts_store import account_by_username
from core.clock import SystemClock
from core.errors import BusyError
from core.locks import data_folder_lock
from core.organizations_store import organization_by_id
from core.removal_store import begin_removal, remove_rows
from core.settings import Settings
from processor.imports_store import change_record, register
from tests.integration.commands.conftest import CommandLine

USERS = (
    "User Email,User Name,Teams,Manager Email,Badge",
    "bo@x.example,Bo Berg,Sales,ann@mavericks.example,7",
    "cy@x.example,Cy,Sales,bo@x.example,8",
    "bad,Di,,,",
)
CHANGED = ("User Email,User Name", "bo@x.example,Robert", "new-bo@x.example,Bob")
TEAMS = ("Team Name,Team Owner", "Sales,bo@x.example")


def filled(cli: CommandLine, *words: str) -> str:
    """An organization with users, teams, fields, history, problems, an undo, an erased person, mails and a key."""
    org = cli.add("Mavericks", *words)
    for name, lines in (("first.csv", USERS), ("second.csv", CHANGED), ("teams.csv", TEAMS)):
        cli.process("import", cli.file(name, *lines), "--org", org)
    numbers = [one["number"] for one in cli("imports", "list", "--org", org, "--json").json]
    assert len(numbers) == 3
    assert cli("imports", "undo", max(numbers)).status == 0
    assert cli("users", "erase", org, "cy@x.example").status == 0
    assert cli("users", "export", org, "--to-folder").status == 0
    return org


def kept(cli: CommandLine) -> set[str]:
    """All rows of the database, as statements."""
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        rows = {line for line in connection.iterdump() if line.startswith("INSERT")}
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return {row for row in rows if "sqlite_sequence" not in row}


def test_k_a_removed_organization_leaves_its_audit_trail_and_nothing_else(cli: CommandLine) -> None:
    filled(cli, "--id", "other")
    before, folders = kept(cli), set(os.listdir(cli.data_dir))
    org = filled(cli, "--id", "007")
    said = cli("org", "remove", org, "--yes")
    assert (said.status, said.err) == (0, "")
    after = kept(cli)
    assert before - after == set()
    new = {row.split('"')[1] for row in after - before}
    assert new == {"audit", "organizations"}
    (tombstone,) = [row for row in after - before if 'INTO "organizations"' in row]
    assert "Mavericks" not in tombstone
    assert "example" not in tombstone
    assert os.listdir(cli.data_dir / "orgs") == ["other"]
    assert set(os.listdir(cli.data_dir)) - folders <= {"removed", "nudges"}
    assert not (cli.data_dir / "removed").exists()
    assert [one["id"] for one in cli("org", "list", "--json").json] == ["other"]
    trail = cli("audit", "--org", "007#2", "--json").json
    assert trail[0]["event"] == "organization.removed"
    assert trail[-1]["event"] == "organization.added"


def test_k_the_id_of_a_removed_organization_is_used_again_without_its_old_things(cli: CommandLine) -> None:
    org = filled(cli, "--id", "007")
    last = max(one["number"] for one in cli("imports", "list", "--json").json)
    assert cli("org", "remove", org, "--yes").status == 0
    again = cli.add("Mavericks", "--id", "007")
    assert [one["email"] for one in cli("users", "list", "--org", again, "--json").json] == [
        "ann@mavericks.example"
    ]
    for command in (
        ("imports", "list", "--org", again),
        ("teams", "list", "--org", again),
        ("fields", "list", "--org", again),
        ("org", "key", "list", again),
        ("mail", "list"),
    ):
        assert cli(*command, "--json").json == [], command
    assert [one["event"] for one in cli("audit", "--org", again, "--json").json] == ["organization.added"]
    said = cli.process("import", cli.file("first.csv", *USERS[:3]), "--org", again, "--json")
    assert said.status == 0, said.err
    assert said.json["number"] > last
    assert cli("org", "remove", again, "--yes").status == 0
    assert cli("org", "remove", again, "--yes").status == 1


def test_k_an_organization_whose_files_wait_is_removed_when_that_is_said(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--id", "007", "schedule=0 3 29 2 *")
    assert cli.process("import", cli.file("first.csv", *USERS), "--org", org, "--no-wait").status == 0
    said = cli("org", "remove", org, "--yes")
    assert said.status == 1
    assert said.err.startswith("rosterdrop: A file of 007 is not imported yet")
    assert cli("org", "show", org, "--json").json["enabled"] is True
    assert cli("org", "remove", org, "--yes", "--discard").status == 0
    trail = cli("audit", "--org", "007#1", "--json").json
    assert trail[0]["detail"] == "Mavericks_007; 1 not imported"


def test_k_without_a_terminal_a_removal_must_be_confirmed_by_an_option(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--id", "007")
    said = cli.process("org", "remove", org)
    assert said.status == 2
    assert "--yes" in said.err
    assert (cli.data_dir / "orgs" / "007").is_dir()
    assert cli("org", "remove", "nobody", "--yes").status == 1


def test_k_nothing_is_removed_while_another_command_works_on_the_folder(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--id", "007")
    with data_folder_lock(cli.data_dir):
        said = cli("org", "remove", org, "--yes")
    assert said.status == 2
    assert (cli.data_dir / "orgs" / "007").is_dir()


def test_k_the_folder_comes_back_when_the_database_could_not_be_changed(tmp_path: Path) -> None:
    root, aside = tmp_path / "orgs" / "007", tmp_path / "removed" / "007-1"
    (root / "archive").mkdir(parents=True)

    def fail() -> None:
        with folder_aside(root, aside):
            assert not root.exists()
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert (root / "archive").is_dir()
    assert not aside.exists()


def test_k_an_organization_whose_import_was_held_is_removed_with_the_operators_mail(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROSTERDROP_OPERATOR_EMAIL", "ops@vendor.example")
    org = cli.add("Mavericks", "guard_floor=0", "guard_change_percent=0")
    cli.process("import", cli.file("first.csv", *USERS), "--org", org)
    cli.process("import", cli.file("second.csv", "User Email,User Name", "bo@x.example,Bob"), "--org", org)
    mails = cli("mail", "list", "--json").json
    assert [one for one in mails if one["to"] == "ops@vendor.example" and "held" in one["subject"]]
    said = cli("org", "remove", org, "--yes", "--discard")
    assert (said.status, said.err) == (0, "")
    assert cli("org", "list", "--json").json == []
    assert cli("mail", "list", "--json").json == []


def session_on(cli: CommandLine) -> Session:
    """What a command works with."""
    settings = Settings(data_dir=cli.data_dir, keys_dir=cli.folder / "keys")
    return Session(settings=settings, clock=SystemClock())


async def half_removed(session: Session, org_id: str, *, steps: int) -> None:
    """Remove an organization so far, as a command does that is killed then; few rows a step."""
    async with session.existing_database() as database:
        async with database.writing() as connection:
            organization = await organization_by_id(connection, org_id)
            await begin_removal(connection, organization, now=session.now())
        for _ in range(steps):
            async with database.writing() as connection:
                assert 1 <= await remove_rows(connection, organization.no, most=2) <= 2


@pytest.mark.parametrize("steps", [0, 5])
def test_k_a_removal_that_was_killed_lets_nobody_in_and_is_ended_by_the_same_command(
    cli: CommandLine, steps: int
) -> None:
    filled(cli, "--id", "other")
    before = kept(cli)
    org = filled(cli, "--id", "007")
    session = session_on(cli)
    asyncio.run(half_removed(session, org, steps=steps))

    async def login() -> object:
        async with session.reading() as connection:
            return await account_by_username(connection, "Mavericks_007")

    assert asyncio.run(login()) is None
    assert [one["id"] for one in cli("org", "list", "--json").json] == ["other"]
    assert cli("org", "enable", org).status == 1
    again = cli("org", "add", "Mavericks", "--id", org, "--owner", "ann@x.example")
    assert (again.status, "org remove 007" in again.err) == (2, True)
    found = {one["code"]: one["subjects"] for one in cli("doctor", "--json").json["findings"]}
    assert found["removal-unfinished"] == [org]
    said = cli("org", "remove", org)
    assert (said.status, said.err) == (0, "")
    assert "007#2" in said.out
    after = kept(cli)
    assert before - after == set()
    assert {row.split('"')[1] for row in after - before} == {"audit", "organizations"}
    assert os.listdir(cli.data_dir / "orgs") == ["other"]
    assert cli.add("Mavericks", "--id", org) == org


def test_k_a_removal_is_many_small_transactions_between_which_others_write(cli: CommandLine) -> None:
    org = cli.add("Mavericks")
    many = cli.file("many.csv", "User Email", *(f"p{number}@x.example" for number in range(40)))
    assert cli.process("import", many, "--org", org).status == 0

    async def steps() -> list[int]:
        session = session_on(cli)
        found: list[int] = []
        async with session.existing_database() as database:
            async with database.writing() as connection:
                organization = await organization_by_id(connection, org)
                await begin_removal(connection, organization, now=session.now())
            while not found or found[-1]:
                async with database.writing() as connection:
                    found.append(await remove_rows(connection, organization.no, most=10))
                with closing(sqlite3.connect(database.path, timeout=0)) as other:
                    other.execute("UPDATE alarms SET at = at")
        return found

    found = asyncio.run(steps())
    assert max(found) == 10
    assert len(found) > 8, "users and their changes alone are eight"


@pytest.mark.parametrize("discard", [True, False])
def test_k_a_removal_that_gives_up_leaves_the_organization_as_it_was(cli: CommandLine, discard: bool) -> None:
    org = cli.add("Mavericks", "--id", "007", "schedule=0 3 29 2 *")
    assert cli.process("import", cli.file("first.csv", *USERS), "--org", org, "--no-wait").status == 0
    session = session_on(cli)
    (drop,) = session.inbox().queue(org)

    async def give_up() -> None:
        async with session.existing_database() as database, database.writing() as connection:
            organization = await organization_by_id(connection, org)
            if discard:  # then the import that runs is in the way
                record = await register(connection, drop=drop, org_no=organization.no, now=session.now())
                await change_record(connection, record.number, started_at=session.now(), outcome=None)
        await remove_one(session, organization, discard=discard, has_daemon=False, at_hand_s=0)

    with pytest.raises(BusyError if discard else DropsWaitError):
        asyncio.run(give_up())
    assert cli("org", "show", org, "--json").json["enabled"] is True
    assert (cli.data_dir / "orgs" / "007" / "queue").is_dir()
    assert [one["event"] for one in cli("audit", "--org", org, "--json").json][:2] == [
        "organization.enabled",
        "organization.disabled",
    ]
