"""WinSCP and FileZilla, which run on Windows: not the programs, but the requests they send, packet for packet (U10).

What they ask for is listed in docs/clients.md; the programs themselves are not run here.
"""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.acceptance.arrivals import BIG, NewMachine, arrived, new_machine
from tests.acceptance.clients import Machine
from tests.acceptance.daemon import Daemon
from tests.acceptance.rosters import people
from tests.acceptance.wire import (
    FLAG_CREAT,
    FLAG_TRUNC,
    FLAG_WRITE,
    LSTAT,
    NAME,
    REALPATH,
    Wire,
    text,
    wire,
)

NEW = FLAG_WRITE | FLAG_CREAT | FLAG_TRUNC
YESTERDAY = 1_700_000_000
TARGET = "/local/users.csv"
PART = f"{TARGET}.filepart"


@pytest.fixture
def customer(daemon: Daemon, tmp_path: Path, keys: Path) -> Machine:
    new: NewMachine = new_machine(daemon, tmp_path, keys)
    return new()


def connect(customer: Machine) -> AbstractContextManager[Wire]:
    kind = customer.keys[0]
    return wire(
        port=customer.port,
        username=customer.organization.username,
        password=customer.organization.password,
        key=kind.export_public_key().decode().split()[1],
    )


def begins(program: Wire) -> None:
    """Ask where it is, and what is here."""
    assert program.ask(REALPATH, text(".")).kind == NAME
    assert set(program.names("/")) == {".", "..", "local", "archive", "error", "export"}
    program.names("/local")


def looks(program: Wire, size_bytes: int) -> None:
    """The session that sent it still sees it."""
    listed = program.names("/local")
    assert str(size_bytes) in listed["users.csv"].split()
    assert program.stat(TARGET) == size_bytes


@pytest.fixture
def content(customer: Machine) -> bytes:
    return people(customer.folder / "users.csv", BIG).read_bytes()


def test_u10_winscp_sends_a_large_file_under_a_temporary_name(
    customer: Machine, content: bytes, daemon: Daemon
) -> None:
    with connect(customer) as program:
        begins(program)
        assert program.stat(TARGET, LSTAT) is None
        assert program.stat(PART, LSTAT) is None
        handle = program.open(PART, NEW)
        program.write(handle, content)
        program.close(handle)
        program.rename(PART, TARGET)
        program.set_times(TARGET, YESTERDAY)
        program.set_mode(TARGET, 0o644)
        looks(program, len(content))
        arrived(daemon, customer.organization, customer.folder / "users.csv")
        looks(program, len(content))


def test_u10_winscp_sends_a_small_file_and_sets_its_times_after_close(
    customer: Machine, daemon: Daemon
) -> None:
    path = people(customer.folder / "users.csv", 20)
    with connect(customer) as program:
        begins(program)
        assert program.stat(TARGET, LSTAT) is None
        handle = program.open(TARGET, NEW)
        program.write(handle, path.read_bytes())
        program.close(handle)
        program.set_times(TARGET, YESTERDAY)
        looks(program, path.stat().st_size)
        arrived(daemon, customer.organization, path)


def test_u03_u05_winscp_resumes_its_temporary_name(customer: Machine, content: bytes, daemon: Daemon) -> None:
    half = len(content) // 2
    with connect(customer) as program:
        begins(program)
        handle = program.open(PART, NEW)
        program.write(handle, content[:half])
    daemon.wait_for("upload.partial", org=customer.organization.id)
    assert daemon.events("upload.accepted", org=customer.organization.id) == []
    with connect(customer) as program:
        begins(program)
        assert program.stat(TARGET, LSTAT) is None
        assert program.stat(PART, LSTAT) == half
        handle = program.open(PART, FLAG_WRITE)
        program.write(handle, content[half:], at=half)
        program.close(handle)
        program.rename(PART, TARGET)
        program.set_times(TARGET, YESTERDAY)
        looks(program, len(content))
    arrived(daemon, customer.organization, customer.folder / "users.csv")


def test_u10_filezilla_sends_a_file_sets_its_times_and_looks(
    customer: Machine, content: bytes, daemon: Daemon
) -> None:
    with connect(customer) as program:
        begins(program)
        handle = program.open(TARGET, NEW)
        program.write(handle, content)
        program.close(handle)
        program.set_times(TARGET, YESTERDAY)
        assert program.stat(TARGET) == len(content)
        looks(program, len(content))
    arrived(daemon, customer.organization, customer.folder / "users.csv")


def test_u03_filezilla_resumes(customer: Machine, content: bytes, daemon: Daemon) -> None:
    half = len(content) // 2
    with connect(customer) as program:
        handle = program.open(TARGET, NEW)
        program.write(handle, content[:half])
    daemon.wait_for("upload.partial", org=customer.organization.id)
    with connect(customer) as program:
        assert str(half) in program.names("/local")["users.csv"].split()
        assert program.stat(TARGET) == half
        handle = program.open(TARGET, FLAG_WRITE)
        program.write(handle, content[half:], at=half)
        program.close(handle)
        program.set_times(TARGET, YESTERDAY)
        looks(program, len(content))
    arrived(daemon, customer.organization, customer.folder / "users.csv")


def test_u10_another_session_lists_the_folder_while_files_are_taken(
    customer: Machine, daemon: Daemon
) -> None:
    names = [f"users{number}.csv" for number in range(6)]
    sources = [people(customer.folder / name, 20, first=100 * number) for number, name in enumerate(names)]
    with connect(customer) as program, connect(customer) as other:
        for source in sources:
            handle = program.open(f"/local/{source.name}", NEW)
            program.write(handle, source.read_bytes())
            assert source.name in other.names("/local")
            program.close(handle)
            for session in (other, program):
                assert set(session.names("/local")) <= {".", "..", *names}
                assert session.stat(f"/local/{source.name}") == source.stat().st_size
        while len(daemon.events("import.finished", org=customer.organization.id)) < len(sources):
            assert set(program.names("/local")) == {".", "..", *names}
            assert set(other.names("/local")) == {".", ".."}
        arrived(daemon, customer.organization, *sources)
