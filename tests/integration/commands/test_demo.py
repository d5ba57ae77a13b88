"""`rosterdrop demo`, and the SFTP client that it falls back on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.daemon import eventually
from tests.integration.commands.conftest import CommandLine


def left_behind() -> set[str]:
    return {path.name for path in Path("/tmp").glob("rosterdrop-demo-*")}


def check_story(out: str) -> None:
    assert "partial" in out
    assert "line 5, User Email" in out
    assert "rejected.csv" in out
    assert "Tom Brandt" in out
    assert "Subject: Mavericks: users.csv partly imported (1 row refused)" in out
    assert out.rstrip().endswith("for the customer.")


@pytest.mark.timeout(180)
def test_k_the_demo_tells_its_story_with_openssh(
    cli: CommandLine, tool: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("sftp")
    # Settings of whoever runs it, a mail server for one, are none of its business.
    monkeypatch.setenv("ROSTERDROP_SMTP_URL", "smtp://127.0.0.1:9")
    before = left_behind()
    said = cli.process("demo")
    assert said.status == 0, said.err
    assert "sftp> put users.csv" in said.out
    check_story(said.out)
    assert left_behind() <= before
    assert not cli.data_dir.exists()


@pytest.mark.timeout(180)
def test_k_s02_without_openssh_the_demo_uses_our_own_client(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = cli.process("demo")
    assert said.status == 0, said.err
    assert "own SFTP client" in said.out
    assert os.sep not in said.err
    check_story(said.out)


@pytest.mark.timeout(180)
def test_k_a_killed_demo_leaves_no_daemon_behind(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(cli.folder))
    demo = cli.start("demo")
    daemon = eventually(lambda: daemon_of(demo.pid), what="the demo's daemon runs")
    demo.kill()
    demo.communicate()
    eventually(lambda: not alive(daemon), what="the daemon has ended")


def daemon_of(pid: int) -> int | None:
    """The process that the demo started as its daemon, once that has a log."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    for child in children:
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if b"serve" in words and b"server.started" in log_of(int(child)):
            return int(child)
    return None


def log_of(pid: int) -> bytes:
    return (Path(f"/proc/{pid}/cwd").resolve() / "serve.log").read_bytes()


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
