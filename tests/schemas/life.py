"""A short life of two organizations, told with the product's own commands, so that every table has rows."""

import base64
import contextlib
from pathlib import Path

import paramiko

from tests.acceptance.daemon import Daemon, Organization, eventually

OWNER = "nora@mavericks.example"
HEADER = "User Email,First Name,Last Name,Teams,Manager Email,Is Org Admin,Deactivation Date,Employee ID,Remote,Since"
FIRST = (
    HEADER,
    'ann@mavericks.example,Ann,Smith,"Sales, Operations",nora@mavericks.example,Yes,,00017,Yes,2020-02-29',
    "bob@mavericks.example,Bob,Jones,Sales,ann@mavericks.example,No,31/12/2099,00018,No,2021-05-13",
    "cy@mavericks.example,Cy,Brown,Operations,ann@mavericks.example,No,31/12/2099,00019,No,",
    "dee@mavericks.example,Dee,Green,,boss@mavericks.example,No,,00020,Yes,",
    "nobody(at)mavericks.example,No,Body,Sales,,,,00021,No,",
)
SECOND = (
    HEADER,
    "anna@mavericks.example,Anna,Smith,Sales,nora@mavericks.example,Yes,,00017,Yes,2020-02-29",
    "bob@mavericks.example,Robert,Jones,Support,ann@mavericks.example,No,30/11/2099,00018,No,2021-05-13",
    "eve@mavericks.example,Eve,White,Support,bob@mavericks.example,No,,00022,maybe,",
)
THIRD = (HEADER, "bob@mavericks.example,Bobby,Jones,Support,ann@mavericks.example,No,,00018,No,2021-05-13")
TEAMS = (
    "Team Name,Team Owner,Parent Team,Team Type",
    "Sales,ann@mavericks.example,Company,Line",
    "Operations,,Company,",
)
SHRINKING = (
    "User Email,Deactivation Date",
    *(f"p{number}@iceman.example,31/12/2099" for number in range(30)),
)
MANY = ("User Email,User Name", *(f"p{number}@iceman.example,P {number}" for number in range(60)))


def live(daemon: Daemon, folder: Path) -> None:
    """Let the two organizations live; the daemon runs, and is still running at the end."""
    first = daemon.add(
        "Mavericks", org_id="007", owner=OWNER, recipients=OWNER, match_by="Employee ID", dates="dmy"
    )
    second = daemon.add("Iceman", org_id="008", owner="ida@iceman.example", mail="digest")
    imports_of_the_first(daemon, first, folder)
    imports_of_the_second(daemon, second, folder)
    access(daemon, first, folder)
    by_hand(daemon, first)


def imports_of_the_first(daemon: Daemon, organization: Organization, folder: Path) -> None:
    done(daemon, "org", "map", organization.id, "Notes=ignore")
    for name, lines in (
        ("teams.csv", TEAMS),
        ("users.csv", FIRST),
        ("changed.csv", SECOND),
        ("later.csv", THIRD),
    ):
        bring(daemon, organization, folder, name, lines)
    bring(daemon, organization, folder, "broken.csv", ("No,Key", "a,b"))
    done(daemon, "imports", "undo", "3")


def imports_of_the_second(daemon: Daemon, organization: Organization, folder: Path) -> None:
    bring(daemon, organization, folder, "many.csv", MANY)
    held = write(folder, "leavers.csv", SHRINKING)
    done(daemon, "import", held, "--org", organization.id, "--no-wait")
    daemon.wait_for("import.held", org=organization.id)
    done(
        daemon,
        "org",
        "set",
        organization.id,
        "expected=weekdays by 09:30",
        "export=daily",
        "file_retention_days=30",
    )


def access(daemon: Daemon, organization: Organization, folder: Path) -> None:
    """Logins good and bad, keys, a support account, a customer's own server."""
    with contextlib.closing(paramiko.Transport(("127.0.0.1", daemon.port))) as transport:
        transport.connect(username=organization.username, password=organization.password)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        client.put(str(write(folder, "uploaded.csv", THIRD)), "/local/uploaded.csv")
    daemon.wait_for("import.finished", name="uploaded.csv")
    with (
        contextlib.closing(paramiko.Transport(("127.0.0.1", daemon.port))) as transport,
        contextlib.suppress(paramiko.AuthenticationException),
    ):
        transport.connect(username=organization.username, password="not the password")
    eventually(lambda: daemon.json("audit", "--event", "login.refused"), what="the refusal is written down")
    public = folder / "key.pub"
    public.write_text(f"ssh-ed25519 {public_key()} a customer\n", "ascii")
    done(daemon, "org", "key", "add", organization.id, public)
    done(daemon, "support", "add", "Ann Smith")
    done(daemon, "bans", "lift", "203.0.113.7", allowed=(0, 1))
    daemon.run(
        "pull", "add", organization.id, "--host", "127.0.0.1", "--port", 9, "--user", "u", "--password-stdin",
        "--folder", "/out", "--host-key", f"SHA256:{'A' * 43}", "--schedule", "0 0 1 1 *", stdin="secret\n",
    )  # fmt: skip


def by_hand(daemon: Daemon, organization: Organization) -> None:
    """What operators do to single people and fields."""
    done(daemon, "users", "keep", organization.id, "cy@mavericks.example")
    done(daemon, "users", "erase", organization.id, "dee@mavericks.example", "--yes")
    done(daemon, "fields", "set", organization.id, "Since", "--type", "text")
    done(daemon, "org", "password", organization.id, "--keep-old-hours", "24")


def public_key() -> str:
    """A public key that nobody has the other half of (RFC 8709)."""
    return base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32))).decode()


def bring(
    daemon: Daemon, organization: Organization, folder: Path, name: str, lines: tuple[str, ...]
) -> None:
    done(daemon, "import", write(folder, name, lines), "--org", organization.id, allowed=(0, 1))


def write(folder: Path, name: str, lines: tuple[str, ...]) -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def done(daemon: Daemon, *words: object, allowed: tuple[int, ...] = (0,)) -> None:
    said = daemon.run(*words)
    assert said.returncode in allowed, (words, said.stdout, said.stderr)
