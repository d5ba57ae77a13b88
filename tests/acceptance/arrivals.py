"""What must be true after a client has sent its files: each whole in the archive, and imported exactly once."""

from collections.abc import Callable
from pathlib import Path

from tests.acceptance.clients import Machine, Way, machine
from tests.acceptance.cutting import cut_after
from tests.acceptance.daemon import Daemon, Organization
from tests.acceptance.rosters import people

BIG = 12_000  # people, more than 600 KB
CUT_BYTES = 300_000

NewMachine = Callable[[], Machine]


def arrived(daemon: Daemon, organization: Organization, *sources: Path) -> None:
    """Each file was accepted once, imported once, and lies whole in the archive; nothing else happened."""
    finished = daemon.finished(organization, len(sources))
    names = sorted(source.name for source in sources)
    assert sorted(line["name"] for line in finished) == names
    assert [line["outcome"] for line in finished] == ["imported"] * len(sources)
    accepted = daemon.events("upload.accepted", org=organization.id)
    assert sorted(line["name"] for line in accepted) == names
    for source in sources:
        assert organization.only("archive", f"-{source.name}").read_bytes() == source.read_bytes()
    assert not list((organization.folder / "queue").iterdir())
    assert not list((organization.folder / "incoming").iterdir())


def sends(daemon: Daemon, customer: Machine, *ways: Way) -> str:
    """Send `users.csv` as the document says; return what the last command printed."""
    path = people(customer.folder / "users.csv", 200)
    printed = [customer.run(way).well() for way in ways]
    arrived(daemon, customer.organization, path)
    return printed[-1]


def breaks_and_resumes(daemon: Daemon, customer: Machine, *, first: Way, again: Way) -> None:
    """The network breaks in the middle; nothing is imported; the client goes on where it ended."""
    organization = customer.organization
    path = people(customer.folder / "users.csv", BIG)
    with cut_after(CUT_BYTES, port=customer.port) as cutter:
        done = customer.at(cutter.port).run(first)
        assert cutter.has_cut.is_set(), done.printed
    assert done.status != 0, done.printed
    daemon.wait_for("upload.partial", org=organization.id)
    kept = organization.arriving_bytes()
    assert 0 < kept < path.stat().st_size
    assert daemon.events("import.finished", org=organization.id) == []
    customer.at(customer.port).run(again).well()
    arrived(daemon, organization, path)
    (taken,) = daemon.events("upload.accepted", org=organization.id)
    assert taken["size_bytes"] == path.stat().st_size


def new_machine(daemon: Daemon, folder: Path, keys: Path) -> NewMachine:
    """Make machines of new organizations."""

    def make() -> Machine:
        organization = daemon.add("Mavericks")
        return machine(daemon, organization, folder / organization.id, keys)

    return make
