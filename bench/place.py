"""What the servers of one run share: a folder, a host key, a client's key, a password, an account."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.passwords import generate_password
from tests.conftest import PLACES

ACCOUNT = "rosterdrop-bench"  # of the system, while sshd is measured; only root can make it


def tool(name: str) -> str:
    """Return the path of a program.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = shutil.which(name, path=PLACES)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Keys and password for all; `folder` is where the servers keep their files."""

    folder: Path
    host_key: Path
    key: Path
    password: str
    askpass: Path  # a program that OpenSSH's client asks for the password


@contextmanager
def temporary_place(parent: Path) -> Iterator[Place]:
    """Make a folder below `parent` that other accounts may enter, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="rosterdrop-bench-", dir=parent))
    try:
        folder.chmod(0o755)
        yield new_place(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_place(folder: Path) -> Place:
    """Make the keys."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name in ("host", "client"):
        command = [tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(keys / name)]
        subprocess.run(command, check=True)
    password, askpass = generate_password(), keys / "askpass"
    askpass.write_text("#!/bin/sh\nprintf '%s\\n' \"$BENCH_PASSWORD\"\n")
    askpass.chmod(0o700)
    return Place(
        folder=folder, host_key=keys / "host", key=keys / "client", password=password, askpass=askpass
    )


@contextmanager
def system_account(password: str, home: Path) -> Iterator[str | None]:
    """Make an account of the system that has the password, and remove it; None when we are not root."""
    if os.getuid() != 0:
        yield None
        return
    _remove_account()  # of a run that was killed
    shell = next((path for path in ("/usr/sbin/nologin", "/bin/false") if Path(path).exists()), "/bin/sh")
    try:
        subprocess.run(
            [
                tool("useradd"), "--system", "--no-create-home", "--home-dir", str(home), "--shell", shell,
                "--comment", "while rosterdrop is measured", ACCOUNT,
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        subprocess.run(
            [tool("chpasswd")], input=f"{ACCOUNT}:{password}\n", text=True, check=True, capture_output=True
        )
        yield ACCOUNT
    finally:
        _remove_account()


def _remove_account() -> None:
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        return
    # By force: a session that was broken off may have a process left for a moment.
    subprocess.run([tool("userdel"), "--force", ACCOUNT], check=True, capture_output=True)
