"""What every ring of tests may ask for: hypothesis profiles and external programs."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

# No deadline anywhere: a slow machine is not a broken rule.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Debian's package of each external program that tests start.
PACKAGES = {
    "cc": "gcc",
    "chromium": "chromium",
    "curl": "curl",
    "debugfs": "e2fsprogs",
    "fusermount3": "fuse3",
    "java": "default-jdk-headless",
    "jsch.jar": "libjsch-java",
    "lftp": "lftp",
    "mkfs.ext4": "e2fsprogs",
    "node": "nodejs",
    "npm": "npm",
    "proftpd": "proftpd-core proftpd-mod-crypto",
    "psftp": "putty-tools",
    "rclone": "rclone",
    "scp": "openssh-client",
    "sftp": "openssh-client",
    "sftp-server": "openssh-sftp-server",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "ssh-keyscan": "openssh-client",
    "sshd": "openssh-server",
    "sshfs": "sshfs",
    "strace": "strace",
    "unshare": "util-linux",
}
# Daemons and disk tools are not on every user's PATH.
PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/lib/openssh"))


def find_tool(name: str) -> Path:
    """The external program `name`; without it the test is skipped, and in CI it fails."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        message = f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return Path(found)


def find_file(path: str) -> Path:
    """What a package brings that is no program, by the rule of `find_tool`."""
    found = Path(path)
    if not found.exists():
        message = f"{path} is not there: apt-get install {PACKAGES[found.name]}"
        pytest.fail(message, pytrace=False) if os.environ.get("CI") else pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Find an external program: `tool("sftp")` is its path."""
    return find_tool


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Undo what a command that a test runs in its own process says of logs; the next test reads them."""
    yield
    structlog.reset_defaults()
