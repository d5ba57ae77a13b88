"""SFTP servers side by side on loopback: ours, OpenSSH's sshd, ProFTPD's mod_sftp, rclone; each has a folder."""

import grp
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from bench import hashes
from bench.clients import Peer
from bench.place import Place, system_account, tool

START_S = 60.0
Server = Callable[[Place], AbstractContextManager[Peer]]


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def _running(
    command: list[str], port: int, log: Path, env: dict[str, str] | None = None
) -> Iterator[tuple[int, int]]:
    """Run a server below a process that inherits its orphans; return the pids of both."""
    reaper = [sys.executable, "-S", str(Path(__file__).with_name("reaper.py")), *command]
    with log.open("ab") as output:
        process = subprocess.Popen(
            reaper, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, env=env, text=True
        )
    assert process.stdout is not None
    try:
        pid = int(process.stdout.readline() or 0)
        _await_port(process, port, log)
        yield process.pid, pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(process: "subprocess.Popen[str]", port: int, log: Path) -> None:
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
def rosterdrop(place: Place, **settings: object) -> Iterator[Peer]:
    """Start our daemon; imports wait for a schedule, so that transfers alone are measured."""
    command, port, folder = Path(sys.executable).with_name("rosterdrop"), free_port(), place.folder
    values = {
        "data_dir": folder / "data", "keys_dir": folder / "rosterdrop-keys", "port": port,
        "min_free_disk_bytes": 0, "max_drops_per_hour": 1_000_000, "max_startups_per_address": 100,
        "max_sessions_per_org": 200, "log_level": "warning", **settings,
    }  # fmt: skip
    outer = {name: value for name, value in os.environ.items() if not name.startswith("ROSTERDROP_")}
    env = outer | {f"ROSTERDROP_{name.upper()}": str(value) for name, value in values.items()}

    def run(*words: str) -> str:
        return subprocess.run([command, *words], env=env, check=True, capture_output=True, text=True).stdout

    with _running([str(command), "serve"], port, folder / "rosterdrop.log", env) as (root, pid):
        rules = ("schedule=0 0 1 1 *", "login=either")
        made = json.loads(
            run("org", "add", "Bench", "--id", "bench", "--owner", "o@bench.example", *rules, "--json")
        )
        run("org", "key", "add", "bench", str(place.key.with_suffix(".pub")))
        yield Peer(
            name="rosterdrop", version=version("rosterdrop"), root=root, pid=pid, port=port, user=made["username"],
            folder="/local", place=place, password=made["password"], hash_s=hashes.argon2_s(),
        )  # fmt: skip


@contextmanager
def sshd(place: Place) -> Iterator[Peer]:
    """Start OpenSSH's server with its internal SFTP; as root, for an account of its own that has a password."""
    port, folder, files = free_port(), place.folder, place.folder / "sshd"
    files.mkdir()
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place.host_key}\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nUsePAM no\nMaxStartups 200\nMaxSessions 200\n"
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n"
    )
    (folder / "authorized_keys").write_bytes(place.key.with_suffix(".pub").read_bytes())
    said = subprocess.run([tool("ssh"), "-V"], capture_output=True, text=True, check=True).stderr
    command = [tool("sshd"), "-D", "-e", "-f", str(config)]
    with system_account(place.password, files) as account:
        if account is not None:
            os.chown(files, pwd.getpwnam(account).pw_uid, -1)
        with _running(command, port, folder / "sshd.log") as (root, pid):
            yield Peer(
                name="sshd", version=said.split(",")[0], root=root, pid=pid, port=port, user=account or _me(),
                folder=str(files), place=place, password=place.password if account else None,
                hash_s=hashes.system_s(account) if account else None,
            )  # fmt: skip


@contextmanager
def proftpd(place: Place) -> Iterator[Peer]:
    """Start ProFTPD with mod_sftp."""
    port, folder = free_port(), place.folder
    files, config, keys, users = (folder / f"proftpd{end}" for end in ("", ".conf", ".keys", ".users"))
    files.mkdir()
    exported = subprocess.run(
        [tool("ssh-keygen"), "-e", "-f", f"{place.key}.pub"], capture_output=True, text=True, check=True
    )
    keys.write_text(exported.stdout)
    hashed = hashes.sha512_crypt(place.password)
    users.write_text(f"bench:{hashed}:{os.getuid()}:{os.getgid()}::{files}:/bin/sh\n")
    users.chmod(0o600)
    config.write_text(
        f"ModulePath /usr/lib/proftpd\nLoadModule mod_sftp.c\nServerType standalone\nDefaultAddress 127.0.0.1\n"
        f"Port {port}\nUser {_me()}\nGroup {_my_group()}\nRootLogin on\nRequireValidShell off\n"
        f"AuthUserFile {users}\nAuthOrder mod_auth_file.c\nUseFtpUsers off\nUseReverseDNS off\n"
        f"PidFile {folder}/proftpd.pid\nScoreboardFile {folder}/proftpd.score\nDelayEngine off\nMaxInstances 300\n"
        f"SystemLog {folder}/proftpd.system.log\nTransferLog none\nWtmpLog off\nAuthPAM off\n"
        f"SFTPEngine on\nSFTPHostKey {place.host_key}\nSFTPAuthMethods publickey password\n"
        f"SFTPAuthorizedUserKeys file:{keys}\nSFTPCiphers aes128-gcm@openssh.com aes128-ctr\n"
        f"<Directory {files}>\nAllowOverwrite on\n</Directory>\n"
    )
    said = subprocess.run([tool("proftpd"), "-v"], capture_output=True, text=True, check=True).stdout
    with _running([tool("proftpd"), "-n", "-q", "-c", str(config)], port, folder / "proftpd.log") as (
        root,
        pid,
    ):
        yield Peer(
            name="ProFTPD", version=said.split()[-1], root=root, pid=pid, port=port, user="bench", folder=str(files),
            place=place, password=place.password, hash_s=hashes.crypt_s(hashed),
        )  # fmt: skip


@contextmanager
def rclone(place: Place) -> Iterator[Peer]:
    """Start rclone's SFTP server, which compares passwords as they are."""
    port, files = free_port(), place.folder / "rclone"
    files.mkdir()
    command = [
        tool("rclone"), "serve", "sftp", str(files), "--addr", f"127.0.0.1:{port}", "--user", "bench",
        "--pass", place.password, "--key", str(place.host_key), "--authorized-keys", f"{place.key}.pub",
        "--config", os.devnull,
    ]  # fmt: skip
    said = subprocess.run([tool("rclone"), "version"], capture_output=True, text=True, check=True).stdout
    with _running(command, port, place.folder / "rclone.log") as (root, pid):
        yield Peer(
            name="rclone", version=said.split()[1], root=root, pid=pid, port=port, user="bench", folder="/",
            place=place, password=place.password, hash_s=0.0,
        )  # fmt: skip


SERVERS: tuple[tuple[str, Server], ...] = (
    ("rosterdrop", rosterdrop),
    ("sshd", sshd),
    ("ProFTPD", proftpd),
    ("rclone", rclone),
)


@contextmanager
def all_servers(place: Place) -> Iterator[tuple[list[Peer], dict[str, str]]]:
    """Start all, one after the other; those that are missing or don't start are named with the reason."""
    with ExitStack() as stack:
        peers, left_out = [], {}
        for name, server in SERVERS:
            try:
                peers.append(stack.enter_context(server(place)))
            except (OSError, RuntimeError, subprocess.CalledProcessError) as exc:
                left_out[name] = f"{name}: {exc}"
        yield peers, left_out


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _my_group() -> str:
    return grp.getgrgid(os.getgid()).gr_name
