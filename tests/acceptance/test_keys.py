"""Public keys, passwords that overlap, addresses that are allowed, host keys (A1, A3)."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import DEADLINE_S, Daemon, Organization
from tests.acceptance.openssh import OPTIONS, Client, client
from tests.conftest import find_tool


def new_key(folder: Path, name: str = "key", kind: str = "ed25519") -> Path:
    """Make a key pair as a customer does."""
    path = folder / name
    subprocess.run(
        [find_tool("ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", f"{name}@hr", "-f", path], check=True
    )
    return path


def rfc4716(key: Path) -> Path:
    """The public half in the form of RFC 4716."""
    done = subprocess.run(
        [find_tool("ssh-keygen"), "-e", "-m", "RFC4716", "-f", f"{key}.pub"], check=True, capture_output=True
    )
    path = key.with_suffix(".rfc4716")
    path.write_bytes(done.stdout)
    return path


@dataclass(frozen=True)
class KeyClient:
    """OpenSSH with a key, and a password where one is given."""

    daemon: Daemon
    organization: Organization
    key: Path

    def listing(self, *options: str, password: str | None = None) -> subprocess.CompletedProcess[str]:
        given = Client(
            self.daemon.folder, self.daemon.port, self.organization.username, password or "no password"
        )
        plain = [option for option in OPTIONS if "Pubkey" not in option]
        if password is None:
            plain.append("-oPasswordAuthentication=no")
            plain.append("-oKbdInteractiveAuthentication=no")
        return subprocess.run(
            [
                find_tool("sftp"),
                *plain,
                "-oIdentitiesOnly=yes",
                f"-i{self.key}",
                *options,
                "-b-",
                f"-P{given.port}",
                given.target,
            ],
            input="ls /\n",
            env=given._environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )


def test_a01_a04_keys_of_both_forms_log_in_and_are_rotated(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks", login="either")
    old, new, stranger = (
        new_key(tmp_path, "old", "rsa"),
        new_key(tmp_path, "new"),
        new_key(tmp_path, "stranger"),
    )
    assert daemon.run("org", "key", "add", organization.id, rfc4716(old)).returncode == 0
    assert daemon.run("org", "key", "add", organization.id, f"{new}.pub").returncode == 0
    assert daemon.run("org", "key", "add", organization.id, f"{new}.pub").returncode == 2, "it is there"
    assert daemon.run("org", "key", "add", organization.id, new).returncode == 2, "a private key"
    listed = daemon.json("org", "key", "list", organization.id)
    shown = subprocess.run(
        [find_tool("ssh-keygen"), "-l", "-f", f"{new}.pub"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert [key["type"] for key in listed] == ["ssh-rsa", "ssh-ed25519"]
    assert listed[1]["fingerprint"] == shown
    for key in (old, new):
        done = KeyClient(daemon, organization, key).listing()
        assert done.returncode == 0, done.stderr
    by_sha1 = KeyClient(daemon, organization, old).listing("-oPubkeyAcceptedAlgorithms=ssh-rsa")
    assert by_sha1.returncode == 255, "A4: no signature by SHA-1 either"
    assert KeyClient(daemon, organization, stranger).listing().returncode == 255
    assert daemon.run("org", "key", "remove", organization.id, listed[0]["fingerprint"]).returncode == 0
    assert KeyClient(daemon, organization, old).listing().returncode == 255
    assert KeyClient(daemon, organization, new).listing().returncode == 0
    assert client(daemon, organization).sftp("ls").returncode == 0, "either"


def test_a01_a_setting_says_what_proves_who_it_is(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    key = new_key(tmp_path)
    assert daemon.run("org", "key", "add", organization.id, f"{key}.pub").returncode == 0
    holder = KeyClient(daemon, organization, key)
    password = client(daemon, organization)
    ways = {
        "password": (False, True, True),
        "key": (True, False, True),
        "either": (True, True, True),
        "both": (False, False, True),
    }
    for login, (by_key, by_password, by_both) in ways.items():
        assert daemon.run("org", "set", organization.id, f"login={login}").returncode == 0
        assert (holder.listing().returncode == 0) is by_key, login
        assert (password.sftp("ls").returncode == 0) is by_password, login
        done = holder.listing(password=organization.password)
        assert (done.returncode == 0) is by_both, (login, done.stderr)
        assert holder.listing(password="wrong").returncode == (0 if by_key else 255), login
        daemon.run("bans", "lift", organization.username)


def test_a01_the_old_password_is_good_for_the_hours_that_were_said(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks")
    new = daemon.json("org", "password", organization.id, "--keep-old-hours", "24")["password"]
    assert client(daemon, organization).sftp("ls").returncode == 0
    assert client(daemon, organization, password=new).sftp("ls").returncode == 0
    newest = daemon.json("org", "password", organization.id)["password"]
    assert client(daemon, organization, password=new).sftp("ls").returncode == 255
    assert client(daemon, organization).sftp("ls").returncode == 255
    assert client(daemon, organization, password=newest).sftp("ls").returncode == 0


def test_a01_the_allow_list_keeps_other_addresses_out(daemon: Daemon) -> None:
    organization = daemon.add("Mavericks", allow_from="203.0.113.0/24,2001:db8::/32")
    assert client(daemon, organization).sftp("ls").returncode == 255
    assert daemon.run("org", "set", organization.id, "allow_from=127.0.0.0/8").returncode == 0
    assert client(daemon, organization).sftp("ls").returncode == 0
    assert daemon.run("org", "set", organization.id, "allow_from=127.0.0.1/8").returncode == 2
    assert daemon.run("org", "set", organization.id, "allow_from=any").returncode == 0
    assert daemon.json("org", "show", organization.id)["settings"]["allow_from"] == []


def test_a03_keys_shows_what_ssh_keyscan_sees_and_a_new_one_takes_its_turn(
    start: Start, tmp_path: Path
) -> None:
    daemon = start(keys_dir=tmp_path / "own-keys")

    def scanned() -> str:
        done = subprocess.run(
            [find_tool("ssh-keyscan"), "-t", "ed25519", f"-p{daemon.port}", "127.0.0.1"],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()[-1]

    def current() -> dict[str, str]:
        (found,) = [
            key for key in daemon.json("keys") if (key["kind"], key["state"]) == ("ed25519", "current")
        ]
        return dict(found)

    before, first = current(), scanned()
    public = tmp_path / "scanned.pub"
    public.write_text(f"ssh-ed25519 {first}\n", "ascii")
    for form in ("sha256", "md5"):
        shown = subprocess.run(
            [find_tool("ssh-keygen"), "-l", "-E", form, "-f", public],
            capture_output=True,
            text=True,
            check=True,
        )
        assert before[form] == shown.stdout.split()[1]
    assert daemon.run("keys", "--new", "ed25519").returncode == 0
    assert daemon.run("keys", "--new", "ed25519").returncode == 2, "one waits already"
    daemon.restart()
    assert scanned() == first
    assert current() == before
    (waiting,) = [key for key in daemon.json("keys") if key["state"] == "next"]
    assert daemon.run("keys", "--use", "ed25519").returncode == 0
    daemon.restart()
    assert scanned() != first
    assert current()["sha256"] == waiting["sha256"]
    (old,) = [key for key in daemon.json("keys") if key["state"] == "old"]
    assert old["sha256"] == before["sha256"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "own-keys").glob("*_key*")} == {0o600}
    assert [row["event"] for row in daemon.json("audit", "--event", "host_key")] == [
        "host_key.used",
        "host_key.added",
    ]
