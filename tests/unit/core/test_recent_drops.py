"""`core/recent_drops.py`: what a daemon that starts anew knows of drops."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.recent_drops import RecentDrop, by_organization

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DROP = RecentDrop(org_id="007", uid="a", name="users.csv", size_bytes=7, accepted_at=NOW)


def test_u09_each_drop_counts_once_and_the_last_source_knows_best() -> None:
    withdrawn = replace(DROP, withdrawn=True)
    assert by_organization([DROP], [withdrawn]) == {"007": [withdrawn]}


def test_u04_drops_of_an_organization_stand_in_the_order_of_acceptance() -> None:
    earlier = replace(DROP, uid="b", accepted_at=NOW - timedelta(seconds=1))
    other = replace(DROP, uid="c", org_id="008")
    assert by_organization([DROP, other], [earlier]) == {"007": [earlier, DROP], "008": [other]}
    assert by_organization([], []) == {}
