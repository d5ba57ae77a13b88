"""Reads `ROSTERDROP_SMTP_URL` (rule N5): where the mail server is, how the way is secured, who logs in."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from core.errors import UsageError


class Security(StrEnum):
    """The schemes of the URL, by what they mean."""

    PLAIN = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


PORTS = {Security.PLAIN: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server; the password stays out of its text form."""

    security: Security
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Rule N5: `smtp://`, `smtp+starttls://` or `smtps://` and `[user:password@]host[:port]`, percent-encoded.

    Raises:
        UsageError: it is none; the text does not quote it, for it may hold a password.
    """
    wrong = UsageError(
        "ROSTERDROP_SMTP_URL must read smtp://, smtp+starttls:// or smtps:// and [user:password@]host[:port]; "
        "write special characters of user and password percent-encoded."
    )
    try:
        parts = urlsplit(url)
        security, port = Security(parts.scheme), parts.port
    except ValueError:
        raise wrong from None
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong
    return SmtpServer(
        security=security,
        host=parts.hostname,
        port=port or PORTS[security],
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )
