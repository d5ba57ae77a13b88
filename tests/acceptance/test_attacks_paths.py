"""A customer who tries to leave its folder or to write where it may not, request by request (U1, U5, U9)."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.attackers import (
    ATTRS,
    CLOSE,
    EXTENDED,
    FAILURE,
    FOR_READING,
    FOR_WRITING,
    FSETSTAT,
    HANDLE,
    LSTAT,
    MKDIR,
    NO_ATTRIBUTES,
    NO_SUCH_FILE,
    OK,
    OPEN,
    OPENDIR,
    PERMISSION_DENIED,
    READLINK,
    REALPATH,
    REMOVE,
    RENAME,
    RMDIR,
    SETSTAT,
    STAT,
    STATUS,
    SYMLINK,
    UNSUPPORTED,
    WRITE,
    Wire,
    logged_in,
    text,
)
from tests.acceptance.daemon import Daemon, Organization

SECRET = b"another's secret"
REFUSED = {NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, UNSUPPORTED}
TIB = 1 << 40


@pytest.fixture(scope="module")
def victim(daemon: Daemon) -> Organization:
    """Another organization with something to steal."""
    other = daemon.add("Victim")
    (other.folder / "archive").mkdir(parents=True, exist_ok=True)
    (other.folder / "archive" / "secret.csv").write_bytes(SECRET)
    return other


@pytest.fixture
def attacker(daemon: Daemon) -> Organization:
    """An organization in whose folders an operator left links."""
    organization = daemon.add("Mavericks")
    for name in ("local", "archive", "error", "export"):
        folder = organization.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "outwards").symlink_to("/etc")
        (folder / "passwd").symlink_to("/etc/passwd")
        (folder / "up").symlink_to("../..")
    (organization.folder / "archive" / "mine.csv").write_bytes(b"mine")
    return organization


@pytest.fixture
def wire(daemon: Daemon, attacker: Organization, victim: Organization) -> Iterator[Wire]:
    with logged_in(daemon, attacker) as transport:
        wire = Wire(transport)
        yield wire
        assert b"mine.csv" in wire.names(b"/archive"), "the session serves on"


def outside(victim: Organization) -> list[bytes]:
    """Paths that would lead out if a server were careless."""
    ways = [
        "/etc/passwd",
        "../../etc/passwd",
        "/../../../../../../etc/passwd",
        "/local/../../../../etc/passwd",
        "/archive/../../{id}/archive/secret.csv",
        "/archive/./.././../{id}/archive/secret.csv",
        "/../{id}/archive/secret.csv",
        "/orgs/{id}/archive/secret.csv",
        "/archive//..//..//{id}//archive//secret.csv",
        "/local/outwards/passwd",
        "/archive/outwards/passwd",
        "/export/passwd",
        "/error/up/orgs/{id}/archive/secret.csv",
        "/archive/up/{id}/archive/secret.csv",
        "/queue",
        "/incoming",
        "/seq",
        "/archive/../queue",
        "/proc/self/environ",
        "/archive/%2e%2e/%2e%2e/etc/passwd",
        "/archive/..\\..\\etc\\passwd",
        "/archive/mine.csv/../../../../../etc/passwd",
        "~root/.ssh/id_rsa",
        "/archive/" + "../" * 500 + "etc/passwd",
        "/archive/" + "a/" * 2000 + "x",
        "/archive/" + "n" * 255,
        "/archive/" + "n" * 70_000,
    ]
    return [
        *(way.format(id=victim.id).encode() for way in ways),
        b"/archive/mine.csv\0.txt",
        b"/archive/\xff\xfe\xfd",
        b"/archive/mine.csv\n",
        b"",
        b"/",
        b".",
        b"..",
    ]


def test_u01_no_path_reads_or_describes_anything_outside(wire: Wire, victim: Organization) -> None:
    for path in outside(victim):
        kind, rest = wire.ask(OPEN, text(path) + struct.pack(">I", FOR_READING) + NO_ATTRIBUTES)
        assert kind == STATUS, path[:80]
        assert str(victim.folder.parent).encode() not in rest, "no path of the machine is told"
        assert b"Traceback" not in rest
        assert SECRET not in rest
        if path.strip(b"/.") and not path.startswith((b"/archive/../queue", b"..")):
            for request in (STAT, LSTAT, OPENDIR, READLINK):
                kind, rest = wire.ask(request, text(path))
                assert kind == STATUS, (request, path[:80])


def test_u01_nothing_is_written_removed_or_made_outside_local(
    wire: Wire, attacker: Organization, victim: Organization
) -> None:
    before = snapshot(attacker.folder.parent)
    targets = [
        *outside(victim),
        b"/archive/mine.csv",
        b"/archive/new.csv",
        b"/error/new.csv",
        b"/export/users.csv",
    ]
    targets += [b"/new.csv", b"/local/folder/new.csv", b"/local/outwards/new.csv", b"/local", b"/archive"]
    for path in targets:
        assert wire.status(OPEN, text(path) + struct.pack(">I", FOR_WRITING) + NO_ATTRIBUTES) in REFUSED, path
        assert wire.status(REMOVE, text(path)) in REFUSED, path
        assert wire.status(MKDIR, text(path) + NO_ATTRIBUTES) in REFUSED, path
        assert wire.status(RMDIR, text(path)) in REFUSED, path
        for extension in (b"posix-rename@openssh.com", b"hardlink@openssh.com"):
            body = text(extension) + text(b"/archive/mine.csv") + text(path)
            assert wire.status(EXTENDED, body) in REFUSED, (extension, path)
        assert wire.status(RENAME, text(path) + text(b"/local/stolen.csv")) in REFUSED, path
        assert wire.status(RENAME, text(b"/archive/mine.csv") + text(path)) in REFUSED, path
    assert wire.status(SETSTAT, text(b"/archive/mine.csv") + struct.pack(">II", 4, 0o777)) in REFUSED
    assert wire.status(SETSTAT, text(b"/archive/mine.csv") + struct.pack(">IQ", 1, 0)) in REFUSED
    assert snapshot(attacker.folder.parent) == before


def snapshot(folder: Path) -> set[tuple[str, int]]:
    """Every file below a folder with its mode and size, but what a session makes to be locked."""
    return {
        (str(path.relative_to(folder)), os.lstat(path).st_mode)
        for path in folder.rglob("*")
        if path.name != "seq"
    }


def test_u01_links_cannot_be_made_and_then_followed(wire: Wire, attacker: Organization) -> None:
    """The way out of a lexical chroot: a relative link deep inside, moved up, followed."""
    for old, new in ((b"/etc", b"/local/link"), (b"/local/link", b"/etc"), (b"../../..", b"/local/a")):
        assert wire.status(SYMLINK, text(old) + text(new)) in REFUSED
        body = text(b"hardlink@openssh.com") + text(old) + text(new)
        assert wire.status(EXTENDED, body) in REFUSED
    assert wire.status(RENAME, text(b"/local/outwards") + text(b"/local/up.csv")) in REFUSED
    assert wire.status(RENAME, text(b"/archive/passwd") + text(b"/local/passwd.csv")) in REFUSED
    assert wire.status(REMOVE, text(b"/local/outwards")) in REFUSED
    assert (attacker.folder / "local" / "outwards").is_symlink()
    assert not (attacker.folder / "local" / "link").is_symlink()


@pytest.mark.parametrize(
    "name",
    [
        b"n" * 256,
        b"n" * 5000,
        b"a\0.csv",
        b"line\nfeed.csv",
        b"carriage\r.csv",
        b"escape\x1b[2J.csv",
        b"\xff\xfe.csv",
        b"\xed\xa0\x80.csv",
    ],
    ids=repr,
)
def test_u01_names_that_could_fool_somebody_are_refused(wire: Wire, name: bytes) -> None:
    body = text(b"/local/" + name) + struct.pack(">I", FOR_WRITING) + NO_ATTRIBUTES
    assert wire.status(OPEN, body) in REFUSED
    assert wire.status(RENAME, text(b"/local/x.csv") + text(b"/local/" + name)) in REFUSED


def test_u09_a_terabyte_is_refused_wherever_it_is_written(wire: Wire, attacker: Organization) -> None:
    handle = wire.handle(b"/local/huge.csv", FOR_WRITING)
    size = struct.pack(">IQ", 1, TIB)
    assert wire.status(FSETSTAT, handle + size) in REFUSED
    assert wire.status(WRITE, handle + struct.pack(">Q", 32 * TIB) + text(b"x")) in REFUSED
    assert wire.status(WRITE, handle + struct.pack(">Q", (1 << 64) - 1) + text(b"x")) in REFUSED
    assert wire.status(CLOSE, handle) in REFUSED, "a file with a refused write is not accepted (U2)"
    assert attacker.arriving_bytes() < 1 << 20
    assert attacker.files("queue") == []


def test_u09_a_session_opens_no_more_files_than_it_may(wire: Wire) -> None:
    kinds = [wire.ask(OPENDIR, text(b"/archive"))[0] for _ in range(300)]
    assert kinds.count(HANDLE) == 32
    kind, rest = wire.ask(OPEN, text(b"/archive/mine.csv") + struct.pack(">I", FOR_READING) + NO_ATTRIBUTES)
    assert kind == STATUS
    assert b"(U9)" in rest
    for number in range(32):
        assert wire.status(CLOSE, text(struct.pack(">I", number))) in {OK, FAILURE}


def test_u01_paths_are_resolved_without_telling_what_is_on_disk(wire: Wire) -> None:
    for path, resolved in ((b"../../etc", b"/etc"), (b"/archive/../..", b"/"), (b"", b"/"), (b".", b"/")):
        _, rest = wire.ask(REALPATH, text(path))
        assert text(resolved) in rest
    kind, _ = wire.ask(STAT, text(b"/archive/mine.csv"))
    assert kind == ATTRS
