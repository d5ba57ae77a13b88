"""Commands and the secrets key: none makes one where something depends on it (R3, S2)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.secrets_key import fingerprint_of, load_secrets_key
from tests.integration.commands.conftest import CommandLine
from tests.integration.core.test_upgrades import unpacked

PULL = (
    "--host",
    "127.0.0.1",
    "--port",
    9,
    "--user",
    "u",
    "--folder",
    "/out",
    "--host-key",
    f"SHA256:{'A' * 43}",
)


@pytest.fixture
def org(cli: CommandLine) -> str:
    """An organization with a server of its own and an erased person."""
    org_id = cli.add()
    users = cli.file("users.csv", "User Email", "bo@mavericks.example")
    assert cli("import", users, "--org", org_id).status == 0
    assert cli("users", "erase", org_id, "bo@mavericks.example", "--yes").status == 0
    added = cli.process("pull", "add", org_id, *PULL, "--password-stdin", stdin="secret\n")
    assert added.status == 0, added.err
    return org_id


def key_of(cli: CommandLine) -> Path:
    return cli.folder / "keys" / "secrets.key"


@pytest.mark.parametrize(
    "words",
    [
        ("pull", "test", "ORG"),
        ("pull", "run", "ORG"),
        ("users", "erase", "ORG", "ann@mavericks.example", "--yes"),
        ("import", "FILE", "--org", "ORG"),
    ],
)
def test_r03_s02_no_command_makes_a_key_anew_and_each_says_what_to_do(
    cli: CommandLine, org: str, words: tuple[str, ...]
) -> None:
    key_of(cli).unlink()
    file = cli.file("again.csv", "User Email", "bo@mavericks.example")
    said = cli(*(str(file) if word == "FILE" else org if word == "ORG" else word for word in words))
    assert said.status != 0
    assert f"The secrets key {key_of(cli)} is not there" in said.err + said.out
    assert "keys --secrets-lost" in said.err + said.out
    assert not key_of(cli).exists()


def test_r03_s02_a_lost_key_is_replaced_by_command_and_that_says_what_it_costs(
    cli: CommandLine, org: str
) -> None:
    assert cli("keys", "--secrets-lost", "--yes").status == 2, "it is not lost"
    for words in (("--new", "ed25519"), ("--use", "ed25519")):
        said = cli("keys", "--secrets-lost", "--yes", *words)
        assert said.status == 2
        assert "one at a time" in said.err
    key_of(cli).write_bytes(b"x" * 32)
    said = cli("keys", "--secrets-lost", "--yes")
    assert said.status == 0, said.err
    assert "1 erased people are forgotten" in said.out
    assert "pull add ORG --replace --password-stdin" in said.out
    assert len(key_of(cli).read_bytes()) == 32
    assert [path.read_bytes() for path in key_of(cli).parent.glob("secrets.key.*")] == [b"x" * 32]
    assert (
        cli("import", cli.file("again.csv", "User Email", "bo@mavericks.example"), "--org", org).status == 0
    )
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        events = connection.execute(
            "SELECT count(*) FROM audit WHERE event = 'secrets_key.replaced'"
        ).fetchone()
    assert events == (1,)


def test_r03_a_replacement_that_breaks_off_leaves_no_key_that_would_count_as_the_right_one(
    cli: CommandLine, org: str
) -> None:
    key_of(cli).unlink()
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        connection.execute("DELETE FROM secrets_keys")
        connection.execute(
            "CREATE TRIGGER broken BEFORE DELETE ON erased_people BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
        connection.commit()
    assert cli.process("keys", "--secrets-lost", "--yes").status != 0
    assert list(key_of(cli).parent.glob("*secrets*")) == []


def test_r03_o05_a_command_that_upgrades_notes_the_key_that_was_right_until_then(cli: CommandLine) -> None:
    path = unpacked("0001", cli.data_dir / "rosterdrop.sqlite")
    key = load_secrets_key(cli.folder / "keys", make=True)
    with closing(sqlite3.connect(path)) as connection:
        no = connection.execute("SELECT min(no) FROM organizations").fetchone()[0]
        connection.execute("INSERT INTO erased_people VALUES (?, x'00', 'now')", (no,))
        connection.execute("DELETE FROM pull_servers")
        connection.commit()
    assert cli("org", "list").status == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT fingerprint FROM secrets_keys").fetchall() == [
            (fingerprint_of(key),)
        ]


def test_r03_o05_a_key_of_which_nothing_says_that_it_is_right_is_found(cli: CommandLine, org: str) -> None:
    with closing(sqlite3.connect(cli.data_dir / "rosterdrop.sqlite")) as connection:
        connection.execute("DELETE FROM secrets_keys")
        connection.commit()
    codes = {one["code"] for one in cli("doctor", "--json").json["findings"]}
    assert "secrets-key-not-recorded" in codes


def test_r03_a_damaged_key_on_which_nothing_depends_is_replaced_too(cli: CommandLine) -> None:
    org_id = cli.add()
    users = cli.file("users.csv", "User Email", "bo@mavericks.example")
    assert cli("import", users, "--org", org_id).status == 0
    key_of(cli).parent.mkdir()
    key_of(cli).write_bytes(b"half")
    assert cli("users", "erase", org_id, "bo@mavericks.example", "--yes").status != 0
    assert cli("keys", "--secrets-lost", "--yes").status == 0
    assert cli("users", "erase", org_id, "bo@mavericks.example", "--yes").status == 0
