from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.mail.mails import message_id, one_line

SOME = UUID("12345678-1234-4234-8234-123456789abc")


@pytest.mark.parametrize(
    ("mail_from", "domain"),
    [
        ("rosterdrop@vendor.example", "vendor.example"),
        ("Roster <r@v.example>", "v.example"),
        ("", "localhost"),
    ],
)
def test_n03_a_message_id_is_in_the_senders_domain(mail_from: str, domain: str) -> None:
    assert message_id(SOME, mail_from) == f"<12345678-1234-4234-8234-123456789abc@{domain}>"


@given(st.text(max_size=300))
def test_one_line_is_one_line_that_can_be_written(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert shown.isprintable()
    assert len(shown) <= 200
    shown.encode("utf-8")
