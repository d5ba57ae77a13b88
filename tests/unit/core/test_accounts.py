"""Who may stay when an account changes (A6)."""

from dataclasses import replace

import pytest

from core.accounts import Account, SupportAccount, may_stay

ANN = Account(
    username="Ann",
    password_hash="hash",
    keys=frozenset({"one"}),
    support=SupportAccount(no=1, name="Ann", username="Ann", created_at="2026-11-24T09:00:00+00:00"),
)
MADE_AGAIN = SupportAccount(no=2, name="Ann", username="Ann", created_at="2026-11-24T10:00:00+00:00")


@pytest.mark.parametrize(
    ("now", "stays"),
    [
        (ANN, True),
        (replace(ANN, keys=frozenset({"one", "another"})), True),
        (replace(ANN, keys=frozenset()), False),
        (replace(ANN, keys=frozenset({"another"})), False),
        (replace(ANN, password_hash="another"), False),
        (replace(ANN, support=MADE_AGAIN), False),
        (None, False),
    ],
)
def test_a06_a_session_stays_while_what_let_it_in_is_good(now: Account | None, stays: bool) -> None:
    assert may_stay(ANN, now) is stays
