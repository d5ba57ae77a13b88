"""Who is deactivated when plans are due (rule P8): the last active administrator is not."""

import pytest

from processor.directory.deactivations import judge
from processor.directory.deactivations_store import DueUser


def due(*marks: str) -> list[DueUser]:
    """Due users, in order; `A` is an administrator."""
    return [
        DueUser(place, f"user{place}@x.example", mark == "A", f"2026-11-{20 + place}")
        for place, mark in enumerate(marks)
    ]


@pytest.mark.parametrize(
    ("marks", "active_admins", "staying"),
    [
        ("UU", 1, None),
        ("UU", 0, None),
        ("AU", 2, None),
        ("AU", 1, 0),
        ("UAUA", 2, 3),
        ("UAUA", 3, None),
    ],
)
def test_p08_the_last_active_administrator_stays(marks: str, active_admins: int, staying: int | None) -> None:
    users = due(*marks)
    leaving, kept = judge(users, active_admins=active_admins)
    assert (None if kept is None else kept.id) == staying
    assert [user.id for user in leaving] == [user.id for user in users if user.id != staying]
