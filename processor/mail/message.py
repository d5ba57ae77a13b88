"""Builds the message that goes over the wire or into the Maildir (RFC 5322, 2046, 3834)."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from core.clock import from_text
from core.errors import ServiceError
from processor.mail.mails import OutboxMail, one_line

DEFAULT_NAME = "rosterdrop"


class BadMessageError(ServiceError):
    """The row makes no message: an address that no header can hold."""

    code = "bad_message"


def build_message(mail: OutboxMail, *, mail_from: str) -> EmailMessage:
    """Rule N1, N3: text and HTML, the row's Message-ID, and headers that keep holiday answers away.

    Addresses are as the row has them; non-ASCII ones make the message one for SMTPUTF8 (RFC 6531).

    Raises:
        BadMessageError: sender or recipient cannot stand in a header.
    """
    policy = SMTP if is_ascii(mail.recipient, mail_from) else SMTPUTF8
    message = EmailMessage(policy=policy)
    try:
        message["From"] = _sender(mail_from)
        message["To"] = _address(mail.recipient)
    except (ValueError, IndexError, MessageError) as exc:
        raise BadMessageError("The address of the sender or the recipient cannot be written.") from exc
    message["Subject"] = one_line(mail.content.subject)
    message["Date"] = format_datetime(from_text(mail.created_at))
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    message["X-Auto-Response-Suppress"] = "All"  # what Exchange listens to instead
    if mail.import_number is not None:
        message["X-Rosterdrop-Import"] = str(mail.import_number)
    message.set_content(_encodable(mail.content.text), cte="quoted-printable")
    message.add_alternative(_encodable(mail.content.html), subtype="html", cte="quoted-printable")
    return message


def sender_address(mail_from: str) -> str:
    """Return the bare address of the setting, which may be `Name <address>`."""
    return parseaddr(mail_from)[1] or mail_from


def is_ascii(recipient: str, mail_from: str) -> bool:
    """Whether no address needs SMTPUTF8."""
    return recipient.isascii() and sender_address(mail_from).isascii()


def _sender(mail_from: str) -> Address:
    name, _ = parseaddr(mail_from)
    return _address(sender_address(mail_from), name=name or DEFAULT_NAME)


def _address(address: str, *, name: str = "") -> Address:
    username, _, domain = address.rpartition("@")
    if address.isascii() and not username.startswith('"'):
        return Address(display_name=name, addr_spec=address)
    return Address(display_name=name, username=username.strip('"'), domain=domain)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
