"""The login guard: what is counted for whom, what is kept, what is lifted (A2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.bans import Kind
from core.settings import Settings, load_settings
from server.guard import LoginGuard

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HERE, THERE = "203.0.113.7", "198.51.100.9"


def new(**values: Any) -> LoginGuard:
    settings: Settings = load_settings(**values)
    return LoginGuard(settings=settings)


def fail(
    guard: LoginGuard, times: int, *, name: str = "Mavericks_007", address: str = HERE, now: datetime = NOW
) -> float:
    return [guard.failed(address, name, now, is_account=False) for _ in range(times)][-1]


def test_a02_ten_failures_ban_the_address_for_every_name() -> None:
    guard = new()
    fail(guard, 9)
    assert guard.refusal(HERE, None, NOW) is None
    fail(guard, 1, name="Falcons_1")
    assert guard.refusal(HERE, None, NOW) == guard.refusal(HERE, "Another_2", NOW) is not None
    assert guard.refusal(THERE, "Mavericks_007", NOW) is None
    assert guard.refusal(HERE, None, NOW + timedelta(minutes=15)) is None


def test_a02_of_a_name_that_is_too_long_for_an_account_only_the_beginning_is_kept() -> None:
    guard = new()
    fail(guard, 20, name="Long_" + "x" * 1000, address=THERE)
    shown = {record.shown for record in guard.take_changes().saved}
    assert shown == {THERE, "Long_" + "x" * 59}


def test_a02_twenty_failures_lock_a_name_from_every_address_whatever_its_case() -> None:
    guard = new()
    for number in range(20):
        assert guard.refusal(f"198.51.100.{number}", "mavericks_007", NOW) is None
        fail(guard, 1, address=f"198.51.100.{number}", name="MAVERICKS_007")
    assert "for this user name: try again in 15 minutes" in (guard.refusal(THERE, "mavericks_007", NOW) or "")
    assert guard.refusal(THERE, "Falcons_1", NOW) is None
    assert guard.refusal(THERE, "mavericks_007", NOW + timedelta(minutes=15)) is None


def test_a02_an_address_with_good_logins_is_banned_for_the_name_that_fails_only() -> None:
    guard = new()
    guard.succeeded(HERE, "Falcons_1", NOW)
    fail(guard, 10)
    assert guard.refusal(HERE, None, NOW) is None
    assert guard.refusal(HERE, "Falcons_1", NOW) is None
    assert "for this user name from your address" in (guard.refusal(HERE, "Mavericks_007", NOW) or "")
    assert guard.refusal(THERE, "Mavericks_007", NOW) is None


def test_a02_a_login_of_more_than_thirty_days_ago_protects_no_more() -> None:
    guard = new()
    guard.succeeded(HERE, "Falcons_1", NOW)
    later = NOW + timedelta(days=30, minutes=1)
    fail(guard, 10, now=later)
    assert guard.refusal(HERE, None, later) is not None


def test_a02_a_good_login_clears_the_failures_of_its_name_and_address() -> None:
    guard = new()
    fail(guard, 9)
    for _ in range(3):  # the first time the address is a stranger, then it is known
        guard.succeeded(HERE, "mavericks_007", NOW)
        fail(guard, 9)
        assert guard.refusal(HERE, "Mavericks_007", NOW) is None
    fail(guard, 1)
    assert guard.refusal(HERE, "Mavericks_007", NOW) is not None


def test_a02_an_address_that_was_banned_and_then_logged_in_elsewhere_is_banned_no_more() -> None:
    guard = new()
    fail(guard, 10)
    again = LoginGuard(settings=load_settings(), records=guard.take_changes().saved, known={HERE: NOW})
    assert again.refusal(HERE, None, NOW) is None
    assert again.refusal(HERE, "Falcons_1", NOW) is None


def test_a02_answers_slow_down_by_address_and_by_name_and_alike_for_any_name() -> None:
    guard = new()
    assert fail(guard, 2) == 0
    assert fail(guard, 1) > 0
    assert fail(guard, 1, address=THERE) > 0, "the name has failed often"
    assert fail(guard, 1, name="Nobody_999") > 0, "the address has failed often"


def test_a02_lifting_forgets_counts_bans_and_doubling() -> None:
    guard = new()
    fail(guard, 10)
    guard.lift(HERE)
    assert guard.refusal(HERE, None, NOW) is None
    fail(guard, 10, name="Other_1")
    assert "15 minutes" in (guard.refusal(HERE, None, NOW) or ""), "not 30"
    guard.succeeded(THERE, "Falcons_1", NOW)
    fail(guard, 10, address=THERE, name="Falcons_1")
    guard.lift("FALCONS_1")
    assert guard.refusal(THERE, "Falcons_1", NOW) is None


def test_a02_what_changed_is_told_once_and_again_when_it_could_not_be_written() -> None:
    guard = new()
    fail(guard, 1)
    changes = guard.take_changes()
    assert {record.key.kind for record in changes.saved} == {Kind.ADDRESS, Kind.NAME}
    assert not guard.take_changes()
    guard.put_back(changes)
    assert guard.take_changes() == changes
    guard.sweep(NOW + timedelta(hours=2))
    assert set(guard.take_changes().removed) == {record.key for record in changes.saved}


def test_a02_o03_a_password_typed_as_a_name_is_not_written_down() -> None:
    guard = new()
    fail(guard, 2, name="correct horse battery")
    kept = guard.take_changes().saved
    assert [record.key.kind for record in kept] == [Kind.ADDRESS]
    assert "horse" not in repr(kept)


def test_a02_bans_survive_a_restart() -> None:
    guard = new()
    fail(guard, 10)
    again = LoginGuard(settings=load_settings(), records=guard.take_changes().saved)
    assert again.refusal(HERE, None, NOW) == guard.refusal(HERE, None, NOW) is not None


def test_a02_the_guard_remembers_no_more_than_fits_into_memory() -> None:
    guard = new()
    for number in range(60_000):
        guard.failed(f"2001:db8::{number:x}", f"Name_{number}", NOW, is_account=False)
    assert len(guard.take_changes().saved) <= 50_000
