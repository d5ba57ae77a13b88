"""Which files are held for approval (G1)."""

import pytest

from processor.imports import Outcome
from tests.integration.directory.house import OWNER, House, Org


def people(count: int, *, label: str, first: int = 0, value: str = "", other: str = "") -> bytes:
    """A file of `count` people, `value` in the column for the first of them, `other` for the rest."""
    rows = (f"u{number}@x.example,{value if number < first else other}\n" for number in range(count))
    return f"User Email,{label}\n{''.join(rows)}".encode()


@pytest.mark.parametrize(
    ("count", "leaving", "outcome"),
    [
        (49, 10, Outcome.IMPORTED),  # 20 %, but no more than 10
        (109, 11, Outcome.IMPORTED),  # 10 % of 110, the owner included
        (108, 11, Outcome.HELD),
        (199, 21, Outcome.HELD),
    ],
)
async def test_g1_a_file_that_deactivates_many_is_held(
    org: Org, count: int, leaving: int, outcome: Outcome
) -> None:
    await org.drop("f.csv", people(count, label="Deactivation Date"))
    before = await org.directory()
    record = await org.drop(
        "f.csv", people(count, label="Deactivation Date", first=leaving, value="2026-11-01")
    )
    assert record.outcome == outcome
    assert (await org.directory() == before) == (outcome is Outcome.HELD)
    assert len(org.inbox.queue(org.id)) == (outcome is Outcome.HELD)


@pytest.mark.parametrize(
    ("renamed", "outcome"), [(10, Outcome.IMPORTED), (15, Outcome.IMPORTED), (16, Outcome.HELD)]
)
async def test_g1_a_file_that_replaces_many_names_is_held(org: Org, renamed: int, outcome: Outcome) -> None:
    await org.drop("f.csv", people(29, label="User Name", other="Old"))
    record = await org.drop("f.csv", people(29, label="User Name", first=renamed, value="New", other="Old"))
    assert record.outcome == outcome


async def test_g1_what_is_new_replaces_nothing(org: Org) -> None:
    await org.drop("f.csv", people(29, label="User Name", other="Old"))
    record = await org.drop("f.csv", people(29, label="Manager Email", first=29, value=OWNER))
    assert record.outcome is Outcome.IMPORTED
    record = await org.drop("f.csv", people(29, label="Manager Email", first=29, value="boss@x.example"))
    assert record.outcome is Outcome.HELD


async def test_g1_a_file_can_bring_ten_thousand_people_at_once(org: Org) -> None:
    data = people(10_000, label="Deactivation Date", first=5_000, value="2026-11-01")
    assert (await org.drop("f.csv", data)).outcome is Outcome.IMPORTED


async def test_g1_a_guard_can_be_turned_off(house: House) -> None:
    org = await house.org(guard="off")
    await org.drop("f.csv", people(50, label="Deactivation Date"))
    record = await org.drop("f.csv", people(50, label="Deactivation Date", first=50, value="2026-11-01"))
    assert record.outcome is Outcome.IMPORTED
    assert record.counts.deactivations_planned == 50
