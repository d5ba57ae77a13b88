from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.mail.schedule import GIVEN_UP_AFTER, GiveUp, RetryAt, after_attempt

WRITTEN = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "delay_s"),
    [
        (1, 5),
        (2, 10),
        (3, 20),
        (4, 40),
        (5, 80),
        (6, 160),
        (7, 320),
        (8, 640),
        (9, 900),
        (10, 900),
        (200, 900),
    ],
)
def test_n03_waits_double_from_five_seconds_to_a_quarter_of_an_hour(attempts: int, delay_s: int) -> None:
    now = WRITTEN + timedelta(hours=1)
    assert after_attempt(attempts, created_at=WRITTEN, now=now) == RetryAt(now + timedelta(seconds=delay_s))


def test_n03_a_mail_is_given_up_after_three_days() -> None:
    assert after_attempt(300, created_at=WRITTEN, now=WRITTEN + timedelta(days=3)) == GiveUp()
    still = WRITTEN + timedelta(days=3) - timedelta(seconds=1)
    assert after_attempt(300, created_at=WRITTEN, now=still) == RetryAt(WRITTEN + timedelta(days=3))


@given(st.floats(0, 30))
def test_n03_a_dead_server_ends_in_giving_up_after_three_days_and_not_before(first_answer_s: float) -> None:
    now, attempts = WRITTEN, 0
    while True:
        attempts += 1
        now += timedelta(seconds=first_answer_s)
        decision = after_attempt(attempts, created_at=WRITTEN, now=now)
        if isinstance(decision, GiveUp):
            break
        assert decision.at > now or decision.at == WRITTEN + GIVEN_UP_AFTER
        now = decision.at
    assert timedelta(days=3) <= now - WRITTEN <= timedelta(days=3, seconds=31)
    assert 270 < attempts < 310
