"""What carries a mail away, and the ways in which that ends, as values (rule N3)."""

from dataclasses import dataclass, field
from typing import Protocol

from processor.mail.mails import OutboxMail


@dataclass(frozen=True, slots=True)
class Sent:
    """It is somebody else's now: the server said 250, or it lies fsynced in the Maildir; `answer` says so."""

    answer: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Defer:
    """It may work later; `unreachable` says that the server itself is the trouble, whatever the mail."""

    reason: str
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Fail:
    """It will never work."""

    reason: str


Verdict = Sent | Defer | Fail


class Transport(Protocol):
    """A way out."""

    async def send(self, mail: OutboxMail) -> Verdict:
        """Try once to hand the mail over. Reasons hold no address. It never raises but for cancellation."""
        ...
