from email import message_from_bytes, message_from_string
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.mail.mails import MailContent, MailState, OutboxMail
from processor.mail.message import BadMessageError, build_message


def mail(recipient: str = "nora@x.example", **changes: object) -> OutboxMail:
    values = {
        "id": 4,
        "org_no": 1,
        "import_number": 17,
        "recipient": recipient,
        "content": MailContent("Mavericks: users.csv imported", "Grüße\n-- \nEnde\n", "<p>Grüße</p>"),
        "message_id": "<abc@v.example>",
        "state": MailState.WAITING,
        "attempts": 0,
        "created_at": "2026-11-23T09:05:01.250+00:00",
        "next_at": "2026-11-23T09:05:01.250+00:00",
        "sent_at": None,
        "last_error": None,
        **changes,
    }
    return OutboxMail(**values)  # type: ignore[arg-type]


def parsed(message: EmailMessage) -> EmailMessage:
    again = message_from_string(message.as_bytes().decode(), policy=default)
    assert isinstance(again, EmailMessage)
    return again


def test_n03_a_message_has_the_rows_id_date_and_both_parts() -> None:
    message = parsed(build_message(mail(), mail_from="rosterdrop@v.example"))
    assert message["Message-ID"] == "<abc@v.example>"
    assert message["From"] == "rosterdrop <rosterdrop@v.example>"
    assert message["To"] == "nora@x.example"
    assert message["Date"] == "Mon, 23 Nov 2026 09:05:01 +0000"
    assert message["X-Rosterdrop-Import"] == "17"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Grüße", "-- ", "Ende"]
    assert html.get_content().strip() == "<p>Grüße</p>"
    assert not list(message.iter_attachments())


def test_a_holiday_answer_is_not_asked_for() -> None:
    message = build_message(mail(), mail_from="rosterdrop@v.example")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_a_mail_of_no_import_names_none() -> None:
    assert build_message(mail(import_number=None), mail_from="r@v.example")["X-Rosterdrop-Import"] is None


@pytest.mark.parametrize(
    "recipient", ["nora@x.example", '"no ra"@x.example', "nörа@exämple.example", "a+b@[192.0.2.7]"]
)
def test_p01_every_address_that_a_user_may_have_can_be_written(recipient: str) -> None:
    message = parsed(build_message(mail(recipient), mail_from="Roster Drop <r@v.example>"))
    assert message["To"].addresses[0].addr_spec == recipient
    assert message["From"] == "Roster Drop <r@v.example>"


def test_an_address_that_breaks_a_header_is_refused() -> None:
    with pytest.raises(BadMessageError):
        build_message(mail("a@x.example\r\nBcc: b@x.example"), mail_from="r@v.example")


@given(st.text(max_size=120), st.text(max_size=200))
def test_n01_no_subject_or_text_breaks_a_message(subject: str, text: str) -> None:
    odd = mail(content=MailContent(subject, text, text))
    whole = build_message(odd, mail_from="r@v.example").as_bytes()
    message = message_from_bytes(whole, policy=default)
    assert message["To"] == "nora@x.example"
    assert message["Bcc"] is None
    assert max(map(len, whole.split(b"\r\n"))) <= 998
    assert b"\n" not in whole.replace(b"\r\n", b"")
