"""Commands and the secrets key: none makes one where something depends on it (R3, S2)."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.commands.conftest import CommandLine

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
