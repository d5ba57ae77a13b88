"""Libraries that customers' programs send files with: paramiko, asyncssh, ssh2 for node (rules U3, U4, U10)."""

import contextlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import asyncssh
import paramiko
import pytest

from tests.acceptance.arrivals import BIG, CUT_BYTES, NewMachine, arrived, new_machine
from tests.acceptance.clients import ADDRESS, LIBRARIES, WAYS, Machine, options
from tests.acceptance.cutting import cut_after
from tests.acceptance.daemon import DEADLINE_S, Daemon
from tests.acceptance.rosters import people
from tests.conftest import find_tool

INSTALL_S = 110.0

PROGRAM = f"""
const {{ Client }} = require("ssh2");
const key = Buffer.from(process.env.HOST_KEY, "base64");
const end = (error) => {{ if (error) {{ console.error(error); process.exit(1); }} }};
const client = new Client();
client.on("error", end).on("ready", () => client.sftp((error, sftp) => {{
  end(error);
  const looked = (error, found) => {{
    end(error);
    console.log(`size ${{found.size}}`);
    client.end();
  }};
  const done = (error) => {{
    end(error);
    sftp.stat("/local/users.csv", looked);
  }};
  {LIBRARIES["ssh2 for node"]};
}})).connect({{
  host: process.env.HOST, port: Number(process.env.PORT),
  username: process.env.USERNAME, password: process.env.UPLOAD_PASSWORD,
  algorithms: {{ serverHostKey: ["ssh-ed25519"] }},
  hostVerifier: (offered) => offered.equals(key),
}});
"""


@pytest.fixture
def new(daemon: Daemon, tmp_path: Path, keys: Path) -> NewMachine:
    return new_machine(daemon, tmp_path, keys)


@contextlib.contextmanager
def paramiko_client(customer: Machine):  # type: ignore[no-untyped-def]  # a generator of paramiko's own type
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(customer.known_hosts))
        client.connect(
            ADDRESS,
            customer.port,
            customer.organization.username,
            customer.organization.password,
            look_for_keys=False,
            allow_agent=False,
        )
        with client.open_sftp() as sftp:
            yield sftp


def test_u04_paramiko_puts_and_confirms_the_size(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", BIG)
    with contextlib.chdir(customer.folder), paramiko_client(customer) as sftp:
        found = sftp.put("users.csv", "/local/users.csv")
        assert found.st_size == path.stat().st_size
        sftp.utime("/local/users.csv", (1_700_000_000, 1_700_000_000))
        assert sftp.stat("/local/users.csv").st_size == path.stat().st_size
    arrived(daemon, customer.organization, path)


def test_u03_paramiko_appends_to_a_broken_upload(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", BIG)
    with cut_after(CUT_BYTES, port=customer.port) as cutter:
        broken = customer.at(cutter.port)
        with pytest.raises((OSError, EOFError, paramiko.SSHException)), paramiko_client(broken) as sftp:
            sftp.put(str(path), "/local/users.csv")
        assert cutter.has_cut.wait(10)
    daemon.wait_for("upload.partial", org=customer.organization.id)
    customer = customer.at(daemon.port)
    with paramiko_client(customer) as sftp, path.open("rb") as source:
        source.seek(sftp.stat("/local/users.csv").st_size or 0)
        with sftp.open("/local/users.csv", "ab") as target:
            target.write(source.read())
    arrived(daemon, customer.organization, path)


async def test_u10_asyncssh_puts(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", BIG)
    with contextlib.chdir(customer.folder):
        async with (
            asyncssh.connect(
                ADDRESS,
                customer.port,
                username=customer.organization.username,
                password=customer.organization.password,
                known_hosts=str(customer.known_hosts),
                config=None,
                client_keys=None,
                agent_path=None,
            ) as connection,
            connection.start_sftp_client() as sftp,
        ):
            await sftp.put("users.csv", "/local/users.csv")
            assert (await sftp.stat("/local/users.csv")).size == path.stat().st_size
    arrived(daemon, customer.organization, path)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ssh2 from the registry, and npm's cache in it."""
    folder = tmp_path_factory.mktemp("node")
    npm = find_tool("npm")
    done = subprocess.run(
        [npm, *WAYS["npm"].command.split()[1:], *options("npm", folder)],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode != 0:
        message = f"ssh2 cannot be installed from the npm registry: {done.stderr[-300:]}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder


def test_u10_ssh2_for_node_puts_in_parallel_and_looks(daemon: Daemon, new: NewMachine, modules: Path) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", BIG)
    (customer.folder / "node_modules").symlink_to(modules / "node_modules")
    (customer.folder / "send.js").write_text(PROGRAM, "utf-8")
    customer = replace(
        customer,
        environment={
            **customer.environment,
            "HOST": ADDRESS,
            "PORT": str(customer.port),
            "USERNAME": customer.organization.username,
            "HOST_KEY": customer.keys[0].export_public_key().decode().split()[1],
        },
    )
    done = subprocess.run(
        [find_tool("node"), "send.js"],
        cwd=customer.folder,
        env=customer.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"size {path.stat().st_size}\n"
    arrived(daemon, customer.organization, path)
