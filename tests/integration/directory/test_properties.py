"""What holds for any files: twice is once, order does not matter, blank keeps, no bytes raise."""

import random
from dataclasses import replace

import pytest

from processor.imports import ImportRecord, Outcome
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.directory.seeds import patient, seeds
from tests.integration.directory.sequences import PEOPLE, Sequence, moved, sequence
from tests.oracle.table import BadFileError, is_blank, records

pytestmark = patient

CHANGING = (
    "users_created", "users_updated", "deactivations_planned", "teams_created", "teams_updated",
    "memberships_added", "fields_created",
)  # fmt: skip
ENDED = (Outcome.IMPORTED, Outcome.PARTIAL, Outcome.REFUSED)
LABELS = (
    "User Email,User Name,First Name,Last Name,Teams,Manager Email,Manager,User Account Type,Is Org Admin,"
    "Deactivation Date,Employee ID,Start,Remote,Since"
)


async def changes_of(org: Org, record: ImportRecord) -> list[object]:
    return await org.rows("SELECT * FROM changes WHERE import_number = :number", number=record.number)


async def assert_twice_is_once(house: House, played: Sequence) -> None:
    """Drop each file of a sequence twice, an hour apart."""
    org = await house.org(**played.settings)
    for step in played.steps:
        house.clock.at += moved(step)
        first = await org.drop("f.csv", step.data)
        before, said = await org.directory(), await org.codes(first)
        house.clock.move(seconds=3600)
        again = await org.drop("f.csv", step.data)
        where = f"seed {played.seed}: {step.data!r}"
        assert await org.directory() == before, where
        assert await changes_of(org, again) == [], where
        assert again.outcome == first.outcome, where
        assert await org.codes(again) == said, where
        counts = again.counts.as_dict()
        assert {name: counts[name] for name in CHANGING} == dict.fromkeys(CHANGING, 0), where
        if again.kind == "users" and again.outcome is not Outcome.REFUSED:
            assert counts["users_unchanged"] == counts["rows"] - counts["rows_refused"], where


async def test_g2_a_file_dropped_again_changes_nothing(house: House) -> None:
    for seed in seeds(15, first=3_000_000):
        await assert_twice_is_once(house, sequence(seed))


async def test_p02_rows_of_different_people_may_stand_in_any_order(house: House) -> None:
    """Where no circle, last administrator, repeat or first spelling decides."""
    for seed in seeds(12, first=4_000_000):
        pick = random.Random(seed)
        rows = _distinct_people(pick)
        found = []
        for _ in range(3):
            org = await house.org()
            await org.drop("f.csv", "".join([f"{LABELS}\n", *rows]).encode())
            pick.shuffle(rows)
            record = await org.drop("f.csv", "".join([f"{LABELS}\n", *rows]).encode())
            assert record.counts.users_unchanged == len(rows)
            found.append(await org.directory())
        assert found[0] == found[1] == found[2], f"seed {seed}"


def _distinct_people(pick: random.Random) -> list[str]:
    def one(*choices: str) -> str:
        return pick.choice(choices)

    rows = []
    for place, email in enumerate(PEOPLE):
        above = pick.choice([*PEOPLE[:place], "zoe@y.example", ""])
        cells = (
            email, one("", "Ann Lee"), one("", "Ann"), one("", "Lee"), one("", "Sales", "Ops"), above, "",
            one("", "Regular", "observer"), one("", "Yes"), one("", "2026-01-05", "31/12/2026", "5/6/2026"),
            one("", "007", "x", "Yes"), one("", "2026-01-05"), one("", "Yes", "no"), one("", "1/2/2026", "x"),
        )  # fmt: skip
        date = "" if email == OWNER else cells[9]  # the only administrator
        rows.append(",".join([*cells[:9], date, *cells[10:]]) + "\n")
    return rows


async def test_p03_blank_cells_never_change_anything(house: House) -> None:
    for seed in seeds(10, first=5_000_000):
        pick = random.Random(seed)
        played = sequence(seed)
        org = await house.org(**played.settings)
        for step in played.steps:
            house.clock.at += moved(step)
            await org.drop("f.csv", step.data)
        before = await org.directory()
        people = [user.email for user in before.users.values()]
        blanks = [
            ",".join([email, *(pick.choice(("", " ", "\u00a0")) for _ in range(13))]) for email in people
        ]
        record = await org.drop("f.csv", "\n".join([LABELS, *blanks, ""]).encode())
        assert record.counts.users_unchanged == len(people), f"seed {seed}"
        teams = [f"{name},\u00a0, ,\n" if "," not in name else f'"{name}",,,\n' for name in before.teams]
        await org.drop("f.csv", "".join(["Team Name,Team Owner,Parent Team,Team Type\n", *teams]).encode())
        assert await org.directory() == before, f"seed {seed}"


async def test_f02_any_bytes_have_exactly_one_outcome_and_each_row_counts(org: Org) -> None:
    for seed in seeds(60, first=6_000_000):
        pick = random.Random(seed)
        data = _damaged(pick, pick.choice(sequence(seed).steps).data)
        org.clock.move(seconds=1)
        before = await org.directory()
        record = await org.drop("f.csv", data)
        where = f"seed {seed}: {data!r}"
        assert record.outcome in ENDED, where
        assert org.inbox.queue(org.id) == [], where
        counts = record.counts
        if record.outcome is Outcome.REFUSED:
            assert await org.directory() == before, where
            assert await org.problems(record), where
        else:
            _, rows = records(data)
            assert counts.rows == sum(not is_blank(row.cells) for row in rows), where
            assert (record.outcome is Outcome.PARTIAL) == bool(await org.problems(record)), where


def _damaged(pick: random.Random, data: bytes) -> bytes:
    """Bytes with holes, quotes, cuts and strange characters; or no sense at all."""
    if pick.random() < 0.15:
        return pick.randbytes(pick.randint(0, 200))
    for _ in range(pick.randint(1, 3)):
        at = pick.randint(0, len(data))
        piece = pick.choice(
            (
                b'"',
                b'""',
                b"\0",
                b"\xff",
                b"\r",
                b"\n",
                b",",
                b";;;",
                b"\xc3",
                b"\xe2\x80\xa8",
                b"\x0b",
                b"\x1a",
                b"'",
            )
        )
        match pick.randrange(4):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + piece + data[at + 1 :]
            case 2:
                data = data[:at] + data[at + pick.randint(1, 9) :]
            case _:
                data = data[:at] + piece + data[at:]
    return data


async def test_w_every_import_of_any_sequence_has_one_number_and_one_place(house: House) -> None:
    played = sequence(7)
    org = await house.org(**played.settings)
    imports = [await org.drop("f.csv", replace(step).data) for step in played.steps]
    assert len({record.number for record in imports}) == len(imports)
    for record in imports:
        assert record.filed_as is not None
        folder = org.inbox.folders(org.id).root
        assert (folder / record.filed_as).is_file()
        assert record.filed_as.startswith(str(record.outcome and record.outcome.folder))


def test_f03_the_oracle_counts_lines_as_an_editor_does() -> None:
    header, rows = records(b'a,b\r\n"x\ny",1\r\n\r\n2,3')
    assert (header.line, [row.line for row in rows]) == (1, [2, 5])
    with pytest.raises(BadFileError) as caught:
        records(b'a,b\n1,2\n3,"open\n\n')
    assert (caught.value.code, caught.value.line) == ("quote-open", 3)
