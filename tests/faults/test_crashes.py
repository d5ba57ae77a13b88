"""Files that end the importer, and drops whose bytes are gone: the queue moves on (U2, U7)."""

from collections.abc import Iterator

import pytest

from tests.faults.customer import Answer
from tests.faults.preload import Action, Plan, Touch
from tests.faults.seen import look
from tests.faults.trials import enter, first_file
from tests.faults.world import Workshop, World, open_world

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    workshop = Workshop.in_folder(tmp_path_factory.mktemp("crashes"))
    with open_world(workshop, "crashes", residents=2) as world:
        yield world


def test_u02_u07_a_file_that_kills_its_worker_three_times_goes_to_error_and_the_next_is_imported(
    world: World,
) -> None:
    resident = enter(world)
    # The worker dies whenever it is about to keep which rows were refused: in the middle of each import.
    world.preload.arm(
        Plan(action=Action.KILL_ONE, at=1, touches=Touch.UNLINK, lasting=True, match="refused.ranges")
    )
    assert resident.customer.put_alone("users.csv", first_file("deadly")).answer is Answer.OK
    world.daemon.wait_for("worker.died", 3, org=resident.id)
    world.preload.disarm()
    assert resident.customer.put_alone("users.csv", first_file("harmless")).answer is Answer.OK
    assert world.settle(resident) == []
    assert world.daemon.is_alive
    seen = look(world.data, resident.id)
    assert [row.outcome for row in seen.imports] == ["refused", "imported"]
    refused = seen.imports[0].filed_as
    assert refused is not None
    assert refused.startswith("error/")
    assert seen.files[refused] == first_file("deadly")
    assert b"not-processable" in seen.files[f"{refused}.problems.csv"]
    assert f"{refused}.report.html" in seen.files
    assert [mail.imports for mail in seen.mails] == [(row.number,) for row in seen.imports]


def test_u07_a_drop_whose_bytes_are_gone_holds_up_no_other(world: World) -> None:
    resident = enter(world)
    world.daemon.kill_all()
    queue = world.folder_of(resident) / "queue"
    world.daemon.environment["LD_PRELOAD"] = ""  # of the command, which makes a drop like any other
    for name in ("gone.csv", "users.csv"):
        path = world.daemon.folder / name
        path.write_bytes(first_file(name))
        world.daemon.json("import", path, "--org", resident.id, "--no-wait")
    world.daemon.environment.update(world.preload.environment)
    (sorted(queue.iterdir())[0] / "data").unlink()
    world.start()
    world.daemon.wait_for("import.set_aside", org=resident.id)
    finished = world.daemon.finished(resident, 1)  # type: ignore[arg-type]  # it asks for the id only
    assert [line["name"] for line in finished] == ["users.csv"]
    assert [path.name[:16] for path in queue.iterdir()] == ["aside-0000000001"]
