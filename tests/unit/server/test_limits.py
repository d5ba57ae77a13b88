from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings import Settings
from server import limits

SETTINGS = Settings()
GIB = 1 << 30


@pytest.mark.parametrize(
    ("below", "at"),
    [
        (
            limits.connection_refusal(SETTINGS, connections=499, startups=99, of_address=9),
            limits.connection_refusal(SETTINGS, connections=500, startups=0, of_address=0),
        ),
        (
            limits.connection_refusal(SETTINGS, connections=0, startups=0, of_address=0),
            limits.connection_refusal(SETTINGS, connections=100, startups=100, of_address=0),
        ),
        (
            limits.connection_refusal(SETTINGS, connections=0, startups=0, of_address=0),
            limits.connection_refusal(SETTINGS, connections=10, startups=10, of_address=10),
        ),
        (
            limits.login_refusal(SETTINGS, sessions_of_org=19),
            limits.login_refusal(SETTINGS, sessions_of_org=20),
        ),
        (limits.tries_refusal(SETTINGS, failures=5), limits.tries_refusal(SETTINGS, failures=6)),
        (limits.channel_refusal(channels=7), limits.channel_refusal(channels=8)),
        (limits.handle_refusal(SETTINGS, handles=31), limits.handle_refusal(SETTINGS, handles=32)),
        (limits.upload_refusal(SETTINGS, uploads=199), limits.upload_refusal(SETTINGS, uploads=200)),
        (limits.size_refusal(SETTINGS, end=2 * GIB), limits.size_refusal(SETTINGS, end=2 * GIB + 1)),
        (
            limits.space_refusal(SETTINGS, used_bytes=50 * GIB, free_bytes=GIB),
            limits.space_refusal(SETTINGS, used_bytes=50 * GIB + 1, free_bytes=GIB),
        ),
        (
            limits.space_refusal(SETTINGS, used_bytes=0, free_bytes=GIB),
            limits.space_refusal(SETTINGS, used_bytes=0, free_bytes=GIB - 1),
        ),
        (limits.extents_refusal(extents=10_000), limits.extents_refusal(extents=10_001)),
    ],
)
def test_u09_a_limit_is_reached_where_the_contract_says(below: str | None, at: str | None) -> None:
    assert below is None
    assert at is not None
    assert at.endswith("(U9)")


def test_u09_an_hour_forgets_what_is_older() -> None:
    count = limits.HourCount()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for minute in (0, 30, 59):
        count.add(start + timedelta(minutes=minute))
    assert count.at(start + timedelta(minutes=59)) == 3
    assert count.at(start + timedelta(minutes=60)) == 2
    assert count.at(start + timedelta(minutes=119)) == 0


@given(st.lists(st.sampled_from("abc")))
def test_u09_a_tally_ends_where_it_began(keys: list[str]) -> None:
    tally = limits.Tally()
    for key in keys:
        tally.enter(key)
    assert tally.total == len(keys)
    assert all(tally[key] == keys.count(key) for key in "abc")
    for key in keys:
        tally.leave(key)
    assert (tally.total, tally["a"]) == (0, 0)


@pytest.mark.parametrize(("uploads", "refused"), [(0, False), (999, False), (1_000, True)])
def test_u09_an_organization_may_leave_a_thousand_files_unfinished(uploads: int, refused: bool) -> None:
    refusal = limits.unaccepted_refusal(uploads=uploads)
    assert (refusal is not None) is refused
    assert refusal is None or refusal.endswith("(U9)")
