"""Chooses the way out (rules N3, N5): the mail server of the settings, or a Maildir where there is none."""

from pathlib import Path

from processor.mail.maildir import MaildirTransport
from processor.mail.smtp_url import parse_smtp_url
from processor.mail.transport import Transport

MAILDIR = "mail"  # below the data folder


def transport_for(*, smtp_url: str | None, mail_from: str, data_dir: Path) -> Transport:
    """Return the transport that the settings ask for.

    Raises:
        UsageError: `ROSTERDROP_SMTP_URL` is malformed.
    """
    if smtp_url is None:
        return MaildirTransport(folder=data_dir / MAILDIR, mail_from=mail_from)
    from processor.mail.smtp import SmtpTransport  # noqa: PLC0415 - commands that send nothing need no SMTP

    return SmtpTransport(server=parse_smtp_url(smtp_url), mail_from=mail_from)
