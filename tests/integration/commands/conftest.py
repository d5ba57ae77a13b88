"""A data folder of the test's own, with commands run on it: in this process, or as one that can be stopped."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands.main import main

OWNER = "ann@mavericks.example"
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Said:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one value on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


class CommandLine:
    """Runs commands on one data folder."""

    def __init__(self, *, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self._capture = capture

    def __call__(self, *words: object) -> Said:
        """Run a command in this process."""
        self._capture.readouterr()
        status = main([str(word) for word in words])
        printed = self._capture.readouterr()
        return Said(status, printed.out, printed.err)

    def process(self, *words: object, stdin: str = "") -> Said:
        """Run a command as a process, as one does that sets up logs."""
        done = subprocess.run(
            self.command(*words), input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def start(self, *words: object) -> "subprocess.Popen[str]":
        """Start a command and don't wait."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *words: object) -> list[str]:
        """How a command is started."""
        return [sys.executable, "-m", "commands.main", *map(str, words)]

    def add(self, name: str = "Mavericks", *words: object) -> str:
        """Add an organization and return its id."""
        said = self("org", "add", name, "--owner", OWNER, "--json", *words)
        assert said.status == 0, said.err
        return str(said.json["id"])

    def file(self, name: str, *lines: str) -> Path:
        """Write a file to import."""
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return path


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for name in os.environ:
        if name.startswith("ROSTERDROP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ROSTERDROP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ROSTERDROP_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("ROSTERDROP_MIN_FREE_DISK_BYTES", "0")
    return CommandLine(folder=tmp_path, capture=capsys)
