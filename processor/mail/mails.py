"""Mails as values: what is said, what is put into the outbox, what lies there."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from uuid import UUID

ONE_LINE_LIMIT = 200


class MailState(StrEnum):
    """Where a mail of the outbox stands (section X); all but `waiting` are final unless somebody retries."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class MailContent:
    """What a mail says; no cell values, nothing attached (rule N1)."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """What a summary says of one import, and whether somebody has to act (rule N1)."""

    text: str
    needs_somebody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """One mail for one recipient (rule N3).

    `uuid` makes its Message-ID; `summary_line` and `summary_of` (the organization's name) let it become a line of a
    summary when the recipient gets too many (rule N1); a mail without them is never held back. `would_be`: the
    recipient is a user only as far as a file goes that was checked in test mode (H8). `id_prefix` marks the Message-ID.
    What is only composed when it is sent alone comes as a function.
    """

    org_no: int | None
    import_number: int | None
    recipient: str
    content: MailContent | Callable[[], MailContent]
    uuid: UUID
    summary_line: SummaryLine | None = None
    summary_of: str = ""
    would_be: bool = False
    id_prefix: str = ""

    def composed(self) -> MailContent:
        """Return what it says by itself."""
        return self.content if isinstance(self.content, MailContent) else self.content()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMail:
    """A row of the outbox."""

    id: int
    org_no: int | None
    import_number: int | None
    recipient: str
    content: MailContent
    message_id: str
    state: MailState
    attempts: int
    created_at: str
    next_at: str
    sent_at: str | None
    last_error: str | None
    answer: str | None = None  # what the server said when it took the mail
    would_be: bool = False

    @property
    def is_for_recipients(self) -> bool:
        """Whether it tells an organization's recipients of imports, and not one administrator of an export."""
        return self.import_number is not None or self.message_id.startswith((f"<{SUMMARY}", f"<{DIGEST}"))


SUMMARY, DIGEST = "summary-", "digest-"  # how the Message-IDs of these begin


def message_id(uuid: UUID, mail_from: str, *, prefix: str = "") -> str:
    """Rule N3: the fixed Message-ID, in the domain of the sender."""
    domain = parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"
    return f"<{prefix}{uuid}@{domain}>"


def one_line(text: str) -> str:
    """Take what could break or forge a header or a line out of a text: control characters, line ends, surrogates."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= ONE_LINE_LIMIT else shown[: ONE_LINE_LIMIT - 1] + "…"
