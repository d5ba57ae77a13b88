"""Organizations beside each other (U7)."""

from pathlib import Path

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people


def test_u07_a_small_file_of_one_organization_does_not_wait_for_a_big_one_of_another(
    start: Start, tmp_path: Path
) -> None:
    daemon = start()
    big, small = daemon.add("Giants"), daemon.add("Rockets")
    prepared = people(tmp_path / "small.csv", 1_000)
    client(daemon, big).put(people(tmp_path / "big.csv", 200_000))
    eventually(lambda: daemon.imports(big), what="the big import has begun")
    client(daemon, small).put(prepared)
    daemon.finished(big)
    order = [(line["org"], line["users_created"]) for line in daemon.events("import.finished")]
    assert order == [(small.id, 1_000), (big.id, 200_000)], "the small one finished while the big one ran"


def test_u07_two_organizations_finish_all_their_files_each_in_its_order(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organizations = [daemon.add("Mavericks"), daemon.add("Rockets")]
    names = [f"users{number}.csv" for number in range(6)]
    for number, name in enumerate(names):
        people(tmp_path / name, 300, first=100 * number)
    for organization in organizations:
        done = client(daemon, organization).sftp(*(f"put {tmp_path / name} /local/" for name in names))
        assert done.returncode == 0, done.stderr
    for organization in organizations:
        finished = daemon.finished(organization, len(names))
        assert [line["name"] for line in finished] == names
        assert len(daemon.users(organization)) == 801, "800 people and the owner: nothing of the other's"
