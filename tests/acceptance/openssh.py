"""OpenSSH's `sftp`, `ssh` and `scp` as they come, with a password from an askpass program."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.daemon import DEADLINE_S, Daemon, Organization
from tests.conftest import find_tool

# BatchMode stands before -b, which would switch passwords off: of two values ssh takes the first.
OPTIONS = (
    "-oBatchMode=no",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oGlobalKnownHostsFile=/dev/null",
    "-oPubkeyAuthentication=no",
    "-oNumberOfPasswordPrompts=1",
    "-oLogLevel=ERROR",
    "-F/dev/null",
)


@dataclass(frozen=True, slots=True)
class Client:
    """One customer's machine."""

    folder: Path
    port: int
    username: str
    password: str

    @property
    def target(self) -> str:
        return f"{self.username}@127.0.0.1"

    def sftp(self, *commands: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run sftp commands; a failing one ends it with another exit status than 0 (a leading `-` forgives it)."""
        return subprocess.run(
            self._sftp(*options),
            input="".join(f"{command}\n" for command in commands),
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def put(self, path: Path, name: str | None = None) -> None:
        """Upload a file into /local and expect no error."""
        done = self.sftp(f'put "{path}" "/local/{name or path.name}"')
        assert done.returncode == 0, done.stderr

    def begin_put(self, path: Path, name: str, *, kbit_s: int) -> "SlowUpload":
        """Begin an upload that takes its time."""
        process = subprocess.Popen(
            self._sftp(f"-l{kbit_s}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._environment(),
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(f"put {path} /local/{name}\n".encode())
        process.stdin.flush()
        return SlowUpload(process)

    def listing(self, folder: str = "/local") -> dict[str, int]:
        """Names and sizes in a folder, as `ls -l` shows them."""
        done = self.sftp(f"ls -l {folder}")
        assert done.returncode == 0, done.stderr
        lines = [line.split(maxsplit=8) for line in done.stdout.splitlines() if line[:1] in "-d"]
        return {Path(fields[8]).name: int(fields[4]) for fields in lines}

    def ssh(self, *arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run ssh."""
        return subprocess.run(
            [find_tool("ssh"), *OPTIONS, *options, f"-p{self.port}", self.target, *arguments],
            stdin=subprocess.DEVNULL,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def scp(self, path: Path, target: str) -> subprocess.CompletedProcess[str]:
        """Copy a file by scp, which speaks SFTP."""
        return subprocess.run(
            [find_tool("scp"), "-s", *OPTIONS, f"-P{self.port}", path, f"{self.target}:{target}"],
            stdin=subprocess.DEVNULL,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def _sftp(self, *options: str) -> list[str | Path]:
        return [find_tool("sftp"), *OPTIONS, *options, "-b-", f"-P{self.port}", self.target]

    def _environment(self) -> dict[str, str]:
        askpass = self.folder / "askpass"
        if not askpass.exists():
            askpass.write_text('#!/bin/sh\nprintf "%s\\n" "$UPLOAD_PASSWORD"\n', "ascii")
            askpass.chmod(0o700)
        return {
            **os.environ,
            "SSH_ASKPASS": str(askpass),
            "SSH_ASKPASS_REQUIRE": "force",
            "UPLOAD_PASSWORD": self.password,
        }


@dataclass(frozen=True, slots=True)
class SlowUpload:
    """An upload under way."""

    process: subprocess.Popen[bytes]

    def kill(self, *, with_ssh: bool) -> None:
        """Kill -9 of sftp, and of the ssh that it started: else that ends the channel in good order."""
        if with_ssh:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self._reap()

    def interrupt(self) -> None:
        """Ctrl-C, which a terminal sends to both."""
        os.killpg(self.process.pid, signal.SIGINT)
        self._reap()

    def finish(self) -> int:
        """Wait until it is done, and return the exit status."""
        self._reap()
        return self.process.returncode

    def _reap(self) -> None:
        self.process.communicate(timeout=DEADLINE_S)


def client(daemon: Daemon, organization: Organization, *, password: str | None = None) -> Client:
    """A machine that knows an organization's access."""
    return Client(daemon.folder, daemon.port, organization.username, password or organization.password)
