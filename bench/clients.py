"""OpenSSH's client against a running server: by key or by password, one after the other or many at once."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from bench import processes
from bench.place import Place, tool

CIPHER = "aes128-gcm@openssh.com"
DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A running server."""

    name: str
    version: str
    root: int  # the process below which all that it ever started is found or was awaited
    pid: int
    port: int
    user: str
    folder: str  # where clients put files
    place: Place
    password: str | None  # None: nobody can log in by password (sshd without root)
    hash_s: float | None  # CPU time of one password check

    def cpu_s(self) -> float:
        """Return the CPU seconds that its processes have taken, ended and awaited children included."""
        return processes.cpu_s(self.root)

    def command(self, *options: str, by_password: bool = False) -> list[str]:
        """Return the command line of a client that reads its commands from standard input."""
        return [
            tool("sftp"), "-q", "-P", str(self.port), *self._login(by_password),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            *options, "-b", "-", f"{self.user}@127.0.0.1",
        ]  # fmt: skip

    def _login(self, by_password: bool) -> tuple[str, ...]:
        if not by_password:
            return "-i", str(self.place.key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"
        # The first value wins: `-b` would say that nobody can be asked.
        return (
            "-o", "BatchMode=no", "-o", "PreferredAuthentications=password",
            "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1",
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return what makes the client ask a program for the password."""
        return os.environ | {
            "SSH_ASKPASS": str(self.place.askpass), "SSH_ASKPASS_REQUIRE": "force", "SSH_AUTH_SOCK": "",
            "BENCH_PASSWORD": self.password or "",
        }  # fmt: skip

    def sftp(self, *commands: str, options: tuple[str, ...] = (), by_password: bool = False) -> None:
        """Run commands in one session.

        Raises:
            RuntimeError: the client did not exit with 0.
        """
        self.at_once([commands], options=options, by_password=by_password)

    def at_once(
        self, sessions: Sequence[Sequence[str]], *, options: tuple[str, ...] = (), by_password: bool = False
    ) -> None:
        """Run a session for each list of commands, all at the same time.

        Raises:
            RuntimeError: a client did not exit with 0.
        """
        command, env = self.command(*options, by_password=by_password), self.environment()
        running = [
            subprocess.Popen(
                command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for _ in sessions
        ]  # fmt: skip
        try:
            for process, commands in zip(running, sessions, strict=True):
                assert process.stdin is not None
                process.stdin.write("\n".join(commands) + "\n")
                process.stdin.close()
                process.stdin = None
            said = [process.communicate(timeout=DEADLINE_S)[1] for process in running]
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        for process, errors in zip(running, said, strict=True):
            if process.returncode != 0:
                raise RuntimeError(f"sftp to {self.name} exited with {process.returncode}: {errors[-500:]}")
