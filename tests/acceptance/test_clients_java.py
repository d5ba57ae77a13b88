"""JSch, the library that most HR systems written in Java send files with (rules U3, U10, A4).

Debian has its last original release, 0.1.55: older than any fork, and the most that our default algorithms must serve.
"""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.arrivals import BIG, CUT_BYTES, NewMachine, arrived, new_machine
from tests.acceptance.clients import ADDRESS, LIBRARIES, Machine
from tests.acceptance.cutting import cut_after
from tests.acceptance.daemon import DEADLINE_S, Daemon
from tests.acceptance.rosters import people
from tests.conftest import find_file, find_tool

SEND = LIBRARIES["JSch"]
RESUME = 'sftp.put("users.csv", "/local/users.csv", ChannelSftp.RESUME)'
RENAME = (
    'sftp.put("users.csv", "/local/users.csv.part"); sftp.rename("/local/users.csv.part", "/local/users.csv")'
)

PROGRAM = """
import com.jcraft.jsch.*;

public class Send {
  public static void main(String[] words) throws Exception {
    JSch jsch = new JSch();
    jsch.setKnownHosts(System.getenv("KNOWN_HOSTS"));
    int port = Integer.parseInt(System.getenv("PORT"));
    Session session = jsch.getSession(System.getenv("USERNAME"), System.getenv("HOST"), port);
    session.setPassword(System.getenv("UPLOAD_PASSWORD"));
    session.connect();
    ChannelSftp sftp = (ChannelSftp) session.openChannel("sftp");
    sftp.connect();
    DO_IT;
    System.out.println("size " + sftp.stat("/local/users.csv").getSize());
    sftp.exit();
    session.disconnect();
  }
}
"""


@pytest.fixture
def new(daemon: Daemon, tmp_path: Path, keys: Path) -> NewMachine:
    return new_machine(daemon, tmp_path, keys)


def run(customer: Machine, what: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of a few lines, as a customer's programmer writes it."""
    (customer.folder / "Send.java").write_text(PROGRAM.replace("DO_IT", what), "utf-8")
    customer = replace(
        customer,
        environment={
            **customer.environment,
            "HOST": ADDRESS,
            "PORT": str(customer.port),
            "USERNAME": customer.organization.username,
            "KNOWN_HOSTS": str(customer.known_hosts),
        },
    )
    return subprocess.run(
        [find_tool("java"), "-cp", find_file("/usr/share/java/jsch.jar"), "Send.java"],
        cwd=customer.folder,
        env=customer.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


@pytest.mark.parametrize("what", [SEND, RENAME, RESUME])
def test_u10_a04_jsch_sends_with_the_algorithms_of_the_default(
    what: str, daemon: Daemon, new: NewMachine
) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", BIG)
    done = run(customer, what)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"size {path.stat().st_size}\n"
    arrived(daemon, customer.organization, path)
    (login,) = daemon.events("login.succeeded", org=customer.organization.id)
    assert login["client"].startswith("JSCH-0.1.5")


def test_u03_jsch_resumes_a_broken_upload(daemon: Daemon, new: NewMachine) -> None:
    customer = new()
    path = people(customer.folder / "users.csv", BIG)
    with cut_after(CUT_BYTES, port=customer.port) as cutter:
        done = run(customer.at(cutter.port), SEND)
        assert cutter.has_cut.wait(10), done.stderr
    assert done.returncode != 0
    daemon.wait_for("upload.partial", org=customer.organization.id)
    assert 0 < customer.organization.arriving_bytes() < path.stat().st_size
    done = run(customer.at(daemon.port), RESUME)
    assert (done.returncode, done.stderr) == (0, "")
    arrived(daemon, customer.organization, path)
