"""Undoing an import (rule G3): what goes back, what is left and why, and that the same file is applied again."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.errors import NotFoundError
from processor.directory.undo_plan import shown_value
from processor.directory.undo_store import Undone
from processor.imports import ImportRecord, Outcome
from processor.undoing import NotUndoableError, undo_import
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.directory.sequences import moved, sequence
from tests.oracle import User

HEADER = (
    "User Email,User Name,First Name,Teams,Manager Email,User Account Type,Is Org Admin,Deactivation Date,"
    "Badge,Remote"
)
FIRST = (
    HEADER,
    "ann@x.example,Ann,Ann,Sales,owner@x.example,Regular,Yes,,1,Yes",
    "bob@x.example,Bob,Bob,Sales,ann@x.example,Observer,No,,2,No",
)
SECOND = (
    HEADER,
    'ann@x.example,Anna,Anna,"Sales,Ops",bob@x.example,Observer,No,2026-12-31,11,No',
    "bob@x.example,Bob,Bob,Sales,owner@x.example,Observer,No,2026-11-01,2,No",
    "cy@x.example,Cy,,Ops,dee@x.example,Regular,Yes,2026-12-01,3,Yes",
)


def lines(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


async def undo(org: Org, record: ImportRecord) -> Undone:
    return await undo_import(database=org.database, clock=org.clock, number=record.number, who="a test")


def codes(undone: Undone) -> dict[tuple[str, str], str]:
    return {(change.key, change.field): code for change, code in undone.left}


async def test_g03_values_memberships_and_plans_go_back_and_created_users_are_deactivated(org: Org) -> None:
    await org.drop("first.csv", lines(*FIRST))
    before = await org.directory()
    second = await org.drop("second.csv", lines(*SECOND))
    assert second.outcome is Outcome.IMPORTED
    undone = await undo(org, second)
    after = await org.directory()
    assert not undone.left
    assert {email: after.users[email] for email in before.users} == before.users
    assert set(after.teams) == {"Sales", "Ops"}  # teams stay
    for made in ("cy@x.example", "dee@x.example"):
        user = after.users[made]
        assert (user.is_active, user.teams) == (False, frozenset())
        assert user.deactivates_at is None
    assert undone.counts["users_deactivated"] == 2
    assert undone.counts["plans_taken_back"] == 3


async def test_g03_the_same_file_dropped_again_is_applied_again(org: Org) -> None:
    await org.drop("first.csv", lines(*FIRST))
    second = await org.drop("second.csv", lines(*SECOND))
    applied = await org.users()
    await undo(org, second)
    org.clock.move(hours=1)
    again = await org.drop("second.csv", lines(*SECOND))
    after = await org.users()
    assert again.outcome is Outcome.IMPORTED
    for email in ("ann@x.example", "bob@x.example"):
        assert after[email].deactivates_at is not None
        assert _undated(after[email]) == _undated(applied[email])
    assert again.counts.deactivations_planned == 2
    # A file reactivates nobody (P8): the created users get their values, and stay deactivated.
    assert after["cy@x.example"].teams == {"Ops"}
    assert not after["cy@x.example"].is_active
    assert ("deactivated-updated") in [code for _, _, code in await org.codes(again, notes=True)]


def _undated(user: User) -> User:
    return replace(user, deactivates_at=None)


@pytest.mark.parametrize("only", ["values", "memberships"])
async def test_g03_fingerprints_of_restored_users_count_no_more(org: Org, only: str) -> None:
    """The last file's lines are known: without a void the next file would pass them over."""
    label = "User Name" if only == "values" else "Teams"
    await org.drop("a.csv", lines(f"User Email,{label}", "ann@x.example,One"))
    second = await org.drop("b.csv", lines(f"User Email,{label}", "ann@x.example,Two"))
    state = await org.users()
    await undo(org, second)
    assert await org.users() != state
    await org.drop("b.csv", lines(f"User Email,{label}", "ann@x.example,Two"))
    assert await org.users() == state


async def test_g03_what_something_changed_since_is_left_and_listed(org: Org) -> None:
    await org.drop("first.csv", lines(*FIRST))
    second = await org.drop("second.csv", lines(*SECOND))
    await org.drop("third.csv", lines("User Email,User Name,Teams", "ann@x.example,Annie,Dev"))
    undone = await undo(org, second)
    assert codes(undone) == {("ann@x.example", "name"): "changed-later"}
    user = await org.user("ann@x.example")
    assert (user.name, user.first_name, user.teams) == ("Annie", "Ann", frozenset({"Sales", "Dev"}))


async def test_g03_a_value_that_a_later_import_changed_and_changed_back_is_left(org: Org) -> None:
    names = ("One", "Two", "Three", "Two")
    records = [
        await org.drop("a.csv", lines("User Email,User Name", f"ann@x.example,{name}")) for name in names
    ]
    undone = await undo(org, records[1])
    assert codes(undone) == {("ann@x.example", "name"): "changed-later"}
    for record, name in ((records[3], "Three"), (records[2], "Two")):
        await undo(org, record)
        assert (await org.user("ann@x.example")).name == name


async def test_g03_imports_can_be_undone_one_after_the_other_from_the_last(org: Org) -> None:
    states = [await org.directory()]
    records = []
    for name in ("One", "Two", "Three"):
        rows = (f"ann@x.example,{name},{name}", f"owner@x.example,{name},{name}")
        records.append(await org.drop("a.csv", lines("User Email,User Name,Teams", *rows)))
        states.append(await org.directory())
    for place in (2, 1):
        undone = await undo(org, records[place])
        assert not undone.left
        assert (await org.directory()).users == states[place].users


async def test_g03_p08_a_plan_that_was_carried_out_or_cancelled_is_left(org: Org) -> None:
    await org.drop("first.csv", lines(*FIRST))
    second = await org.drop("second.csv", lines(*SECOND))
    away = "UPDATE users SET deactivated_at = '2026-11-24T12:00:00.000+00:00', deactivates_at = NULL"
    await org.sql(f"{away} WHERE email = 'bob@x.example' AND org_no = :org")
    await org.sql("UPDATE users SET deactivates_at = NULL WHERE email = 'ann@x.example' AND org_no = :org")
    found = codes(await undo(org, second))
    assert found[("bob@x.example", "deactivation_date")] == "plan-carried-out"
    assert found[("ann@x.example", "deactivates_at")] == "plan-cancelled"
    assert (await org.user("ann@x.example")).deactivation_date == "2026-12-31"


async def test_g03_p08_a_plan_of_before_whose_time_has_passed_is_due_a_day_from_the_undo(org: Org) -> None:
    label = "User Email,Deactivation Date"
    await org.drop("a.csv", lines(label, "ann@x.example,2026-11-24"))
    second = await org.drop("b.csv", lines(label, "ann@x.example,2026-12-31"))
    org.clock.move(days=3)
    await undo(org, second)
    user = await org.user("ann@x.example")
    assert (user.deactivation_date, user.deactivates_at) == ("2026-11-24", org.clock.at + timedelta(days=1))


async def test_g03_p07_the_last_active_administrator_stays_one(org: Org) -> None:
    label = "User Email,Is Org Admin"
    await org.drop("a.csv", lines(label, "ann@x.example,No"))
    made = await org.drop("b.csv", lines(label, "ann@x.example,Yes"))
    created = await org.drop("c.csv", lines(label, "bob@x.example,Yes"))
    await org.drop("d.csv", lines(label, f"{OWNER},No"))
    await undo(org, made)  # Bob is one still
    assert not (await org.user("ann@x.example")).is_org_admin
    assert codes(await undo(org, created)) == {("bob@x.example", "created"): "last-admin"}
    assert (await org.user("bob@x.example")).is_active


async def test_g03_p06_a_link_that_would_close_a_circle_is_left(org: Org) -> None:
    label = "User Email,Manager Email"
    await org.drop("a.csv", lines(label, "ann@x.example,bob@x.example"))
    second = await org.drop("b.csv", lines(label, f"ann@x.example,{OWNER}"))
    await org.drop("c.csv", lines(label, "bob@x.example,ann@x.example"))
    assert codes(await undo(org, second)) == {("ann@x.example", "manager_email"): "circle"}
    assert (await org.user("ann@x.example")).manager == OWNER


async def test_g03_t03_teams_get_their_owner_parent_and_type_back(org: Org) -> None:
    label = "Team Name,Team Owner,Parent Team,Team Type"
    await org.drop("a.csv", lines(label, "Ops,ann@x.example,Company,Group", "Dev,,,"))
    before = await org.teams()
    second = await org.drop("b.csv", lines(label, f"Ops,{OWNER},Dev,Unit", "New,,,"))
    undone = await undo(org, second)
    after = await org.teams()
    assert not undone.left
    assert {name: after[name] for name in before} == before
    assert "New" in after


async def test_g03_p05_memberships_that_an_import_ended_come_back(house: House) -> None:
    org = await house.org(teams="replace")
    await org.drop("a.csv", lines("User Email,Teams", "ann@x.example,Sales"))
    second = await org.drop("b.csv", lines("User Email,Teams", "ann@x.example,Ops"))
    assert (await org.user("ann@x.example")).teams == {"Ops"}
    await undo(org, second)
    assert (await org.user("ann@x.example")).teams == {"Sales"}


async def test_g03_c02_values_of_fields_that_are_other_now(org: Org) -> None:
    label = "User Email,Remote,Since"
    await org.drop("a.csv", lines(label, "ann@x.example,Yes,2026-01-01", "bob@x.example,No,2026-01-02"))
    second = await org.drop("b.csv", lines(label, "ann@x.example,perhaps,2026-02-02", "bob@x.example,Yes,"))
    await undo(org, second)
    users = await org.users()
    assert users["ann@x.example"].custom == {"Remote": "Yes", "Since": "2026-01-01"}
    assert users["bob@x.example"].custom["Remote"] == "No"


async def test_g03_only_imports_that_changed_the_directory_can_be_undone_and_once(org: Org) -> None:
    refused = await org.drop("a.csv", b"nonsense\n")
    with pytest.raises(NotUndoableError):
        await undo(org, refused)
    with pytest.raises(NotFoundError):
        await undo_import(database=org.database, clock=org.clock, number=99, who="a test")
    record = await org.drop("a.csv", lines(*FIRST))
    await undo(org, record)
    with pytest.raises(NotUndoableError):
        await undo(org, record)


async def test_g03_an_undo_moves_the_version_and_keeps_its_own_history(org: Org) -> None:
    await org.drop("a.csv", lines("User Email,User Name", "ann@x.example,One"))
    second = await org.drop("b.csv", lines("User Email,User Name", "ann@x.example,Two"))
    version = "SELECT directory_version FROM organizations WHERE no = :org"
    before = await org.rows(version)
    undone = await undo(org, second)
    assert (await org.rows(version))[0][0] > before[0][0]
    assert [(c.key, c.field, c.old, c.new) for c in undone.changes] == [
        ("ann@x.example", "name", "Two", "One")
    ]
    assert (undone.at, undone.who) == ("2026-11-23T12:00:00.000+00:00", "a test")


@pytest.mark.parametrize("seed", range(9_000, 9_020))
async def test_g03_undoing_the_last_import_restores_everybody_known_before(house: House, seed: int) -> None:
    made = sequence(seed)
    org = await house.org(**made.settings)
    for step in made.steps:
        house.clock.at += moved(step)
        before = await org.directory()
        record = await org.drop("file.csv", step.data)
        if record.outcome not in (Outcome.IMPORTED, Outcome.PARTIAL):
            continue
        undone = await undo(org, record)
        after = await org.directory()
        kept_admins = {change.key for change, code in undone.left if code == "last-admin"}
        assert {code for _, code in undone.left} <= {"last-admin"}
        for email, user in before.users.items():
            if email not in kept_admins and _was_ahead(user.deactivates_at, house):
                assert _as_shown(after.users[email]) == _as_shown(user)
        assert {name: after.teams[name] for name in before.teams} == before.teams
        new = after.users.keys() - before.users.keys() - kept_admins
        assert not any(after.users[email].is_active for email in new)
        await org.drop("file.csv", step.data)


def _as_shown(user: User) -> User:
    """A field that the file made a text stays one, and shows its booleans as words (C2)."""
    return replace(user, custom={label: shown_value(value) for label, value in user.custom.items()})


def _was_ahead(due: datetime | None, house: House) -> bool:
    """Whether a plan's time lies ahead; others are moved by an undo."""
    return due is None or due > house.clock.at


async def test_g03_p01_an_address_that_changed_under_another_key_goes_back(house: House) -> None:
    org = await house.org(match_by="Badge")
    label = "User Email,Badge,Manager Email"
    await org.drop("a.csv", lines(label, "ann@x.example,1,", "bob@x.example,2,"))
    second = await org.drop("b.csv", lines(label, "anna@x.example,1,"))
    assert "anna@x.example" in await org.users()
    undone = await undo(org, second)
    assert not undone.left
    assert {"ann@x.example", "bob@x.example"} <= set(await org.users())
    await org.drop("c.csv", lines(label, "bob@x.example,2,anna@x.example"))
    assert (await org.user("bob@x.example")).manager == "ann@x.example"
