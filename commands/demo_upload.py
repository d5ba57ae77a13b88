"""How the demo sends files: by OpenSSH's `sftp` as a customer has it, or, where that is missing, by our own client."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from commands.demo_daemon import DemoFailedError, command, output
from commands.session import run

if TYPE_CHECKING:
    from processor.intake.ssh_connection import Account

HOST = "127.0.0.1"
TIMEOUT_S = 60


class Customer(Protocol):
    """Somebody with a user name, a password and files."""

    def put(self, path: Path) -> None:
        """Upload a file to /local."""
        ...

    def get(self, remote: str, path: Path) -> None:
        """Download a file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSsh:
    """OpenSSH's `sftp`; the password comes from a program, the host key is pinned."""

    folder: Path
    keys_dir: Path
    port: int
    username: str
    password: str

    def put(self, path: Path) -> None:
        """Upload a file to /local."""
        self._run(f"put {path.name} /local/{path.name}")

    def get(self, remote: str, path: Path) -> None:
        """Download a file."""
        self._run(f"get {remote} {path.name}")

    def _run(self, line: str) -> None:
        command(f"sftp -P {self.port} {self.username}@{HOST}")
        output(f"sftp> {line}")
        done = subprocess.run(
            ["sftp", "-q", *self._options(), "-P", str(self.port), "-b", "-", f"{self.username}@{HOST}"],  # noqa: S607 - wherever it is
            input=f"{line}\n".encode(),
            capture_output=True,
            cwd=self.folder,
            env=self._environment(),
            start_new_session=True,  # without a terminal, ssh asks the program
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise DemoFailedError(
                f"sftp failed in the demo: {done.stderr.decode('utf-8', 'replace').strip()}"
            )

    def _options(self) -> list[str]:
        known_hosts = self.folder / "known_hosts"
        if not known_hosts.exists():
            key = subprocess.run(
                ["ssh-keygen", "-y", "-f", str(self.keys_dir / "ssh_host_ed25519_key")],  # noqa: S607 - wherever it is
                capture_output=True,
                check=True,
                timeout=TIMEOUT_S,
            )
            known_hosts.write_bytes(f"[{HOST}]:{self.port} ".encode() + key.stdout)
        options = {
            "BatchMode": "no",  # before -b, which would forbid passwords
            "HostKeyAlgorithms": "ssh-ed25519",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(known_hosts),
            "GlobalKnownHostsFile": os.devnull,
            "PreferredAuthentications": "password",
            "PubkeyAuthentication": "no",
            "IdentityAgent": "none",
        }
        return ["-F", os.devnull, *(f"-o{name}={text}" for name, text in options.items())]

    def _environment(self) -> dict[str, str]:
        program = self.folder / "askpass"
        if not program.exists():
            program.write_text('#!/bin/sh\nprintf "%s\\n" "$ROSTERDROP_DEMO_PASSWORD"\n', "ascii")
            program.chmod(0o700)
        return os.environ | {
            "SSH_ASKPASS": str(program),
            "SSH_ASKPASS_REQUIRE": "force",
            "DISPLAY": os.environ.get("DISPLAY", ":0"),  # what older releases want before they ask a program
            "ROSTERDROP_DEMO_PASSWORD": self.password,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OurClient:
    """Our own SFTP client."""

    keys_dir: Path
    port: int
    username: str
    password: str

    def put(self, path: Path) -> None:
        """Upload a file to /local."""
        output(f"\n(rosterdrop's own SFTP client) put {path.name} /local/{path.name}")
        run(self._put(path))

    def get(self, remote: str, path: Path) -> None:
        """Download a file."""
        output(f"\n(rosterdrop's own SFTP client) get {remote} {path.name}")
        path.write_bytes(run(self._read(remote)))

    async def _put(self, path: Path) -> None:
        from processor.intake.sftp_client import connect

        async with connect(self._account()) as connection:
            await connection.upload(path, f"/local/{path.name}")

    async def _read(self, remote: str) -> bytes:
        from processor.intake.sftp_client import connect

        async with connect(self._account()) as connection:
            return await connection.read(remote)

    def _account(self) -> "Account":
        from processor.intake.ssh_connection import Account
        from server.host_keys import load_host_keys

        pinned = [key.get_fingerprint() for key in load_host_keys(self.keys_dir)]
        return Account(
            host=HOST, port=self.port, username=self.username, password=self.password, host_keys=pinned
        )


def customer(*, folder: Path, keys_dir: Path, port: int, username: str, password: str) -> Customer:
    """Return a customer with OpenSSH, where it is installed."""
    if all(shutil.which(program) for program in ("sftp", "ssh", "ssh-keygen")):
        return OpenSsh(folder=folder, keys_dir=keys_dir, port=port, username=username, password=password)
    return OurClient(keys_dir=keys_dir, port=port, username=username, password=password)
