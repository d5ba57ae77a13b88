"""Mails that are not about an import: an upload that broke off, a test of the mail server, news for the operator."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.organizations import Organization
from processor.mail.consequences import time_in_words
from processor.mail.mails import MailContent, one_line
from processor.mail.templating import template


def compose_notice(*, subject: str, headline: str, paragraphs: Sequence[str], footer: str) -> MailContent:
    """Make a mail of some paragraphs; what stands between backticks is shown as code."""
    values = {
        "subject": one_line(subject),
        "headline": one_line(headline),
        "paragraphs": [" ".join(paragraph.split()) for paragraph in paragraphs],
        "footer": one_line(footer),
    }
    return MailContent(
        subject=one_line(subject),
        text=template("notice.txt.j2").render(values),
        html=template("notice.html.j2").render(values),
    )


def compose_broken_upload_mail(
    *, organization: Organization, name: str, size_bytes: int, began_at: datetime, kept_hours: int
) -> MailContent:
    """Rules U3, N1: an upload broke off and was not completed within an hour."""
    file, zone = one_line(name), ZoneInfo(organization.settings.time_zone)
    return compose_notice(
        subject=f"{organization.name}: upload of {file} broke off",
        headline=f"The upload of {file} broke off",
        paragraphs=(
            f"It began at {time_in_words(began_at.astimezone(zone))} and stopped after {size_bytes:,} bytes. "
            "Nothing of it was imported, for the file is not whole.",
            "Send the file again. An SFTP client that can resume goes on where it stopped; what arrived so far is "
            f"listed in `/local` under the file's name, and whoever logs in as {organization.username} can also "
            "remove it there.",
            f"If nobody acts, what arrived is removed {kept_hours} hours after it stopped, and the directory stays "
            "as it is.",
        ),
        footer="You get this mail because you are named as a recipient of these imports.",
    )


def compose_test_mail(*, host: str | None) -> MailContent:
    """Rule N5: what `rosterdrop mail test` sends; `host` is the mail server, None for the Maildir."""
    way = f"by {host}" if host else "as a file of the Maildir, because no mail server is set"
    return compose_notice(
        subject="Test mail of rosterdrop",
        headline="It works",
        paragraphs=(f"This mail was handed over {way}. Mails about imports go the same way.",),
        footer="Somebody ran rosterdrop mail test.",
    )
