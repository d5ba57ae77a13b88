"""How much is too much, of one file and of those of a day together (G1)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.organization_settings import OrganizationSettings
from processor.directory.guard import (
    Magnitude,
    Users,
    at_most,
    counted_together,
    is_guarded,
    users_of,
    why_held,
)

SETTINGS = OrganizationSettings(owner="owner@x.example")
NOTHING = Magnitude(deactivated=0, active=1_000, replaced=0, known=1_000)
people = st.frozensets(st.integers(1, 60))


@pytest.mark.parametrize(
    ("deactivated", "replaced", "held"),
    [(100, 0, False), (101, 0, True), (0, 500, False), (0, 501, True), (100, 500, False)],
)
def test_g1_both_limits_are_more_than(deactivated: int, replaced: int, held: bool) -> None:
    found = replace(NOTHING, deactivated=deactivated, replaced=replaced)
    assert (why_held(found, SETTINGS) is not None) is held
    assert why_held(found, OrganizationSettings(owner="owner@x.example", guard="off")) is None


@pytest.mark.parametrize(("deactivated", "active", "held"), [(10, 10, False), (11, 11, True)])
def test_g1_ten_users_are_never_too_many(deactivated: int, active: int, held: bool) -> None:
    found = replace(NOTHING, deactivated=deactivated, active=active)
    assert (why_held(found, SETTINGS) is not None) is held


@pytest.mark.parametrize(
    ("field", "old", "new", "guarded"),
    [
        ("name", "Ann", "Anne", True),
        ("is_org_admin", False, True, True),
        ("manager_email", None, "b@x.example", False),
        ("manager_email", "a@x.example", None, True),
        ("teams", None, "Ops", False),
        ("teams", "Ops", None, True),
        ("custom.Room", "1", "2", False),
        ("deactivates_at", None, "x", False),
    ],
)
def test_g1_what_counts_as_replaced(field: str, old: object, new: object, guarded: bool) -> None:
    assert is_guarded(field, old, new) is guarded


def test_g1_each_user_counts_once_in_what_he_loses() -> None:
    rows = [
        ("user", 1, "a", "deactivates_at", None, "x"),
        ("user", 1, "a", "name", "A", "B"),
        ("user", 1, "a", "manager_email", "b", "c"),
        ("user", 2, "b", "deactivates_at", "x", None),
        ("team", 3, "Ops", "name", "Ops", "Dev"),
        ("user", 4, "d", "created", None, "d"),
    ]
    assert users_of(rows) == Users({1}, {1})


def test_g1_nineteen_files_of_ten_leavers_are_one_of_190() -> None:
    active, earlier, held_at = 1_900, Users(), None
    for number in range(19):
        own = Users(frozenset(range(10 * number, 10 * number + 10)))
        found = Magnitude(deactivated=10, active=active, replaced=0, known=1_900)
        assert why_held(found, SETTINGS) is None
        if why_held(counted_together(found, own=own, earlier=earlier), SETTINGS):
            held_at = number
        earlier = Users(own.deactivated | earlier.deactivated)
    assert held_at is None, "190 of 1,900 are not more than 10 %"
    found = Magnitude(deactivated=1, active=active, replaced=0, known=1_900)
    why = why_held(counted_together(found, own=Users(frozenset({999})), earlier=earlier), SETTINGS)
    assert why == (
        "Together with those of the last 24 hours, the file would deactivate 191 of 1,900 active users, "
        "more than 10 %. (G1)"
    )


def test_g1_a_file_that_does_nothing_of_the_kind_is_not_held_for_those_before_it() -> None:
    earlier = Users(frozenset(range(200)), frozenset(range(900)))
    found = counted_together(NOTHING, own=Users(), earlier=earlier)
    assert why_held(found, SETTINGS) is None


@given(own=people, earlier=people, replaced=people, before=people)
def test_g1_counting_together_never_counts_less_than_the_file_nor_more_than_all(
    own: frozenset[int], earlier: frozenset[int], replaced: frozenset[int], before: frozenset[int]
) -> None:
    found = replace(NOTHING, deactivated=len(own), replaced=len(replaced))
    together = counted_together(found, own=Users(own, replaced), earlier=Users(earlier, before))
    most = at_most(found, deactivated=len(earlier), replaced=len(before))
    assert found.deactivated <= together.deactivated <= most.deactivated
    assert found.replaced <= together.replaced <= most.replaced
    if why_held(found, SETTINGS):
        assert why_held(together, SETTINGS)
    if not why_held(most, SETTINGS):
        assert why_held(together, SETTINGS) is None


@given(parts=st.lists(people, max_size=8))
def test_g1_many_files_are_held_when_one_with_all_of_it_would_be(parts: list[frozenset[int]]) -> None:
    """The last file that does anything is judged as one file with everybody of the day would be."""
    settings = OrganizationSettings(owner="owner@x.example", guard_floor=10)
    everybody = frozenset[int]().union(*parts)
    whole = Magnitude(deactivated=len(everybody), active=100, replaced=0, known=100)
    *before, last = [part for part in parts if part] or [frozenset({1})]
    earlier = Users(frozenset[int]().union(*before))
    one = Magnitude(deactivated=len(last), active=100, replaced=0, known=100)
    together = counted_together(one, own=Users(last), earlier=earlier)
    if everybody:
        assert (why_held(together, settings) is None) == (why_held(whole, settings) is None)
