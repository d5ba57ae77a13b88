import html
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.secrets_key import wrong_secrets_key
from processor.mail import expected_mails, notices, pull_notices
from processor.mail.mails import MailContent
from processor.mail.notices import compose_broken_upload_mail, compose_test_mail
from tests.unit.filing.samples import organization


def broken(name: str = "users.csv") -> tuple[str, str, str]:
    said = compose_broken_upload_mail(
        organization=organization(time_zone="Europe/Berlin"),
        name=name,
        size_bytes=1_234_567,
        began_at=datetime(2026, 11, 23, 9, 5, tzinfo=UTC),
        kept_s=24 * 3600,
    )
    return said.subject, said.text, said.html


def test_u03_n01_an_upload_that_broke_off_is_told_with_what_to_do_and_what_if_nobody_acts() -> None:
    subject, text, page = broken()
    assert subject == "Mavericks: upload of users.csv broke off"
    for part in (text, page):
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
    subject, text, page = broken("a\r\nBcc: b@x.example\r\n<script>")
    assert "\n" not in subject
    assert "\nBcc" not in text
    assert "<script" not in page


def test_n05_a_test_mail_says_which_way_it_went() -> None:
    assert "by mail.x.example" in compose_test_mail(host="mail.x.example").text
    assert "Maildir" in compose_test_mail(host=None).text


OURS, THEN, SERVER = organization(), datetime(2026, 11, 23, 9, 5, tzinfo=UTC), "sftp.customer.example"
OF_OURS = {"organization": OURS}
KEYS = Path("/var/lib/a-service-of-the-hr-department/rosterdrop/keys")
WRONG_KEY = wrong_secrets_key(KEYS)
EACH = [
    compose_broken_upload_mail(**OF_OURS, name="u.csv", size_bytes=1, began_at=THEN, kept_s=86_400),
    notices.compose_expiring_password_mail(**OF_OURS, until=THEN),
    notices.compose_export_mail(**OF_OURS, what="users", path="/export/users.csv", count=3),
    notices.compose_put_off_mail(**OF_OURS, number=2, until=THEN),
    notices.compose_daily_export_mail(**OF_OURS, users=3, teams=1),
    notices.compose_low_disk_mail(free_bytes=2 << 30, reserve_bytes=1 << 30),
    notices.compose_secrets_key_mail(reason=WRONG_KEY.public_message, key=KEYS / "secrets.key"),
    notices.compose_failed_mails_mail(count=1, some=[(1, "550 no such user")]),
    *(
        expected_mails.compose_missed_mail(**OF_OURS, by=THEN, since=THEN, last=None, for_operator=is_his)
        for is_his in (False, True)
    ),
    expected_mails.compose_came_mail(**OF_OURS, by=THEN, at=THEN, name="u.csv", for_operator=False),
    pull_notices.compose_pull_stopped_mail(**OF_OURS, place=SERVER, pinned="SHA256:a", shown="SHA256:b"),
    *(
        pull_notices.compose_pull_failed_mail(
            **OF_OURS, place=SERVER, error="No.", code=code, failures=3, succeeded_at=None, again_at=None
        )
        for code in (None, "secret_lost", "no_room", "internal")
    ),
    *(
        pull_notices.compose_unfinished_mail(
            **OF_OURS, place=SERVER, names="u.csv", since=THEN, for_operator=is_his
        )
        for is_his in (False, True)
    ),
]


@pytest.mark.parametrize("said", EACH, ids=[said.subject for said in EACH])
def test_n01_each_notice_says_right_below_its_headline_what_is_to_be_done(said: MailContent) -> None:
    to_do = said.text.splitlines()[1]
    assert to_do.startswith("-> ")
    assert to_do.endswith(".")
    assert to_do.removeprefix("-> ") in html.unescape(said.html)


def test_r03_k_the_mail_about_the_secrets_key_says_its_place_and_what_to_do_where_it_is_lost() -> None:
    text = notices.compose_secrets_key_mail(reason=WRONG_KEY.public_message, key=KEYS / "secrets.key").text
    assert f"-> Bring the secrets key back to {KEYS}/secrets.key." in text
    said = " ".join(text.split())
    assert "If it is lost for good, rosterdrop keys --secrets-lost says what that costs" in said


@pytest.mark.parametrize(
    ("zone", "by", "hint"),
    [
        ("UTC", "2026-11-24T09:30", "--since 2026-11-23T09:30"),
        ("Pacific/Auckland", "2026-11-24T20:30", "--since 2026-11-23T20:30"),
        (
            "America/Los_Angeles",
            "2026-11-25T00:30",
            "--since 2026-11-24T00:30",
        ),  # half an hour into the day of UTC
    ],
)
def test_n04_the_operators_hint_covers_all_of_the_time_since_the_one_before(
    zone: str, by: str, hint: str
) -> None:
    moment = datetime.fromisoformat(by).replace(tzinfo=UTC)
    said = expected_mails.compose_missed_mail(
        organization=organization(time_zone=zone),
        by=moment,
        since=moment - timedelta(days=1),
        last=None,
        for_operator=True,
    )
    assert hint in " ".join(said.text.split())


@pytest.mark.parametrize(
    ("kept_s", "words"), [(1_200, "20 minutes after"), (3_600, "an hour after"), (86_400, "24 hours after")]
)
def test_u03_how_long_a_broken_upload_is_kept_is_said_in_words(kept_s: float, words: str) -> None:
    said = compose_broken_upload_mail(
        organization=organization(), name="u.csv", size_bytes=1, began_at=THEN, kept_s=kept_s
    )
    assert f"what arrived is removed {words} it stopped" in " ".join(said.text.split())
