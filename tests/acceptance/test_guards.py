"""Files that change unusually much wait for somebody; imports are undone; an export changes nothing (G1, G3, E1)."""

from pathlib import Path

from tests.acceptance.daemon import Daemon, Organization, eventually
from tests.acceptance.openssh import Client, client
from tests.acceptance.rosters import address, people, roster, row

MANY = 40


def renamed(path: Path, count: int = MANY) -> Path:
    """A file that replaces everybody's last name."""
    return roster(path, *(row(number, last=f"Renamed {number}") for number in range(1, count + 1)))


def held(daemon: Daemon, folder: Path) -> tuple[Organization, Client, int]:
    """An organization with a held import."""
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(folder / "users.csv", MANY))
    daemon.finished(organization)
    customer.put(renamed(folder / "renamed.csv"))
    (line,) = daemon.wait_for("import.held", org=organization.id)
    return organization, customer, line["number"]


def test_g01_a_file_that_renames_everybody_is_held_and_applied_when_it_is_approved(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization, customer, number = held(daemon, tmp_path)
    assert daemon.users(organization)[address(1)]["last_name"] == "Number 1"
    assert daemon.json("imports", "show", number)["outcome"] == "held"
    assert "renamed.csv" in customer.listing()
    assert daemon.run("imports", "approve", number).returncode == 0
    daemon.finished(organization, 2)
    assert daemon.users(organization)[address(1)]["last_name"] == "Renamed 1"
    assert customer.listing() == {} or "renamed.csv" in customer.listing(), "taken names may still answer"


def test_g01_a_held_file_that_is_discarded_changes_nothing_and_goes_to_error(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization, _customer, number = held(daemon, tmp_path)
    assert daemon.run("imports", "discard", number).returncode == 0
    eventually(
        lambda: any(name.endswith("-renamed.csv") for name in organization.files("error")),
        what="the file in error/",
    )
    assert daemon.json("imports", "show", number)["outcome"] == "discarded"
    assert daemon.users(organization)[address(1)]["last_name"] == "Number 1"


def test_g01_a_newer_file_takes_the_place_of_a_held_one(daemon: Daemon, tmp_path: Path) -> None:
    organization, customer, number = held(daemon, tmp_path)
    customer.put(people(tmp_path / "newer.csv", MANY + 2), "newer.csv")
    daemon.wait_for("import.finished", org=organization.id, users_created=2)
    assert daemon.json("imports", "show", number)["outcome"] == "discarded"


def test_g03_an_import_is_undone_and_the_same_file_is_applied_again(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 5))
    customer.put(roster(tmp_path / "changed.csv", row(1, last="Changed")))
    _, second = daemon.finished(organization, 2)
    done = daemon.run("imports", "undo", second["number"])
    assert done.returncode == 0, done.stderr
    assert daemon.users(organization)[address(1)]["last_name"] == "Number 1"
    customer.put(tmp_path / "changed.csv")
    assert daemon.finished(organization, 3)[2]["users_updated"] == 1
    assert daemon.users(organization)[address(1)]["last_name"] == "Changed"


def test_e01_what_is_exported_imports_as_nothing_changed(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 30))
    daemon.finished(organization)
    done = daemon.run("users", "export", organization.id, "--to-folder")
    assert done.returncode == 0, done.stderr
    got = tmp_path / "got.csv"
    assert customer.sftp(f"get /export/users.csv {got}").returncode == 0
    customer.put(got, "again.csv")
    finished = daemon.finished(organization, 2)[1]
    assert (finished["outcome"], finished["users_updated"], finished["users_unchanged"]) == (
        "imported",
        0,
        31,
    )
