"""SFTP servers as customers host them: OpenSSH's sshd, ProFTPD and rclone, and a link to them that gets stuck."""

import contextlib
import grp
import os
import pwd
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.daemon import eventually
from tests.conftest import find_tool

PASSWORD = "geheim-geheim"
# openssl passwd -6 -salt rosterdrop geheim-geheim
HASH = "$6$rosterdrop$Xo5EhvtYfPoeNgsWTYpJfdE0Lhb5hoD5eiOiAlRSEhMCgo5..g9plNGUTr6hbPeaobcdcE1K5TRypZ5Oc19Y80"
PIECE = 16_384

PROFTPD = """\
ServerType standalone
DefaultAddress 127.0.0.1
Port {port}
ModulePath {modules}
LoadModule mod_sftp.c
User {user}
Group {group}
RequireValidShell off
RootLogin on
AuthOrder mod_auth_file.c
AuthUserFile {folder}/passwd
UseIPv6 off
DelayEngine off
WtmpLog off
TransferLog none
PidFile {folder}/proftpd.pid
ScoreboardFile {folder}/scoreboard
SystemLog {folder}/proftpd.log
AllowOverwrite on
SFTPEngine on
SFTPLog {folder}/sftp.log
SFTPHostKey {folder}/host_key
SFTPAuthorizedUserKeys file:{folder}/authorized
SFTPAuthMethods publickey password
"""
SSHD = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication {password}
PermitRootLogin yes
PidFile none
Subsystem sftp internal-sftp
"""


@dataclass(kw_only=True)
class RemoteServer:
    """One server with its folder of files; `start` and `kill` as often as you like, on the same port."""

    program: str
    folder: Path
    login: str = "key"
    port: int = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.files.mkdir(parents=True)
        self.make_host_key()
        keygen("-t", "ed25519", "-f", self.key)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def files(self) -> Path:
        """Where its files lie."""
        return self.folder / "files"

    @property
    def key(self) -> Path:
        """The private key that may log in."""
        return self.folder / "user_key"

    @property
    def username(self) -> str:
        """Who may log in."""
        if self.program == "sshd" and self.login == "key":
            return os.environ.get("USER") or "root"
        return "roster"

    @property
    def root(self) -> str:
        """The folder of its files as a client names it."""
        return "/" if self.program == "rclone" else str(self.files)

    def make_host_key(self) -> None:
        """Make a host key, in place of the one before."""
        path = self.folder / "host_key"
        path.unlink(missing_ok=True)
        keygen("-t", "rsa", "-b", "2048", "-m", "PEM", "-f", path)

    def start(self) -> "RemoteServer":
        """Start it and wait until it takes connections."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._answers, what=f"{self.program} answers: {self.log}")
        return self

    def kill(self) -> None:
        """Kill -9 of it and of all its sessions."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "server.log").read_text("utf-8", "replace")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def _command(self) -> list[str | Path]:
        match self.program:
            case "sshd":
                self._sshd()
                command: list[str | Path] = [find_tool("sshd"), "-D", "-e", "-f", self.folder / "sshd.conf"]
                return command if self.login == "key" else self._with_a_user(command)
            case "proftpd":
                self._proftpd()
                return [find_tool("proftpd"), "-n", "-c", self.folder / "proftpd.conf"]
            case _:
                return [
                    find_tool("rclone"),
                    *("serve", "sftp", self.files, "--addr", f"127.0.0.1:{self.port}"),
                    *("--key", self.folder / "host_key", "--authorized-keys", f"{self.key}.pub"),
                    *("--user", self.username, "--pass", PASSWORD),
                    *("--dir-cache-time", "0s", "--config", self.folder / "rclone.conf"),
                ]

    def _sshd(self) -> None:
        (self.folder / "authorized").write_bytes(self.key.with_suffix(".pub").read_bytes())
        (self.folder / "sshd.conf").write_text(
            SSHD.format(
                port=self.port, folder=self.folder, password="yes" if self.login == "password" else "no"
            ),
            "ascii",
        )
        with contextlib.suppress(PermissionError):
            Path("/run/sshd").mkdir(exist_ok=True)  # where its unprivileged part lives

    def _with_a_user(self, command: list[str | Path]) -> list[str | Path]:
        """Give sshd a user with a password; in a mount namespace of its own, nobody else on the machine has him."""
        if os.geteuid() != 0:
            pytest.skip("sshd knows the machine's users only: as root it gets one of its own")
        lines = {
            "passwd": f"roster:x:0:0::{self.files}:/bin/sh\n",
            "shadow": f"roster:{HASH}:19000:0:99999:7:::\n",
        }
        for name, line in lines.items():
            path = self.folder / name
            path.write_text(line + Path("/etc", name).read_text("utf-8"), "utf-8")
            path.chmod(0o600 if name == "shadow" else 0o644)
        script = 'cd "$0" && mount --bind passwd /etc/passwd && mount --bind shadow /etc/shadow && exec "$@"'
        return [find_tool("unshare"), "--mount", "sh", "-c", script, self.folder, *command]

    def _proftpd(self) -> None:
        public = keygen("-e", "-m", "RFC4716", "-f", f"{self.key}.pub")
        (self.folder / "authorized").write_text(public, "ascii")
        uid, gid = os.getuid(), os.getgid()
        passwd = self.folder / "passwd"
        passwd.write_text(f"{self.username}:{HASH}:{uid}:{gid}::{self.files}:/bin/sh\n", "ascii")
        passwd.chmod(0o600)
        text = PROFTPD.format(
            port=self.port,
            folder=self.folder,
            user=pwd.getpwuid(uid).pw_name,
            group=grp.getgrgid(gid).gr_name,
            modules=proftpd_modules(),
        )
        (self.folder / "proftpd.conf").write_text(text, "ascii")


def keygen(*words: str | Path) -> str:
    """Run ssh-keygen without a passphrase."""
    passphrase = [] if "-e" in words else ["-q", "-N", ""]
    done = subprocess.run(
        [find_tool("ssh-keygen"), *passphrase, *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def proftpd_modules() -> Path:
    """Where its modules lie."""
    found = [path for path in (Path("/usr/lib/proftpd"), Path("/usr/libexec/proftpd")) if path.is_dir()]
    return found[0] if found else Path("/usr/lib/proftpd")


class Gate:
    """A port that leads to another one, and gets stuck when so many bytes came from the server."""

    def __init__(self, *, port: int, after_bytes: int) -> None:
        self._target = port
        self._after = after_bytes
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.passed = 0  # bytes from the server since `open`
        self.is_stuck = threading.Event()
        self._is_open = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def open(self) -> None:
        """Let everything pass from now on; what was stuck is cut."""
        self.passed = 0
        self._is_open.set()

    def close(self) -> None:
        """Take no more connections."""
        self._is_open.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(("127.0.0.1", self._target)) as server,
        ):
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            while data := client.recv(PIECE):
                server.sendall(data)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(PIECE):
                self.passed += len(data)
                if not self._is_open.is_set() and self.passed > self._after:
                    self.is_stuck.set()
                    self._is_open.wait()
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def gate(port: int, *, after_bytes: int) -> Iterator[Gate]:
    """Open a gate."""
    made = Gate(port=port, after_bytes=after_bytes)
    try:
        yield made
    finally:
        made.close()
