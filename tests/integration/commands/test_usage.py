"""The edges of the command line: help, wrong words, wrong settings, a reader that goes away."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from commands.main import app
from tests.integration.commands.conftest import CommandLine


def registered() -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = {(command.name or "",) for command in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        found |= {
            (str(group.name), str(command.name)) for command in group.typer_instance.registered_commands
        }
    return found


COMMANDS = sorted(registered())


def test_k_the_commands_of_the_contract_are_there() -> None:
    assert registered() >= {("serve",), ("demo",), ("check",), ("import",), ("org", "add"), ("org", "map")}


def test_k_every_command_is_documented() -> None:
    document = (Path(__file__).resolve().parents[3] / "docs" / "commands.md").read_text("utf-8")
    assert not [words for words in COMMANDS if f"`{' '.join(words)}" not in document]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_k_every_command_explains_itself_with_an_example(cli: CommandLine, words: tuple[str, ...]) -> None:
    said = cli(*words, "--help")
    assert said.status == 0
    assert "Example: rosterdrop" in " ".join(said.out.split())
    assert said.err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("org", "nonsense"),
        ("org", "list", "--nonsense"),
        ("org", "show"),
        ("imports", "show", "x"),
        ("imports", "list", "--limit", "-1"),
        ("imports", "list", "--outcome", "great"),
        ("imports", "list", "--since", "yesterday"),
        ("users", "list"),
        ("mail", "list", "--state", "lost"),
        ("import", "no-such-file.csv", "--org", "007"),
        ("check", "no-such-file.csv"),
    ],
    ids=" ".join,
)
def test_k_wrong_usage_is_status_2_and_one_line(cli: CommandLine, words: tuple[str, ...]) -> None:
    said = cli(*words)
    assert said.status == 2
    assert said.out == ""
    assert len([line for line in said.lines if not line.startswith("Note:")]) == 1
    assert said.lines[-1].startswith("rosterdrop: ")


def test_k_without_a_command_the_commands_are_shown(cli: CommandLine) -> None:
    said = cli()
    assert said.status == 2
    assert "imports" in said.out


def test_o01_every_bad_setting_is_named_at_once(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTERDROP_PORT", "http")
    monkeypatch.setenv("ROSTERDROP_MAX_SESSIONS", "0")
    said = cli("org", "list")
    assert said.status == 2
    assert len(said.lines) == 1
    assert "ROSTERDROP_PORT" in said.err
    assert "ROSTERDROP_MAX_SESSIONS" in said.err


def test_x_settings_come_from_the_file_that_config_names_and_the_environment_wins(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "own.toml"
    config.write_text('port = 4022\npublic_host = "file.example"\n', "ascii")
    monkeypatch.setenv("ROSTERDROP_PORT", "5022")
    said = cli("--config", config, "org", "add", "Mavericks", "--owner", "a@x.example", "--json")
    assert (said.json["port"], said.json["host"]) == (5022, "file.example")
    assert cli("--config", tmp_path / "none.toml", "org", "list").status == 2


def test_k_o06_a_damaged_database_is_status_2_and_stays_as_it_is(cli: CommandLine) -> None:
    cli.data_dir.mkdir()
    database = cli.data_dir / "rosterdrop.sqlite"
    database.write_bytes(b"no database at all" * 100)
    before = database.read_bytes()
    for words in (
        ("org", "list"),
        ("org", "add", "Mavericks", "--owner", "a@x.example"),
        ("imports", "list"),
    ):
        said = cli(*words)
        assert said.status == 2
        assert len([line for line in said.lines if not line.startswith("Note:")]) == 1
    assert database.read_bytes() == before


def test_k_a_reader_that_goes_away_is_no_error(cli: CommandLine) -> None:
    for number in range(3):
        cli.add(f"Org {number}")
    with subprocess.Popen(
        cli.command("org", "list", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) in (0, 1)


def test_k_help_needs_nothing_heavy() -> None:
    code = "import sys, commands.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "sqlalchemy",
        "numpy",
        "asyncssh",
        "aiosqlite",
        "pydantic_settings",
        "email_validator",
        "structlog",
    }
    assert not heavy & set(loaded)


def test_k_o06_a_port_that_is_taken_is_one_line_and_status_2(cli: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = cli.process("serve", "--port", taken.getsockname()[1])
    assert said.status == 2
    lines = [line for line in said.lines if not line.startswith("{")]
    assert len(lines) == 1
    assert "already in use" in lines[0]
    assert "Traceback" not in said.err
