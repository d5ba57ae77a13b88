"""`processor/mail/pull_notices.py`: what the operator reads about customers' own servers (rule S2)."""

from datetime import UTC, datetime

import pytest

from core.errors import BusyError, ServiceError
from core.inbox import UploadLostError
from core.organization_settings import OrganizationSettings
from core.organizations import Organization
from core.sealing import SecretLostError
from core.secrets_key import SecretsKeyDamagedError, SecretsKeyMissingError, SecretsKeyWrongError
from processor.intake.fetching import NoRoomError, TooSlowError
from processor.intake.leaving import StillThereError
from processor.intake.pulling import RunTooLongError
from processor.intake.remote_session import RemoteRefusedError
from processor.intake.sftp_wire import BadAnswerError
from processor.intake.ssh_connection import LoginRefusedError, ServerUnreachableError
from processor.mail.pull_notices import (
    compose_pull_failed_mail,
    compose_pull_stopped_mail,
    compose_unfinished_mail,
)

ORGANIZATION = Organization(
    no=1,
    id="007",
    name="Mavericks",
    username="Mavericks_007",
    settings=OrganizationSettings(owner="nora@mavericks.example", time_zone="Europe/Berlin"),
    enabled=True,
    created_at="2026-11-24T00:00:00.000+00:00",
)
PLACE = "sftp.mavericks.example:22/out"


def test_s02_a_changed_host_key_is_told_with_both_keys_and_what_to_do() -> None:
    mail = compose_pull_stopped_mail(
        organization=ORGANIZATION,
        place=PLACE,
        pinned="SHA256:old",
        shown="SHA256:new",
    )
    assert "Mavericks" in mail.subject
    for part in (
        PLACE,
        "SHA256:old",
        "SHA256:new",
        "rosterdrop pull add 007 --replace --host-key SHA256:new",
        "nobody acts",
    ):
        assert part in " ".join(mail.text.split())
        assert part in mail.html


def test_s02_failures_are_told_with_reason_time_and_what_to_do() -> None:
    mail = compose_pull_failed_mail(
        organization=ORGANIZATION,
        place=PLACE,
        error="The SFTP server refused <x>.",
        code="remote_refused",
        failures=3,
        succeeded_at="2026-11-23T05:00:10.000+00:00",
        again_at="2026-11-24T11:04:00.000+00:00",
    )
    text = " ".join(mail.text.split())
    for part in (
        "3 times",
        PLACE,
        "refused <x>",
        "06:00",
        "12:04",
        "rosterdrop pull test 007",
        "nobody acts",
    ):
        assert part in text
    assert "<x>" not in mail.html
    assert "\n" not in mail.subject


def test_s02_a_pull_that_never_went_well_says_so() -> None:
    mail = compose_pull_failed_mail(
        organization=ORGANIZATION,
        place=PLACE,
        error="No.",
        code=None,
        failures=3,
        succeeded_at=None,
        again_at=None,
    )
    assert "not gone well yet" in mail.text


THEIRS, OURS = "the customer has to put the server right", "the customer has nothing to do"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ServerUnreachableError, THEIRS),
        (LoginRefusedError, THEIRS),
        (RemoteRefusedError, THEIRS),
        (StillThereError, THEIRS),
        (BadAnswerError, THEIRS),
        (TooSlowError, THEIRS),
        (RunTooLongError, THEIRS),
        (None, THEIRS),
        (SecretLostError, OURS),
        (SecretsKeyMissingError, OURS),
        (SecretsKeyDamagedError, OURS),
        (SecretsKeyWrongError, OURS),
        (NoRoomError, OURS),
        (UploadLostError, OURS),
        (BusyError, OURS),
    ],
)
def test_s02_nobody_is_sent_to_the_customer_for_what_is_wrong_here(
    error: type[ServiceError] | None, advice: str
) -> None:
    text = compose_pull_failed_mail(
        organization=ORGANIZATION,
        place=PLACE,
        error="No.",
        code=None if error is None else error.code,
        failures=3,
        succeeded_at=None,
        again_at=None,
    ).text
    said = " ".join(text.split())
    assert (THEIRS in said, OURS in said) == (advice == THEIRS, advice == OURS)


@pytest.mark.parametrize("for_operator", [False, True])
def test_s02_a_file_that_is_never_complete_is_told_with_its_name_and_what_helps(for_operator: bool) -> None:
    mail = compose_unfinished_mail(
        organization=ORGANIZATION,
        place=PLACE,
        names="<users>.csv and 2 more",
        since=datetime(2026, 11, 24, 5, 0, tzinfo=UTC),
        for_operator=for_operator,
    )
    text = " ".join(mail.text.split())
    for part in (PLACE, "<users>.csv and 2 more", "06:00", "temporary name", "nobody acts", "once"):
        assert part in text
    assert ("rosterdrop pull test 007" in text) is for_operator
    assert "<users>" not in mail.html
