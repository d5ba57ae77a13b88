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
    whole(daemon, organization, [source.read_bytes() for source in sources])
    accepted = daemon.events("upload.accepted", org=organization.id)
    assert sorted(line["name"] for line in accepted) == sorted(source.name for source in sources)


def whole(daemon: Daemon, organization: Organization, contents: list[bytes]) -> None:
    """Files with these bytes were accepted and imported, each once, and nothing is left or on its way."""
    finished = daemon.finished(organization, len(contents))
    assert [line["outcome"] for line in finished] == ["imported"] * len(contents)
    accepted = daemon.events("upload.accepted", org=organization.id)
    assert [line["name"] for line in finished] == [line["name"] for line in accepted]
    archived = [path for path in (organization.folder / "archive").iterdir() if path.suffix == ".csv"]
    assert sorted(path.read_bytes() for path in archived) == sorted(contents)
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
        assert cutter.has_cut.wait(10), done.printed
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
