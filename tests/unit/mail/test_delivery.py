"""`processor/mail/delivery.py`: what the setting `mail` makes of each outcome (N4)."""

import pytest

from processor.imports import Outcome
from processor.mail.delivery import Delivery, delivery_of
from tests.unit.filing.samples import record

NOW, LATER, NEVER = Delivery.AT_ONCE, Delivery.IN_DIGEST, Delivery.NOT


@pytest.mark.parametrize(
    ("outcome", "codes", "problems", "digest"),
    [
        (Outcome.IMPORTED, (), NEVER, LATER),
        (Outcome.PARTIAL, ("date-doubtful",), NOW, LATER),
        (Outcome.REFUSED, ("no-header",), NOW, LATER),
        (Outcome.CHECKED, (), NEVER, LATER),
        (Outcome.CHECKED, ("date-doubtful",), NOW, LATER),
        (Outcome.DISCARDED, ("withdrawn",), NEVER, LATER),
        (Outcome.DISCARDED, ("superseded",), NEVER, LATER),
        (Outcome.DISCARDED, ("rejected",), NEVER, LATER),
        (Outcome.DISCARDED, ("hold-expired",), NOW, LATER),
        (Outcome.WAITING, (), NEVER, LATER),
        (Outcome.HELD, (), NOW, NOW),
    ],
)
def test_n04_the_setting_decides_when_a_mail_goes_out(
    outcome: Outcome, codes: tuple[str, ...], problems: Delivery, digest: Delivery
) -> None:
    told = record(outcome)
    assert delivery_of(told, mode="every", codes=codes) is NOW
    assert delivery_of(told, mode="problems", codes=codes) is problems
    assert delivery_of(told, mode="digest", codes=codes) is digest
