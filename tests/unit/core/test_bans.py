"""Failed logins: what bans, for how long, and what clears (A2)."""

from datetime import UTC, datetime, timedelta

import pytest

from core.bans import (
    BanPolicy,
    Failure,
    GuardKey,
    GuardRecord,
    Kind,
    address_group,
    after_failure,
    delay_s,
    is_spent,
    refusal_text,
    without,
)

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = BanPolicy(limit=10, window=10 * MINUTE, first=15 * MINUTE, longest=timedelta(days=1))
NEW = GuardRecord(key=GuardKey(Kind.ADDRESS, address="203.0.113.7"), shown="203.0.113.7", changed_at=START)


def failing(record: GuardRecord, at: datetime, times: int, *, pause: timedelta = timedelta()) -> GuardRecord:
    for number in range(times):
        record = after_failure(record, Failure(at + number * pause, "mavericks_007", "203.0.113.7"), POLICY)
    return record


def test_a02_nine_failures_ban_nobody_and_the_tenth_bans_for_a_quarter_of_an_hour() -> None:
    assert not failing(NEW, START, 9).is_banned(START)
    banned = failing(NEW, START, 10)
    assert banned.until == START + 15 * MINUTE
    assert banned.failed == 10
    assert banned.is_banned(START + 14 * MINUTE)
    assert not banned.is_banned(START + 15 * MINUTE)


def test_a02_failures_that_are_older_than_ten_minutes_do_not_count() -> None:
    assert not failing(NEW, START, 30, pause=70 * timedelta(seconds=1)).until


def test_a02_each_further_ban_lasts_twice_as_long_up_to_a_day() -> None:
    record, lasted, now = NEW, [], START
    for _ in range(9):
        record = failing(record, now, 10)
        assert record.until is not None
        lasted.append((record.until - now) // MINUTE)
        now = record.until
    assert lasted == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


def test_a02_a_week_without_a_ban_forgets_the_doubling() -> None:
    record = failing(failing(NEW, START, 10), START + 20 * MINUTE, 10)
    assert record.bans == 2
    assert record.until is not None
    later = record.until + timedelta(days=7, minutes=1)
    assert is_spent(record, POLICY, later)
    assert failing(record, later, 10).until == later + 15 * MINUTE


def test_a02_a_good_login_clears_the_failures_of_its_name_and_address_only() -> None:
    record = failing(NEW, START, 3)
    record = after_failure(record, Failure(START, "falcons_1", "203.0.113.7"), POLICY)
    cleared = without(record, name="mavericks_007", address="203.0.113.7", now=START)
    assert [failure.name for failure in cleared.failures] == ["falcons_1"]
    assert without(cleared, name="mavericks_007", address="203.0.113.7", now=START) is cleared


def test_a02_a_limit_of_nothing_bans_never() -> None:
    never = BanPolicy(limit=0, window=10 * MINUTE, first=MINUTE, longest=MINUTE)
    record = NEW
    for _ in range(50):
        record = after_failure(record, Failure(START, "x_1", "203.0.113.7"), never)
    assert record.until is None


def test_a02_answers_slow_down_before_anybody_is_banned() -> None:
    assert [delay_s(failures) for failures in range(9)] == [0, 0, 0, 0.25, 0.5, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("Mavericks_007", "Mavericks_007"),
    ],
)
def test_a02_ipv6_counts_by_its_64(address: str, group: str) -> None:
    assert address_group(address) == group


def test_a02_the_refusal_says_what_is_banned_and_for_how_long_and_ends_with_its_rule() -> None:
    banned = failing(NEW, START, 10)
    assert refusal_text(banned, START) == (
        "Too many failed logins from your address: try again in 15 minutes (A2)"
    )
    assert "in 1 minute (A2)" in refusal_text(banned, START + 14 * MINUTE + MINUTE / 2)
