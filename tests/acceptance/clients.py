"""The clients of docs/clients.md: the command lines that customers read there are the ones that the tests run.

The name of the server, its port, the user name, the password and the host key's fingerprint are put in; options that
only a test needs stand in `OPTIONS` and in the environment: where the known hosts lie, and that nobody types.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from tests.acceptance.daemon import DEADLINE_S, Daemon, Organization
from tests.conftest import find_tool

ADDRESS = "127.0.0.1"
TROUBLE = re.compile(r"\b(error|fail(ed|ure)?|denied|warning|fatal|refused|no such)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to do something: a command line, and what is typed into it or stands in its batch file."""

    client: str
    purpose: str
    command: str
    typed: tuple[str, ...] = ()

    def put_in(self, values: Mapping[str, str]) -> tuple[list[str], str]:
        """The words of the command, and what is typed."""
        return [_put_in(word, values) for word in shlex.split(self.command)], "".join(
            f"{_put_in(line, values)}\n" for line in self.typed
        )


SFTP = "sftp -P 2222 Mavericks_007@sftp.example.com"
PSFTP = (
    "psftp -P 2222 -pw PASSWORD -hostkey SHA256:FINGERPRINT -batch -b commands.txt "
    "Mavericks_007@sftp.example.com"
)
LFTP = "lftp -u Mavericks_007,PASSWORD sftp://sftp.example.com:2222"

SEND, RESUME, RENAME, FOLDER = "send", "resume", "send under a temporary name", "send a folder"

WAYS = {
    "sftp": Way(client="OpenSSH `sftp`", purpose=SEND, command=SFTP, typed=("put users.csv /local/",)),
    "sftp -p": Way(
        client="OpenSSH `sftp`",
        purpose="send with times",
        command=SFTP,
        typed=("put -p users.csv /local/",),
    ),
    "sftp rename": Way(
        client="OpenSSH `sftp`",
        purpose=RENAME,
        command=SFTP,
        typed=("put users.csv /local/users.csv.part", "rename /local/users.csv.part /local/users.csv"),
    ),
    "sftp reput": Way(
        client="OpenSSH `sftp`", purpose=RESUME, command=SFTP, typed=("reput users.csv /local/users.csv",)
    ),
    "scp": Way(
        client="OpenSSH `scp`",
        purpose=SEND,
        command="scp -P 2222 users.csv Mavericks_007@sftp.example.com:/local/",
    ),
    "psftp": Way(
        client="PuTTY `psftp`", purpose=SEND, command=PSFTP, typed=("put users.csv /local/users.csv",)
    ),
    "psftp reput": Way(
        client="PuTTY `psftp`", purpose=RESUME, command=PSFTP, typed=("reput users.csv /local/users.csv",)
    ),
    "lftp": Way(client="`lftp`", purpose=SEND, command=LFTP, typed=("put -O /local users.csv",)),
    "lftp put -c": Way(client="`lftp`", purpose=RESUME, command=LFTP, typed=("put -c -O /local users.csv",)),
    "lftp temporary": Way(
        client="`lftp`",
        purpose=RENAME,
        command=LFTP,
        typed=("set xfer:use-temp-file on", "put -O /local users.csv"),
    ),
    "lftp mirror": Way(
        client="`lftp`",
        purpose=FOLDER,
        command=LFTP,
        typed=("mirror -R --Remove-source-files outgoing /local",),
    ),
    "curl": Way(
        client="`curl`",
        purpose=SEND,
        command="curl -T users.csv -u Mavericks_007:PASSWORD sftp://sftp.example.com:2222/local/",
    ),
    "curl rename": Way(
        client="`curl`",
        purpose=RENAME,
        command="curl -T users.csv -Q '-RENAME /local/users.csv.part /local/users.csv' -u Mavericks_007:PASSWORD "
        "sftp://sftp.example.com:2222/local/users.csv.part",
    ),
    "curl resume": Way(
        client="`curl`",
        purpose=RESUME,
        command="curl -C - -T users.csv -u Mavericks_007:PASSWORD sftp://sftp.example.com:2222/local/",
    ),
    "rclone config": Way(
        client="`rclone`",
        purpose="set up, once",
        command="rclone config create vendor sftp host=sftp.example.com port=2222 user=Mavericks_007 pass=PASSWORD "
        "shell_type=none known_hosts_file=known_hosts --obscure",
    ),
    "rclone": Way(client="`rclone`", purpose=SEND, command="rclone copy users.csv vendor:/local"),
    "rclone move": Way(client="`rclone`", purpose=FOLDER, command="rclone move outgoing vendor:/local"),
    "sshfs": Way(
        client="`sshfs`", purpose="mount", command="sshfs -p 2222 Mavericks_007@sftp.example.com:/ mount"
    ),
    "sshfs cp": Way(client="`sshfs`", purpose=SEND, command="cp users.csv mount/local/"),
    "npm": Way(client="ssh2 for node", purpose="set up, once", command="npm install ssh2"),
}

# The line of a program that sends the file; tests/acceptance/test_clients_libraries.py and test_clients_java.py run it.
LIBRARIES = {
    "paramiko": 'sftp.put("users.csv", "/local/users.csv")',
    "asyncssh": 'await sftp.put("users.csv", "/local/users.csv")',
    "JSch": 'sftp.put("users.csv", "/local/users.csv")',
    "ssh2 for node": 'sftp.fastPut("users.csv", "/local/users.csv", done)',
}


def options(program: str, known_hosts: Path) -> tuple[str, ...]:
    """What only a test adds: a list of known hosts of its own, and commands from a pipe that must not fail."""
    ssh = (
        "-oBatchMode=no",  # before -b, which would switch passwords off: of two values ssh takes the first
        "-oStrictHostKeyChecking=yes",
        f"-oUserKnownHostsFile={known_hosts}",
        "-oGlobalKnownHostsFile=/dev/null",
        "-oPubkeyAuthentication=no",
        "-oNumberOfPasswordPrompts=1",
        "-F/dev/null",
    )
    return {
        "sftp": (*ssh, "-b-"),
        "scp": (*ssh, "-p"),
        "sshfs": tuple(word for option in ssh[:-1] for word in ("-o", option.removeprefix("-o"))),
        "curl": ("-sS",),
        "npm": ("--ignore-scripts", "--no-audit", "--no-fund", "--cache", "cache"),
    }.get(program, ())


@dataclass(frozen=True, slots=True)
class Done:
    """How a client ended."""

    status: int
    printed: str

    def well(self) -> str:
        """Expect exit status 0 and no word of trouble; return what was printed."""
        assert self.status == 0, self.printed
        assert not TROUBLE.search(self.printed), self.printed
        return self.printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A customer's machine: a folder to work in, the server's host keys, and an organization's access."""

    folder: Path
    port: int
    organization: Organization
    keys: tuple[asyncssh.SSHKey, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def known_hosts(self) -> Path:
        return self.folder / ".ssh" / "known_hosts"

    @property
    def values(self) -> dict[str, str]:
        """What stands for the examples of the document."""
        return {
            "sftp.example.com": ADDRESS,
            "2222": str(self.port),
            "Mavericks_007": self.organization.username,
            "PASSWORD": self.organization.password,
            "SHA256:FINGERPRINT": self.keys[0].get_fingerprint(),
        }

    def know(self, *keys: asyncssh.SSHKey, port: int | None = None) -> None:
        """Write known hosts as ssh-keyscan does."""
        self.known_hosts.parent.mkdir(exist_ok=True)
        public = [key.export_public_key().decode().strip() for key in keys]
        self.known_hosts.write_text("".join(f"[{ADDRESS}]:{port or self.port} {key}\n" for key in public))

    def at(self, port: int) -> "Machine":
        """The same machine, which finds the server at another port."""
        other = Machine(
            folder=self.folder,
            port=port,
            organization=self.organization,
            keys=self.keys,
            environment=self.environment,
        )
        other.know(*self.keys)
        return other

    def run(self, way: Way) -> Done:
        """Do as the document says."""
        (program, *words), typed = way.put_in(self.values)
        self._prepare(typed)
        done = subprocess.run(
            [find_tool(program), *options(program, self.known_hosts), *words],
            input=typed,
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def _prepare(self, typed: str) -> None:
        """What clients find in their folder: an answer to the question for the password, and their settings."""
        (self.folder / "commands.txt").write_text(typed, "utf-8")
        (self.folder / "lftp").mkdir(exist_ok=True)
        ssh = shlex.join(("ssh", "-a", "-x", *options("sftp", self.known_hosts)[:-1]))
        (self.folder / "lftp" / "rc").write_text(
            f'set sftp:connect-program "{ssh}"\nset cmd:fail-exit yes\n'
            "set net:max-retries 1\nset net:reconnect-interval-base 1\n",
            "utf-8",
        )


def machine(daemon: Daemon, organization: Organization, folder: Path, keys: Path) -> Machine:
    """A machine that knows the server's keys and an organization's password."""
    folder.mkdir(exist_ok=True)
    askpass = folder / "askpass"
    askpass.write_text('#!/bin/sh\nprintf "%s\\n" "$UPLOAD_PASSWORD"\n', "ascii")
    askpass.chmod(0o700)
    found = Machine(
        folder=folder,
        port=daemon.port,
        organization=organization,
        keys=tuple(host_keys(keys)),
        environment={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "LFTP_HOME": str(folder / "lftp"),
            "RCLONE_CONFIG": str(folder / "rclone.conf"),
            "SSH_ASKPASS": str(askpass),
            "SSH_ASKPASS_REQUIRE": "force",
            "UPLOAD_PASSWORD": organization.password,
        },
    )
    found.know(*found.keys)
    return found


def host_keys(folder: Path) -> Iterator[asyncssh.SSHKey]:
    """The public halves of a daemon's host keys; ed25519 first."""
    for kind in ("ed25519", "ecdsa", "rsa"):
        private = asyncssh.read_private_key(folder / f"ssh_host_{kind}_key")
        yield private.convert_to_public()


def _put_in(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
