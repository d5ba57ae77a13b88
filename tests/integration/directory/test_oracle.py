"""The importer against the oracle, which computes the same from the contract's text: on random sequences of files."""

from typing import Any

from processor.imports import ImportRecord, Outcome
from tests.integration.directory.house import House, Org
from tests.integration.directory.seeds import patient, seeds
from tests.integration.directory.sequences import Sequence, moved, sequence
from tests.oracle import Oracle, Verdict

pytestmark = patient


async def assert_agreement(house: House, played: Sequence, *, without_fingerprints: bool = False) -> None:
    """Play a sequence to the importer and to the oracle, and compare all that both say."""
    org = await house.org(**played.settings)
    org.without_fingerprints = without_fingerprints
    oracle = Oracle(played.choices)
    for number, step in enumerate(played.steps):
        house.clock.at += moved(step)
        record = await org.drop("f.csv", step.data)
        verdict = oracle.drop(step.data, house.clock.now())
        where = f"seed {played.seed}, file {number}: {step.data!r}"
        assert record.outcome == verdict.outcome, where
        assert await org.codes(record) == verdict.problems, where
        assert _counts(record) == _expected(record, verdict), where
        assert await org.directory() == oracle.directory(), where


def _counts(record: ImportRecord) -> dict[str, int]:
    counts = record.counts.as_dict()
    if record.outcome is Outcome.REFUSED:  # nothing was applied; how many rows were looked at is not promised
        for name in ("rows", "rows_refused", "cells_refused"):
            counts.pop(name)
    return counts


def _expected(record: ImportRecord, verdict: Verdict) -> dict[str, Any]:
    return {name: verdict.counts.get(name, 0) for name in _counts(record)}


async def test_p11_random_sequences_end_as_the_contract_says(house: House) -> None:
    for seed in seeds(35):
        await assert_agreement(house, sequence(seed))


async def test_p11_random_sequences_end_as_the_contract_says_without_fingerprints(house: House) -> None:
    for seed in seeds(12, first=2_000_000):
        await assert_agreement(house, sequence(seed), without_fingerprints=True)


async def test_p11_the_oracle_itself_refuses_what_it_is_told_to(org: Org) -> None:
    """A broken rule is seen: the oracle of another organization does not agree."""
    data = b"User Email,Teams\nann@x.example,Ops\n"
    record = await org.drop("f.csv", data)
    oracle = Oracle(sequence(0).choices)
    assert oracle.drop(data, org.clock.now()).outcome == record.outcome
    assert await org.directory() == oracle.directory()
    oracle.drop(b"User Email,Teams\nann@x.example,Dev\n", org.clock.now())
    assert await org.directory() != oracle.directory()


async def test_h6_managers_by_id_and_name_are_linked_as_the_contract_says(house: House) -> None:
    for seed in seeds(15, first=8_000_000):
        await assert_agreement(house, sequence(seed, by_id=True))
