"""Mails as `.eml` files in a Maildir where no mail server is set (rule N3)."""

import asyncio
import os
import re
from pathlib import Path

from core.clock import from_text
from core.durable import sync_directory
from core.inbox import FILE_MODE, FOLDER_MODE
from processor.mail.mails import OutboxMail
from processor.mail.message import BadMessageError, build_message
from processor.mail.transport import Defer, Fail, Sent, Verdict

FOLDERS = ("tmp", "new", "cur")


class MaildirTransport:
    """Writes mails below `folder`; the same mail twice is one file, for its name follows from the row."""

    def __init__(self, *, folder: Path, mail_from: str) -> None:
        self._folder = folder
        self._mail_from = mail_from

    async def send(self, mail: OutboxMail) -> Verdict:
        """Rule N3: sent after fsync of file and folder; a full disk defers."""
        try:
            message = build_message(mail, mail_from=self._mail_from).as_bytes()
        except BadMessageError as exc:
            return Fail(exc.public_message)
        try:
            await asyncio.to_thread(self._deliver, file_name(mail), message)
        except OSError as exc:
            return Defer(f"The Maildir could not be written: {exc.strerror}", unreachable=True)
        return Sent(f"lies in {self._folder.name}/new/{file_name(mail)} in the data folder")

    def _deliver(self, name: str, message: bytes) -> None:
        for folder in FOLDERS:
            (self._folder / folder).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        unfinished = self._folder / "tmp" / name
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(unfinished, flags, FILE_MODE), "wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(self._folder / "new" / name)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        sync_directory(self._folder / "new")


def file_name(mail: OutboxMail) -> str:
    """Return the mail's name in the Maildir: seconds, id and Message-ID; it ends with `.eml`."""
    seconds = int(from_text(mail.created_at).timestamp())
    unique = re.sub(r"[^A-Za-z0-9-]", "_", mail.message_id.strip("<>").partition("@")[0])
    return f"{seconds}.{mail.id}.{unique}.eml"
