import pytest

from processor.filing.change_lists import SHOWN, ChangeList, list_of, shown_lists
from processor.imports import Change


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (Change("user", "a@x.example", "created", None, "a@x.example"), ChangeList.USERS_CREATED),
        (Change("user", "a@x.example", "name", "A", "B"), ChangeList.USER_VALUES),
        (Change("user", "a@x.example", "custom.Site", None, "B"), ChangeList.USER_VALUES),
        (Change("user", "a@x.example", "teams", None, "Sales"), ChangeList.MEMBERSHIPS),
        (
            Change("user", "a@x.example", "deactivates_at", None, "2026-12-31T22:59:00.000+00:00"),
            ChangeList.PLANNED_DEACTIVATIONS,
        ),
        (
            Change("user", "a@x.example", "deactivates_at", "2026-12-31T22:59:00.000+00:00", None),
            ChangeList.USER_VALUES,
        ),
        (Change("team", "Sales", "created", None, "Sales"), ChangeList.TEAMS_CREATED),
        (Change("team", "Sales", "parent", None, "Europe"), ChangeList.TEAM_VALUES),
    ],
)
def test_r01_each_change_stands_in_one_list(change: Change, name: ChangeList) -> None:
    assert list_of(change) is name


def test_r01_each_list_shows_its_first_thousand_and_counts_the_rest() -> None:
    changes = [Change("user", f"u{n}@x.example", "name", "A", "B") for n in range(SHOWN + 5)]
    (shown,) = shown_lists(changes, {})
    assert (len(shown.entries), shown.total, shown.more) == (SHOWN, SHOWN + 5, 5)


def test_r01_a_caller_who_cut_the_list_says_how_long_it_was() -> None:
    changes = [Change("user", "a@x.example", "name", "A", "B")]
    (shown,) = shown_lists(changes, {ChangeList.USER_VALUES: 30_000})
    assert (shown.total, shown.more) == (30_000, 29_999)


def test_r01_changes_of_one_person_stand_together() -> None:
    changes = [
        Change("user", "a@x.example", "name", "A", "B"),
        Change("user", "a@x.example", "is_org_admin", False, True),
        Change("user", "b@x.example", "name", "A", "B"),
    ]
    (shown,) = shown_lists(changes, {})
    assert [(entry.key, len(entry.changes)) for entry in shown.entries] == [
        ("a@x.example", 2),
        ("b@x.example", 1),
    ]
