"""SFTP servers side by side on loopback: ours, OpenSSH's sshd, ProFTPD's mod_sftp, rclone; each has a folder."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.conftest import PLACES

START_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
CIPHER = "aes128-gcm@openssh.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A running server."""

    name: str
    version: str
    pid: int
    port: int
    user: str
    folder: str  # where clients put files
    key: Path

    def processes(self) -> list[int]:
        """Return the process ids of the server, children included."""
        found, children = [self.pid], _children()
        for pid in found:
            found.extend(children.get(pid, ()))
        return found

    def cpu_s(self) -> float:
        """Return the CPU seconds that its processes have taken, ended and awaited children included."""
        return sum(map(_cpu_s, self.processes()))

    def resident_bytes(self) -> int:
        """Return the resident memory of all its processes together."""
        return sum(map(_resident_bytes, self.processes()))

    def sftp(self, *commands: str, options: tuple[str, ...] = ()) -> None:
        """Run commands of OpenSSH's client in one session.

        Raises:
            CalledProcessError: the client did not exit with 0.
        """
        command = [
            tool("sftp"), "-q", "-P", str(self.port), "-i", str(self.key), "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            *options, "-b", "-", f"{self.user}@127.0.0.1",
        ]  # fmt: skip
        subprocess.run(
            command, input="\n".join(commands) + "\n", text=True, check=True, stdout=subprocess.DEVNULL
        )


def tool(name: str) -> str:
    """Return the path of a program.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = shutil.which(name, path=PLACES)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed")
    return found


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return children


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_s(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the servers of one run share: a folder, a host key, a client's key."""

    folder: Path
    host_key: Path
    key: Path


def new_place(folder: Path) -> Place:
    """Make the keys."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    for name in ("host", "client"):
        command = [tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(keys / name)]
        subprocess.run(command, check=True)
    return Place(folder=folder, host_key=keys / "host", key=keys / "client")


@contextmanager
def _running(command: list[str], port: int, log: Path, env: dict[str, str] | None = None) -> Iterator[int]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env)
    try:
        _await_port(process, port, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_S)


def _await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")


@contextmanager
def rosterdrop(place: Place, folder: Path, **settings: object) -> Iterator[Peer]:
    """Start our daemon; imports wait for a schedule, so that transfers alone are measured."""
    command = Path(sys.executable).with_name("rosterdrop")
    port = free_port()
    values = {
        "data_dir": folder / "data", "keys_dir": place.folder / "rosterdrop-keys", "port": port,
        "min_free_disk_bytes": 0, "max_drops_per_hour": 1_000_000, "max_startups_per_address": 100,
        "log_level": "warning", **settings,
    }  # fmt: skip
    env = os.environ | {f"ROSTERDROP_{name.upper()}": str(value) for name, value in values.items()}

    def run(*words: str) -> str:
        return subprocess.run([command, *words], env=env, check=True, capture_output=True, text=True).stdout

    with _running([str(command), "serve"], port, folder / "rosterdrop.log", env) as pid:
        rules = ("schedule=0 0 1 1 *", "login=either")
        run("org", "add", "Bench", "--id", "bench", "--owner", "owner@bench.example", *rules)
        run("org", "key", "add", "bench", str(place.key.with_suffix(".pub")))
        yield Peer(
            name="rosterdrop", version=version("rosterdrop"), pid=pid, port=port,
            user="Bench_bench", folder="/local", key=place.key,
        )  # fmt: skip


@contextmanager
def sshd(place: Place, folder: Path) -> Iterator[Peer]:
    """Start OpenSSH's server with its internal SFTP."""
    port = free_port()
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place.host_key}\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {place.key}.pub\nUsePAM no\nPermitRootLogin yes\nMaxStartups 100\n"
        "Subsystem sftp internal-sftp\n"
    )
    files = folder / "sshd"
    files.mkdir()
    said = subprocess.run([tool("ssh"), "-V"], capture_output=True, text=True, check=True).stderr
    with _running([tool("sshd"), "-D", "-e", "-f", str(config)], port, folder / "sshd.log") as pid:
        yield Peer(
            name="sshd", version=said.split(",")[0], pid=pid, port=port,
            user=_me(), folder=str(files), key=place.key,
        )  # fmt: skip


@contextmanager
def proftpd(place: Place, folder: Path) -> Iterator[Peer]:
    """Start ProFTPD with mod_sftp."""
    port = free_port()
    files, config, keys = folder / "proftpd", folder / "proftpd.conf", folder / "proftpd.keys"
    files.mkdir()
    exported = subprocess.run(
        [tool("ssh-keygen"), "-e", "-f", f"{place.key}.pub"], capture_output=True, text=True, check=True
    )
    keys.write_text(exported.stdout)
    config.write_text(
        f"ModulePath /usr/lib/proftpd\nLoadModule mod_sftp.c\nServerType standalone\nDefaultAddress 127.0.0.1\n"
        f"Port {port}\nUser {_me()}\nGroup {_me()}\nRootLogin on\nRequireValidShell off\n"
        "UseFtpUsers off\nUseReverseDNS off\n"
        f"PidFile {folder}/proftpd.pid\nScoreboardFile {folder}/proftpd.score\nDelayEngine off\nMaxInstances 200\n"
        f"SystemLog {folder}/proftpd.system.log\nTransferLog none\nWtmpLog off\nAuthPAM off\n"
        f"SFTPEngine on\nSFTPHostKey {place.host_key}\nSFTPAuthMethods publickey\n"
        f"SFTPAuthorizedUserKeys file:{keys}\nSFTPCiphers aes128-gcm@openssh.com aes128-ctr\n"
        f"<Directory {files}>\nAllowOverwrite on\n</Directory>\n"
    )
    said = subprocess.run([tool("proftpd"), "-v"], capture_output=True, text=True, check=True).stdout
    with _running([tool("proftpd"), "-n", "-q", "-c", str(config)], port, folder / "proftpd.log") as pid:
        yield Peer(
            name="ProFTPD", version=said.split()[-1], pid=pid, port=port,
            user=_me(), folder=str(files), key=place.key,
        )  # fmt: skip


@contextmanager
def rclone(place: Place, folder: Path) -> Iterator[Peer]:
    """Start rclone's SFTP server."""
    port = free_port()
    files = folder / "rclone"
    files.mkdir()
    command = [
        tool("rclone"), "serve", "sftp", str(files), "--addr", f"127.0.0.1:{port}", "--user", "bench",
        "--key", str(place.host_key), "--authorized-keys", f"{place.key}.pub", "--config", os.devnull,
    ]  # fmt: skip
    said = subprocess.run([tool("rclone"), "version"], capture_output=True, text=True, check=True).stdout
    with _running(command, port, folder / "rclone.log") as pid:
        yield Peer(
            name="rclone",
            version=said.split()[1],
            pid=pid,
            port=port,
            user="bench",
            folder="/",
            key=place.key,
        )


SERVERS = (rosterdrop, sshd, proftpd, rclone)


@contextmanager
def all_servers(folder: Path) -> Iterator[list[Peer]]:
    """Start all that are installed, one after the other; what is missing is left out."""
    place = new_place(folder)
    with ExitStack() as stack:
        peers = []
        for server in SERVERS:
            try:
                peers.append(stack.enter_context(server(place, folder)))
            except FileNotFoundError as exc:
                print(f"left out: {exc}")
        yield peers


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
