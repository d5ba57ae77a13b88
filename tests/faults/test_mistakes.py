"""The harness sees mistakes: each is made on purpose, here and not in the product, and the checker has to report it."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.checker import Expected, violations
from tests.faults.customer import Answer, Sent
from tests.faults.disks import Ext4, require_disks
from tests.faults.preload import Action, Plan, Touch
from tests.faults.seen import Import, Mail, Seen
from tests.faults.trials import enter, first_file, second_file
from tests.faults.world import OWNER, Resident, Workshop, World, open_world
from tests.oracle import Choices, Oracle

pytestmark = pytest.mark.faults

AT = "2026-11-24T12:00:00.000+00:00"
STAMP = "20261124T120000Z"
EXPECTED = Expected(owner=OWNER)


# --- the checker alone, on what a good daemon leaves


def good() -> tuple[list[Sent], Seen]:
    """Two files, accepted, imported and filed as promised."""
    oracle = Oracle(Choices(owner=OWNER))
    files = [first_file("t000"), second_file("t000")]
    sent: list[Sent] = []
    rows: list[Import] = []
    filed: dict[str, bytes] = {}
    mails: list[Mail] = []
    for number, data in enumerate(files, start=1):
        verdict = oracle.drop(data, datetime.now(UTC))
        times = {"asked_at": 10.0 * number, "answered_at": 10.0 * number + 1}
        sent.append(Sent(name="users.csv", data=data, answer=Answer.OK, **times))
        name = f"{STAMP}-{number:06d}-users.csv"
        path = f"archive/{name}"
        rows.append(
            Import(
                number=number,
                seq=number,
                name="users.csv",
                outcome=verdict.outcome,
                accepted_at=AT,
                filed_as=path,
                counts=verdict.counts,
            )
        )
        filed |= {path: data, f"{path}.report.html": b"<html>"}
        if verdict.outcome == "partial":
            filed |= {f"error/{name}.problems.csv": b"Line", f"error/{name}.rejected.csv": b"User"}
        mails.append(
            Mail(imports=(number,), is_summary=False, recipient=OWNER, message_id=f"<{number}>", state="sent")
        )
    seen = Seen(
        imports=tuple(rows),
        mails=tuple(mails),
        made=(("user", "ann@x.example"), ("team", "Ops")),
        files=filed,
        queue=(),
        incoming=(),
        local=(),
        directory=oracle.directory(),
    )
    return sent, seen


FIRST, SECOND = f"archive/{STAMP}-000001-users.csv", f"archive/{STAMP}-000002-users.csv"
Broken = Callable[[Seen], Seen]


def without(seen: Seen, path: str) -> Seen:
    return replace(seen, files={name: data for name, data in seen.files.items() if name != path})


def swapped(seen: Seen) -> Seen:
    one, other = seen.imports
    return replace(seen, imports=(replace(one, seq=2), replace(other, seq=1)))


def doubled(seen: Seen) -> Seen:
    path = f"archive/{STAMP}-000003-users.csv"
    again = replace(seen.imports[0], number=3, seq=3, filed_as=path)
    files = seen.files | {path: seen.files[FIRST], f"{path}.report.html": b"<html>"}
    return replace(seen, imports=(*seen.imports, again), files=files)


DOCTORED: dict[str, tuple[Broken, str]] = {
    "an accepted file is gone": (lambda s: without(s, FIRST), "is lost"),
    "half of its bytes are filed": (
        lambda s: replace(s, files=s.files | {FIRST: s.files[FIRST][:40]}),
        "is lost, or not whole",
    ),
    "it is imported twice": (doubled, "was imported 2 times"),
    "two files change places": (swapped, "out of order"),
    "an import has no outcome": (
        lambda s: replace(s, imports=(s.imports[0], replace(s.imports[1], outcome=None))),
        "no final outcome",
    ),
    "an import counts more than it did": (
        lambda s: replace(s, imports=(replace(s.imports[0], counts={"users_created": 9}), s.imports[1])),
        "counts",
    ),
    "the directory lacks a user": (
        lambda s: replace(s, directory=replace(s.directory, users={})),
        "the directory is not the oracle's",
    ),
    "a user is made twice": (lambda s: replace(s, made=s.made * 2), "was made 2 times"),
    "the report is missing": (lambda s: without(s, f"{FIRST}.report.html"), "is missing"),
    "the refused rows are missing": (
        lambda s: without(s, f"error/{STAMP}-000002-users.csv.rejected.csv"),
        "is missing",
    ),
    "half a report is left under a hidden name": (
        lambda s: replace(s, files=s.files | {f"archive/.{STAMP}": b""}),
        "beside the rules",
    ),
    "it is filed under another name": (
        lambda s: replace(s, imports=(replace(s.imports[0], filed_as=SECOND), s.imports[1])),
        "not as",
    ),
    "a drop is left in the queue": (lambda s: replace(s, queue=("0000000001-a",)), "left in queue/"),
    "an upload is left behind": (lambda s: replace(s, incoming=(("users.csv", 3),)), "left in incoming/"),
    "a file stays in local/": (lambda s: replace(s, local=("users.csv",)), "left in local/"),
    "a mail was never written": (lambda s: replace(s, mails=s.mails[:1]), "has 0 mails"),
    "a mail is written twice": (lambda s: replace(s, mails=(*s.mails, s.mails[0])), "has 2 mails"),
    "a Message-ID is given twice": (
        lambda s: replace(s, mails=(s.mails[0], replace(s.mails[1], message_id="<1>"))),
        "was given twice",
    ),
    "a mail still waits": (
        lambda s: replace(s, mails=(replace(s.mails[0], state="waiting"), s.mails[1])),
        "is waiting",
    ),
}


def test_u02_the_checker_has_nothing_to_say_of_a_good_run() -> None:
    sent, seen = good()
    assert violations(sent, seen, EXPECTED, ["<1>", "<2>"]) == []


@pytest.mark.parametrize("mistake", DOCTORED)
def test_u02_u07_r01_n03_the_checker_reports(mistake: str) -> None:
    doctor, said = DOCTORED[mistake]
    sent, seen = good()
    assert any(said in text for text in violations(sent, doctor(seen), EXPECTED, ["<1>", "<2>"]))


@pytest.mark.parametrize("answer", [Answer.NEVER, Answer.REFUSED])
def test_u02_the_checker_reports_what_was_imported_without_being_accepted(answer: Answer) -> None:
    sent, seen = good()
    sent[1].answer = answer
    assert any(
        "though it was not accepted" in text for text in violations(sent, seen, EXPECTED, ["<1>", "<2>"])
    )


def test_n03_the_checker_reports_a_mail_that_never_arrived() -> None:
    sent, seen = good()
    assert violations(sent, seen, EXPECTED, ["<1>"]) == ["the mail of import 2 is lost"]


# --- a daemon that is led into a mistake


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.in_folder(tmp_path_factory.mktemp("mistakes"))


@pytest.fixture(scope="module")
def world(workshop: Workshop) -> Iterator[World]:
    with open_world(workshop, "mistakes", residents=4) as world:
        yield world


def told(world: World, resident: Resident) -> list[str]:
    """Send one file, wait until its import is over, and check."""
    with resident.customer.session() as wire:
        resident.customer.put(wire, "users.csv", first_file(resident.id))
    return world.settle(resident) or world.check(resident)


def test_u02_a_write_that_is_not_done_is_reported(world: World) -> None:
    world.preload.skip(Touch.WRITE, "/data")
    found = told(world, enter(world))
    world.preload.skip(Touch(0), "")
    assert any("is lost, or not whole" in text for text in found)


def test_r01_a_rename_that_is_not_done_is_reported(world: World) -> None:
    resident = enter(world)
    world.preload.skip(Touch.RENAME, "-users.csv")
    with resident.customer.session() as wire:
        resident.customer.put(wire, "users.csv", first_file(resident.id))
    world.daemon.wait_for("import.finished", org=resident.id)
    world.preload.skip(Touch(0), "")
    assert any("is lost" in text for text in world.check(resident, mails=False))


def test_u02_a_drop_that_is_imported_twice_is_reported(world: World) -> None:
    resident = enter(world)
    assert told(world, resident) == []
    (filed,) = (world.folder_of(resident) / "archive").glob("*-users.csv")
    copy_into_queue(world.folder_of(resident), filed)
    world.daemon.wait_for("import.finished", 2, org=resident.id)
    assert any("was imported 2 times" in text for text in world.check(resident, mails=False))


def copy_into_queue(folder: Path, filed: Path) -> None:
    """What a daemon would do that forgets that it has imported a drop."""
    drop = folder / "queue" / "0000000099-00000000000000aa"
    new = folder / "again"
    new.mkdir()
    shutil.copy(filed, new / "data")
    meta = {
        "uid": "00000000000000aa",
        "name": "users.csv",
        "origin": {"account": "test", "address": None, "client": None},
        "started_at": AT,
        "accepted_at": AT,
        "size_bytes": filed.stat().st_size,
    }
    (new / "meta.json").write_text(json.dumps(meta), "utf-8")
    new.rename(drop)


def test_p11_a_commit_that_is_done_twice_is_reported(world: World) -> None:
    resident = enter(world)
    assert told(world, resident) == []
    with closing(sqlite3.connect(world.data / "rosterdrop.sqlite")) as connection, connection:
        connection.execute(
            "INSERT INTO changes SELECT import_number, place + 1000, kind, target, key, field, old, new"
            " FROM changes WHERE import_number = (SELECT max(number) FROM imports)"
        )
    assert any("was made 2 times" in text for text in world.check(resident))


# Where a sync is left out, and what of the daemon's work a power cut then costs.
SYNCS = {
    "of the queue, before the client is told OK": "/queue",
    "of the bytes, before the client is told OK": "/data",
    "of the database, when an import is committed": "rosterdrop.sqlite",
}


@pytest.mark.parametrize("which", SYNCS)
def test_u02_a_sync_that_is_left_out_is_reported_after_a_power_cut(
    workshop: Workshop, tmp_path: Path, which: str
) -> None:
    require_disks(tmp_path)
    with open_world(
        workshop, f"unsynced-{which[:11]}", residents=2, new_disk=lambda place: Ext4(place=place)
    ) as world:
        world.preload.skip(Touch.SYNC, SYNCS[which])
        resident = enter(world)
        # The cut comes when the client has its answer, or when the import has been committed and filed.
        late = SYNCS[which] == "rosterdrop.sqlite"
        with resident.customer.session() as wire:
            resident.customer.put(wire, "users.csv", first_file(resident.id))
            if late:
                world.settle(resident)  # its mail is out: that sync took the queue's folder along
            world.preload.arm(Plan(action=Action.CUT_BEFORE, at=1, touches=Touch.CREATE))
            resident.customer.put_alone("second.csv", second_file(resident.id))
        world.daemon.reap()
        world.preload.skip(Touch(0), "")
        world.disk.power_on()  # type: ignore[union-attr]
        world.start()
        world.settle(resident, mails=False)
        found = world.check(resident, mails=False)
        assert any("is lost" in text for text in found)
