"""The README's commands run and print what it shows; no link of a document leads nowhere."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.daemon import COMMAND, Daemon
from tests.acceptance.openssh import Client

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
CHANGING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|(?<=Port:            )\d+|(?<=Password:        )\S+")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def as_shown(text: str) -> list[str]:
    """Lines without what differs from run to run."""
    return [CHANGING.sub("?", line.strip()) for line in text.strip().splitlines()]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(folder=tmp_path / "daemon", keys=tmp_path / "keys").start()
    yield running
    running.stop()


def test_the_readme_begins_with_two_commands_that_the_makefile_has() -> None:
    first = blocks("console")[0]
    assert first.split() == ["$", "make", "run", "$", "make", "test"]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", README)) <= targets
    assert {"run", "test"} <= targets


def test_the_five_lines_of_the_readme_lead_to_the_output_that_it_shows(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = blocks("console")[1].splitlines()
    assert len(lines) == 5
    add, sftp, *typed, show = [line.removeprefix("$ ").removeprefix("sftp> ") for line in lines]
    access, imports, problem = blocks("text")[:3]

    made = run(daemon, add)
    assert as_shown(made) == as_shown(access)
    password = re.search(r"Password: +(\S+)", made)
    assert password
    assert shlex.split(sftp)[:3] == ["sftp", "-P", "2222"]
    username, _, host = sftp.split()[-1].partition("@")
    monkeypatch.chdir(ROOT)
    done = Client(tmp_path, daemon.port, username, password[1]).sftp(*typed)
    assert done.returncode == 0, done.stderr
    assert host == "127.0.0.1"
    daemon.wait_for("import.finished", 2)
    assert as_shown(run(daemon, show)) == as_shown(imports)
    assert set(as_shown(problem)) <= set(as_shown(run(daemon, "rosterdrop imports show 2")))
    assert len(run(daemon, "rosterdrop users list --org 007").splitlines()) == 12, (
        "a heading and eleven people"
    )
    daemon.wait_for("mail.sent", 2)
    assert len(list((daemon.data / "mail" / "new").iterdir())) == 2


def run(daemon: Daemon, line: str) -> str:
    program, *arguments = shlex.split(line)
    assert Path(program).name == COMMAND.name
    done = daemon.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_link_of_a_document_leads_nowhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target, _anchor in LINK.findall(document.read_text("utf-8"))
        if not re.match(r"[a-z]+:", target) and not os.path.lexists(document.parent / target)
    ]
    assert not broken


def test_every_document_is_in_the_index() -> None:
    docs = ROOT / "docs"
    linked = {
        (docs / target).resolve() for target, _anchor in LINK.findall((docs / "README.md").read_text("utf-8"))
    }
    documents = {
        path for path in docs.rglob("*.md") if path.parent.name != "hris" and path != docs / "README.md"
    }
    assert not {path.relative_to(docs).as_posix() for path in documents - linked}
