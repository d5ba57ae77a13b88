"""When drops are due: at once, at a time of day, by cron, through changes of the clocks (rule S1)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.errors import UsageError
from core.organization_settings import parse_organization_settings
from processor.intake.schedule import due_at

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "accepted", "due"),
    [
        ("at once", "2026-11-24T12:00:00+00:00", "2026-11-24T12:00:00+00:00"),
        ("22:00", "2026-11-24T12:00:00+00:00", "2026-11-24T21:00:00+00:00"),
        ("22:00", "2026-11-24T21:00:00+00:00", "2026-11-25T21:00:00+00:00"),
        (
            "02:30",
            "2027-03-27T12:00:00+00:00",
            "2027-03-28T01:00:00+00:00",
        ),  # 02:30 is skipped: 03:00 summer time
        (
            "02:30",
            "2026-10-24T12:00:00+00:00",
            "2026-10-25T00:30:00+00:00",
        ),  # 02:30 comes twice: the first counts
        ("0 6 * * 1-5", "2026-11-27T12:00:00+00:00", "2026-11-30T05:00:00+00:00"),
    ],
)
def test_s1_a_drop_is_due_in_the_time_zone_of_its_organization(
    schedule: str, accepted: str, due: str
) -> None:
    found = due_at(schedule, accepted=datetime.fromisoformat(accepted), zone=BERLIN)
    assert found.astimezone(UTC).isoformat() == due


@pytest.mark.parametrize(("given", "kept"), [("At Once", "at once"), ("6:30", "06:30"), ("none", "at once")])
def test_s1_a_schedule_is_kept_in_one_form(given: str, kept: str) -> None:
    assert parse_organization_settings({"owner": "o@x.example", "schedule": given}).schedule == kept


@pytest.mark.parametrize("wrong", ["24:00", "tomorrow", "* * *", "99 * * * *"])
def test_s1_what_is_no_schedule_is_named(wrong: str) -> None:
    with pytest.raises(UsageError, match="schedule: not `at once`"):
        parse_organization_settings({"owner": "o@x.example", "schedule": wrong})
