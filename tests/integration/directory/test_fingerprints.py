"""Known lines are passed over unparsed: nobody may be able to tell (docs/developers/importing.md)."""

import random
import re
from contextlib import suppress
from typing import Any

from processor.directory.deactivations import Deactivations
from processor.imports import ImportRecord
from processor.undoing import NotUndoableError, undo_import
from tests.integration.directory.house import House, Org
from tests.integration.directory.seeds import patient, seeds
from tests.integration.directory.sequences import Sequence, moved, sequence

pytestmark = patient

TOUCHES = (
    "UPDATE users SET name = 'Touched' WHERE org_no = :org AND email_key = :email",
    "UPDATE users SET deactivated_at = '2026-11-20T00:00:00.000+00:00', deactivates_at = NULL"
    " WHERE org_no = :org AND email_key = :email",
    "UPDATE users SET deactivated_at = NULL, deactivates_at = NULL WHERE org_no = :org AND email_key = :email",
    "UPDATE users SET custom = '{}' WHERE org_no = :org AND email_key = :email",
    "UPDATE users SET manager_id = NULL WHERE org_no = :org AND email_key = :email",
    "UPDATE users SET is_org_admin = 0 WHERE org_no = :org AND email_key = :email",
)
REPEATED = 0.4  # of the files come a second time, byte for byte
PEOPLE = ("ann@x.example", "bob@x.example", "cy@x.example", "dee@x.example", "eve@x.example")


async def told(org: Org, record: ImportRecord) -> dict[str, Any]:
    """All that an import says, and the directory after it."""
    changes = "SELECT kind, key, field, old, new FROM changes WHERE import_number = :number"
    notes = sorted(map(repr, await org.problems(record, notes=True)))
    return {
        "outcome": record.outcome,
        "counts": record.counts.as_dict(),
        "problems": sorted(map(repr, await org.problems(record))),
        "notes": [re.sub(r"import \d+", "import", note) for note in notes],
        "changes": sorted(map(repr, await org.rows(changes, number=record.number))),
        "directory": await org.directory(),
    }


async def assert_nobody_can_tell(house: House, played: Sequence, *, disturbed: bool) -> None:
    """Play a sequence to an organization with fingerprints and to one without."""
    pick = random.Random(played.seed)
    fast = await house.org(**played.settings)
    slow = await house.org(**played.settings)
    slow.without_fingerprints = True
    records: list[ImportRecord] = []
    for number, step in enumerate(played.steps):
        house.clock.at += moved(step)
        if disturbed:
            await _disturb(pick, played, fast, slow)
            await _take_back(pick, house, records)
        for _ in range(2 if pick.random() < REPEATED else 1):
            records = [await org.drop("f.csv", step.data) for org in (fast, slow)]
            passed = [await told(org, record) for org, record in zip((fast, slow), records, strict=True)]
            for part, value in passed[0].items():
                assert value == passed[1][part], f"seed {played.seed}, file {number}, {part}: {step.data!r}"
            if disturbed and pick.random() < REPEATED:
                await _disturb(pick, played, fast, slow)
                await _take_back(pick, house, records)


async def _disturb(pick: random.Random, played: Sequence, *orgs: Org) -> None:
    """Touch a user as no import would, or change a setting."""
    kind = pick.random()
    if kind < 0.3:
        touch, email = pick.choice(TOUCHES), pick.choice(PEOPLE)
        for org in orgs:
            await org.sql(touch, email=email)
    elif kind < 0.45:
        changed = {
            "dates": pick.choice(("auto", "dmy", "mdy")),
            "teams": pick.choice(("add", "replace")),
            "clear_word": pick.choice((None, "x")),
        }
        for org in orgs:
            await org.change_settings(**{**played.settings, **changed})


async def _take_back(pick: random.Random, house: House, records: list[ImportRecord]) -> None:
    """Undo the last import (G3), and carry out deactivations that are due (P8)."""
    if pick.random() < 0.3:
        for record in records:
            with suppress(NotUndoableError):
                await undo_import(
                    database=house.database, clock=house.clock, number=record.number, who="a test"
                )
    if pick.random() < 0.5:
        await Deactivations(
            database=house.database, clock=house.clock, operator=None, mail_from="a@x.example"
        ).apply_due()


async def test_g2_no_sequence_of_files_shows_whether_lines_were_passed_over(house: House) -> None:
    for seed in seeds(12):
        await assert_nobody_can_tell(house, sequence(seed), disturbed=False)


async def test_g2_touched_users_and_changed_settings_are_read_anew(house: House) -> None:
    for seed in seeds(14, first=1_000_000):
        await assert_nobody_can_tell(house, sequence(seed), disturbed=True)


async def test_h6_people_named_by_id_or_name_are_found_with_known_lines_as_without(house: House) -> None:
    for seed in seeds(14, first=7_000_000):
        await assert_nobody_can_tell(house, sequence(seed, by_id=True), disturbed=seed % 2 == 1)


async def test_p01_a_chosen_key_leavers_and_a_clear_word_are_read_with_known_lines_as_without(
    house: House,
) -> None:
    for seed in seeds(12, first=9_000_000):
        await assert_nobody_can_tell(house, sequence(seed, strange=True), disturbed=seed % 2 == 1)
