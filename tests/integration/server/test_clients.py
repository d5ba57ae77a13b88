"""Programs that customers use, as they come (rules U3, U4, U10)."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from tests.integration.server.world import PASSWORD, World, eventually

Tool = Callable[[str], Path]
LARGE = bytes(range(256)) * 4_000


class Shell:
    """Runs programs with a home of their own, against one server."""

    def __init__(self, *, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.port = world.listener.port
        asking = folder / "askpass"
        asking.write_text(f"#!/bin/sh\necho '{PASSWORD}'\n")
        asking.chmod(0o700)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SSH_ASKPASS": str(asking),
            "SSH_ASKPASS_REQUIRE": "force",
            "LC_ALL": "C.UTF-8",
        }
        self.ssh_options = [
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "PreferredAuthentications=password",
        ]
        self.user = "Mavericks_007"
        self.host = f"{self.user}@127.0.0.1"

    def file(self, name: str, content: bytes = LARGE) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    async def run(self, *command: object, typed: str = "") -> tuple[int, str]:
        """Return exit status and what was printed."""
        process = await asyncio.create_subprocess_exec(
            *(str(part) for part in command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
        )
        printed, _ = await asyncio.wait_for(process.communicate(typed.encode()), 60)
        print(printed.decode(errors="replace"))
        return process.returncode or 0, printed.decode(errors="replace")

    async def sftp(self, sftp: Path, *commands: str) -> tuple[int, str]:
        batch = self.file("batch", "\n".join(commands).encode() + b"\n")
        # -b sets BatchMode, which asks for no password: BatchMode=no before it wins.
        return await self.run(
            sftp, *self.ssh_options, "-o", "BatchMode=no", "-P", self.port, "-b", batch, self.host
        )


@pytest.fixture
def shell(tmp_path: Path, world: World) -> Shell:
    folder = tmp_path / "client"
    folder.mkdir()
    return Shell(folder=folder, world=world)


async def test_u10_openssh_sftp_puts_with_times_lists_and_reads(shell: Shell, tool: Tool) -> None:
    source = shell.file("users.csv")
    status, printed = await shell.sftp(
        tool("sftp"), "pwd", f"put -p {source} /local/", "ls -l /local", "ls -la /", "df /local"
    )
    assert status == 0
    assert "Remote working directory: /\n" in printed
    assert "-rw-r--r--    1 1000     1000      1024000 " in printed
    assert shell.world.bytes_of() == LARGE


async def test_u01_openssh_sftp_is_refused_in_the_root(shell: Shell, tool: Tool) -> None:
    source = shell.file("users.csv")
    assert (await shell.sftp(tool("sftp"), f"put {source}"))[0] == 1
    assert (await shell.sftp(tool("sftp"), "mkdir /local/new"))[0] == 1
    assert (await shell.sftp(tool("sftp"), f"put {source} /local/x.csv", "ln /local/x.csv /local/y.csv"))[
        0
    ] == 1
    assert (await shell.sftp(tool("sftp"), "symlink /etc/passwd /local/y.csv"))[0] == 1


async def test_u05_openssh_sftp_renames_from_a_temporary_name(shell: Shell, tool: Tool) -> None:
    source = shell.file("users.csv")
    status, _ = await shell.sftp(
        tool("sftp"), f"put {source} /local/users.csv.part", "rename /local/users.csv.part /local/users.csv"
    )
    assert status == 0
    assert shell.world.names() == ["users.csv"]


async def test_u03_openssh_sftp_that_is_killed_leaves_a_partial_that_reput_completes(
    shell: Shell, tool: Tool
) -> None:
    content = os.urandom(1_000_000) * 8
    source = shell.file("users.csv", content)
    process = await asyncio.create_subprocess_exec(
        str(tool("sftp")),
        *shell.ssh_options,
        "-o",
        "BatchMode=no",
        "-l",
        "8000",
        "-P",
        str(shell.port),
        "-b",
        str(shell.file("batch", f"put {source} /local/users.csv\n".encode())),
        shell.host,
        env=shell.environment,
        start_new_session=True,
    )
    incoming = shell.world.inbox.folders("007").incoming
    await eventually(
        lambda: any(path.stat().st_size > 100_000 for path in incoming.glob("*/data")), within_s=30
    )
    process.kill()
    await process.wait()
    await eventually(lambda: shell.world.outcomes() == ["partial"])
    assert shell.world.names() == []
    status, _ = await shell.sftp(tool("sftp"), f"reput {source} /local/users.csv")
    assert status == 0
    assert shell.world.bytes_of() == content


async def test_u11_openssh_scp_arrives_and_exits_with_0(shell: Shell, tool: Tool) -> None:
    source = shell.file("users.csv")
    status, _ = await shell.run(
        tool("scp"), *shell.ssh_options, "-p", "-P", shell.port, source, f"{shell.host}:/local/"
    )
    assert status == 0
    assert shell.world.bytes_of() == LARGE


async def test_u11_openssh_ssh_gets_no_shell(shell: Shell, tool: Tool) -> None:
    status, _ = await shell.run(tool("ssh"), *shell.ssh_options, "-p", shell.port, shell.host, "id")
    assert status != 0


@pytest.mark.parametrize("extra", ["", "set xfer:use-temp-file yes; set xfer:temp-file-name .in.*;"])
async def test_u10_lftp_puts(shell: Shell, tool: Tool, extra: str) -> None:
    source = shell.file("users.csv")
    options = " ".join(shell.ssh_options)
    status, printed = await shell.run(
        tool("lftp"),
        "-c",
        f"set sftp:auto-confirm yes; set net:max-retries 1; set sftp:connect-program 'ssh -a -x {options}'; {extra}"
        f"open -u {shell.user},'{PASSWORD}' sftp://127.0.0.1:{shell.port};"
        f"put {source} -o /local/users.csv; cls -l /local; ls /",
    )
    assert status == 0
    assert "users.csv" in printed
    assert shell.world.names() == ["users.csv"]
    assert shell.world.bytes_of() == LARGE


async def test_u10_curl_puts(shell: Shell, tool: Tool) -> None:
    source = shell.file("users.csv")
    status, _ = await shell.run(
        tool("curl"),
        "-sS",
        "-k",
        "-T",
        source,
        "-u",
        f"{shell.user}:{PASSWORD}",
        f"sftp://127.0.0.1:{shell.port}/local/users.csv",
    )
    assert status == 0
    assert shell.world.bytes_of() == LARGE


async def test_u10_psftp_puts(shell: Shell, tool: Tool) -> None:
    source = shell.file("users.csv")
    commands = shell.file("commands", f"cd /local\nput {source} users.csv\nls\nquit\n".encode())
    status, printed = await shell.run(
        tool("psftp"),
        "-P",
        shell.port,
        "-pw",
        PASSWORD,
        "-b",
        commands,
        shell.host,
        typed="y\n",
    )
    assert status == 0
    assert "users.csv" in printed
    assert shell.world.bytes_of() == LARGE


@pytest.mark.parametrize("content", [LARGE, b"x", b"x" * 32768])
async def test_u10_rclone_copies_and_sees_no_error(shell: Shell, tool: Tool, content: bytes) -> None:
    shell.file("users.csv", content)
    (shell.folder / "rclone.conf").write_text("")
    rclone = tool("rclone")
    _, obscured = await shell.run(rclone, "obscure", PASSWORD)
    status, printed = await shell.run(
        rclone,
        "--config",
        shell.folder / "rclone.conf",
        "--retries",
        "1",
        "copyto",
        shell.folder / "users.csv",
        f":sftp,host=127.0.0.1,port={shell.port},user={shell.user},pass={obscured.strip()},shell_type=none:/local/users.csv",
        "-v",
    )
    assert status == 0
    assert "ERROR" not in printed
    assert shell.world.bytes_of() == content


async def test_u10_paramiko_puts_and_sees_the_size(shell: Shell) -> None:
    source = shell.file("users.csv")
    failures: list[BaseException] = []

    def put() -> None:
        try:
            with paramiko.SSHClient() as client:
                client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
                client.connect(
                    "127.0.0.1",
                    shell.port,
                    shell.user,
                    PASSWORD,
                    look_for_keys=False,
                    allow_agent=False,
                )
                with client.open_sftp() as sftp:
                    assert sftp.put(str(source), "/local/users.csv").st_size == len(LARGE)
                    with source.open("rb") as file:
                        sftp.putfo(file, "/local/pipelined.tmp")
                    sftp.posix_rename("/local/pipelined.tmp", "/local/pipelined.csv")
        except BaseException as exc:  # noqa: BLE001  # a thread's failure is the test's
            failures.append(exc)

    thread = threading.Thread(target=put)
    thread.start()
    await eventually(lambda: not thread.is_alive(), within_s=30)
    assert failures == []
    assert shell.world.names() == ["users.csv", "pipelined.csv"]
