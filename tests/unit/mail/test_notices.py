from datetime import UTC, datetime

from processor.mail.notices import compose_broken_upload_mail, compose_test_mail
from tests.unit.filing.samples import organization


def broken(name: str = "users.csv") -> tuple[str, str, str]:
    said = compose_broken_upload_mail(
        organization=organization(time_zone="Europe/Berlin"),
        name=name,
        size_bytes=1_234_567,
        began_at=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
        kept_hours=24,
    )
    return said.subject, said.text, said.html


def test_u03_n01_an_upload_that_broke_off_is_told_with_what_to_do_and_what_if_nobody_acts() -> None:
    subject, text, html = broken()
    assert subject == "Mavericks: upload of users.csv broke off"
    for part in (text, html):
        said = " ".join(part.split())
        for expected in (
            "23 Nov 2026, 10:05 CET",
            "1,234,567 bytes",
            "Send the file again.",
            "24 hours",
            "Mavericks_007",
        ):
            assert expected in said


def test_n01_a_name_of_an_upload_cannot_forge_anything() -> None:
    subject, text, html = broken("a\r\nBcc: b@x.example\r\n<script>")
    assert "\n" not in subject
    assert "\nBcc" not in text
    assert "<script" not in html


def test_n05_a_test_mail_says_which_way_it_went() -> None:
    assert "by mail.x.example" in compose_test_mail(host="mail.x.example").text
    assert "Maildir" in compose_test_mail(host=None).text
