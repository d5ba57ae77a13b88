"""`processor/mail/digest.py`: when a digest is due, and what it says (N4)."""

from datetime import UTC, datetime, timedelta

import pytest

from core.organization_settings import OrganizationSettings
from processor.imports import Counts, Outcome
from processor.mail.digest import BrokenUpload, Digest, DigestImport, compose_digest, is_due, is_next
from processor.mail.mails import MailContent
from processor.mail.news_store import NewsKind
from tests.unit.filing.samples import organization, problem, record

ORGANIZATION = organization(mail="digest", time_zone="Europe/Berlin")


def settings(**values: object) -> OrganizationSettings:
    return OrganizationSettings.model_validate({"owner": "o@x.example", "mail": "digest", **values})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def digest(*imports: DigestImport, **parts: object) -> MailContent:
    return compose_digest(Digest(organization=ORGANIZATION, imports=imports, **parts))  # type: ignore[arg-type]


def told(outcome: Outcome, *, number: int = 17, problems: int = 0, **counted: int) -> DigestImport:
    return DigestImport(
        record=record(outcome, number=number, name=f"users{number}.csv", counts=Counts(**counted)),
        needs_somebody=outcome is not Outcome.IMPORTED,
        problems=[problem(line) for line in range(2, 2 + min(problems, 3))],
        problem_total=problems,
    )


@pytest.mark.parametrize(
    ("happened", "now", "due"),
    [
        ("2026-11-23T06:59", "2026-11-23T07:00", True),  # 08:00 in Berlin
        ("2026-11-23T06:59", "2026-11-23T06:59:59", False),
        ("2026-11-23T07:00", "2026-11-24T06:59", False),
        ("2026-11-23T07:00", "2026-11-24T07:00", True),
        ("2026-11-18T12:00", "2026-11-23T15:00", True),  # the daemon was stopped
        ("2026-03-28T12:00", "2026-03-29T05:59", False),  # clocks go forward: 08:00 is 06:00 UTC from then on
        ("2026-03-28T12:00", "2026-03-29T06:00", True),
        ("2026-10-24T12:00", "2026-10-25T06:59", False),  # and back
        ("2026-10-24T12:00", "2026-10-25T07:00", True),
    ],
)
def test_n04_a_digest_is_due_at_its_time_in_the_organizations_zone(
    happened: str, now: str, due: bool
) -> None:
    berlin = settings(time_zone="Europe/Berlin")
    assert is_due(berlin, oldest={NewsKind.IMPORT: at(happened)}, now=at(now)) is due


@pytest.mark.parametrize("digest_at", ["02:00", "02:30", "02:59", "03:00"])
@pytest.mark.parametrize("night", ["2026-03-28T12:00", "2026-10-24T12:00"])
def test_n04_a_time_that_does_not_exist_or_comes_twice_gives_one_digest(night: str, digest_at: str) -> None:
    berlin = settings(time_zone="Europe/Berlin", digest_at=digest_at)
    news, sent = at(night), 0
    for minute in range(24 * 60):
        now = at(night) + timedelta(minutes=minute)
        if is_due(berlin, oldest={NewsKind.IMPORT: news}, now=now):
            sent, news = sent + 1, now  # something happens at that very moment again
    assert sent == 1


def test_n04_news_that_wait_after_the_setting_changed_go_at_once() -> None:
    for mode in ("every", "problems"):
        for kind in (NewsKind.IMPORT, NewsKind.UPLOAD):
            assert is_due(
                settings(mail=mode), oldest={kind: at("2026-11-23T09:00")}, now=at("2026-11-23T09:00")
            )
        only = {NewsKind.DEACTIVATED: at("2026-11-01T09:00")}
        assert not is_due(settings(mail=mode), oldest=only, now=at("2026-11-23T09:00"))


def test_n04_the_subject_and_the_headline_tell_whether_somebody_is_needed() -> None:
    bad = told(Outcome.PARTIAL, rows=9, rows_refused=1, problems=1)
    well = told(Outcome.IMPORTED, number=18, rows=9, users_updated=2)
    assert digest(well).subject == "Mavericks: 1 file, nothing to do"
    assert digest(bad).subject == "Mavericks: a file needs somebody"
    assert digest(well, bad).subject == "Mavericks: 1 of 2 files needs somebody"
    assert digest(deactivated=2).subject == "Mavericks: 2 users deactivated as planned"


def test_n04_what_needs_somebody_stands_first_in_both_parts_with_advice_and_place() -> None:
    said = digest(
        told(Outcome.IMPORTED, rows=9, users_updated=2),
        told(Outcome.REFUSED, number=18, problems=5),
        uploads=[BrokenUpload(name="big.csv", size_bytes=1_234, began_at="2026-11-23T09:05:00.000+00:00")],
        deactivated=3,
    )
    for part in (said.text, said.html):
        text = " ".join(part.split())
        assert text.index("users18.csv") < text.index("big.csv") < text.index("users17.csv")
        for expected in (
            "2 of 3 files need somebody",
            "Line 2, Deactivation Date",
            "Write dates as yyyy-mm-dd.",
            "and 2 more in the report",
            "/error/20261123T090501Z-000018-users18.csv.report.html",
            "3 users deactivated as planned",
            "1,234 bytes",
            "Mavericks_007",
        ):
            assert expected in text


@pytest.mark.parametrize(
    ("kept_s", "words"),
    [
        (86_400.0, "24 hours after"),
        (3_600.0, "an hour after"),
        (1_800.0, "30 minutes after"),
        (1.0, "a minute after"),
    ],
)
def test_u03_n04_what_broke_off_is_said_to_be_removed_when_it_is(kept_s: float, words: str) -> None:
    broken = BrokenUpload(name="big.csv", size_bytes=1, began_at="2026-11-23T09:05:00.000+00:00")
    said = digest(told(Outcome.REFUSED, problems=1), uploads=[broken], partial_keep_s=kept_s)
    for part in (said.text, said.html):
        assert f"removed {words} it stopped" in " ".join(part.split())
    assert "broke off" not in digest(told(Outcome.REFUSED, problems=1)).text


def test_n04_a_day_of_very_many_files_makes_no_endless_mail() -> None:
    said = digest(*(told(Outcome.IMPORTED, number=number) for number in range(1, 1_001)))
    assert "1,000 files, nothing to do" in said.subject
    assert said.text.count("Imported") == 40
    assert "and 960 more files" in said.text


def test_n04_a_digest_says_daily_only_where_the_organization_still_wants_it_daily() -> None:
    for mode, is_daily in (("digest", True), ("every", False), ("problems", False)):
        chosen = organization(mail=mode, digest_at="07:15")
        said = compose_digest(Digest(organization=chosen, imports=[told(Outcome.IMPORTED, rows=9)]))
        for part in (said.text, said.html):
            assert ("goes out daily at 07:15" in part) is is_daily
            assert ("does not want any more" in part) is not is_daily
            assert ("daily mail" in part.replace("for the daily mail", "")) is (
                is_daily and part is said.html
            )


def test_n02_a_digest_that_nobody_could_get_is_tried_again_at_its_next_time() -> None:
    berlin = settings(time_zone="Europe/Berlin")
    for now, expected in (
        ("2026-11-23T07:01", False),
        ("2026-11-24T06:59", False),
        ("2026-11-24T07:00", True),
    ):
        assert is_next(berlin, at("2026-11-23T07:00:30"), now=at(now)) is expected
