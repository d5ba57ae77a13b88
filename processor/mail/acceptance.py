"""Whether a mail's recipient may still get it when it is sent (rule N2)."""

from core.addresses import address_key
from core.database import Database
from processor.mail.mails import OutboxMail
from processor.mail.recipients_store import is_active


class ActiveRecipients:
    """Asks the directory at the time of sending; what is for the operator or of no organization always goes."""

    def __init__(self, *, database: Database, operator: str | None) -> None:
        self._database = database
        self._operator = None if operator is None else address_key(operator)

    async def __call__(self, mail: OutboxMail) -> bool:
        """Rule N2: recipients must be active users of the organization's directory at the time of sending.

        After an import in test mode, users whom the file would have made count too (H8).
        """
        key = address_key(mail.recipient)
        if mail.org_no is None or key == self._operator:
            return True
        async with self._database.reading() as connection:
            active = await is_active(connection, org_no=mail.org_no, key=key)
        return mail.would_be if active is None else active
