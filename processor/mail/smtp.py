"""The SMTP side (rules N3, N5): the only module that knows aiosmtplib.

One connection for each mail: few are sent, and a mail that breaks its connection harms no other.
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import aiosmtplib

from processor.mail.mails import OutboxMail
from processor.mail.message import BadMessageError, build_message, is_ascii, sender_address
from processor.mail.smtp_url import Security, SmtpServer
from processor.mail.transport import Defer, Fail, Sent, Verdict

CONNECT_TIMEOUT_S = 30.0
COMMAND_TIMEOUT_S = 300.0  # RFC 5321 4.5.3.2.1 to 4.5.3.2.3
QUIT_TIMEOUT_S = 5.0
FINAL_TIMEOUT_S = 600.0  # RFC 5321 4.5.3.2.6: a shorter one sends mails twice
REASON_LIMIT = 300

_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@,;:]+>?")


class _UnreachableError(Exception):
    """The server could not be reached, does not want to talk, or does not take our login or we its certificate."""


class SmtpTransport:
    """Sends mails through one server."""

    def __init__(
        self,
        *,
        server: SmtpServer,
        mail_from: str,
        tls: ssl.SSLContext | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        command_timeout_s: float = COMMAND_TIMEOUT_S,
        final_timeout_s: float = FINAL_TIMEOUT_S,
    ) -> None:
        self._server = server
        self._mail_from = mail_from
        self._tls = tls or ssl.create_default_context()
        self._connect_timeout_s = connect_timeout_s
        self._command_timeout_s = command_timeout_s
        self._final_timeout_s = final_timeout_s

    async def send(self, mail: OutboxMail) -> Verdict:
        """Rule N3: 4xx, timeouts and lost connections defer, 5xx of the mail itself fails.

        A server that cannot be reached, refuses the login or shows a wrong certificate defers whatever its code, for
        that is for the operator to put right and says nothing about the mail.
        """
        try:
            async with self._connection() as client:
                return await self._hand_over(client, mail)
        except _UnreachableError as exc:
            return Defer(_reason(str(exc)), unreachable=True)
        except BadMessageError as exc:
            return Fail(exc.public_message)
        except ValueError as exc:
            return Fail(_reason(f"The mail cannot be written as SMTP wants it: {exc}"))
        except aiosmtplib.SMTPResponseException as exc:
            reason = _reason(f"{exc.code} {exc.message}")
            return Fail(reason) if 500 <= exc.code < 600 else Defer(reason)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as exc:
            return Defer(_reason(str(exc) or type(exc).__name__))

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: OutboxMail) -> Verdict:
        encoding, options = "ascii", list[str]()
        if not is_ascii(mail.recipient, self._mail_from):
            if client.supports_extension("smtputf8"):
                encoding, options = "utf-8", ["SMTPUTF8"]
            else:
                mail = replace(mail, recipient=_in_ascii(mail.recipient))
        if encoding == "ascii" and not is_ascii(mail.recipient, self._mail_from):
            return Fail("The mail server takes only addresses in ASCII letters (no SMTPUTF8).")
        message = build_message(mail, mail_from=self._mail_from).as_bytes()
        await client.mail(sender_address(self._mail_from), options=options, encoding=encoding)
        await client.rcpt(mail.recipient, encoding=encoding)
        answer = await client.data(message, timeout=self._final_timeout_s)
        return Sent(_reason(f"{answer.code} {answer.message}"))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.security is Security.TLS,
            start_tls=False,
            tls_context=self._tls,
            timeout=self._command_timeout_s,
        )
        try:
            try:
                await self._open(client)
            except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as exc:
                raise _UnreachableError(_of_opening(exc)) from exc
            yield client
            # The mail is handed over: what comes of the farewell changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_TIMEOUT_S)
        finally:
            client.close()

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        await client.connect(timeout=self._connect_timeout_s)
        if self._server.security is Security.STARTTLS:
            await client.starttls(tls_context=self._tls)
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()
        if self._server.user is not None:
            await client.login(self._server.user, self._server.password or "")


def _in_ascii(address: str) -> str:
    """Write the domain in its ASCII form (RFC 5890), if it has one; what stands before the @ has none."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _of_opening(exc: Exception) -> str:
    if isinstance(exc, aiosmtplib.SMTPAuthenticationError):
        return f"The mail server refused the login: {exc.code} {exc.message}"
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        return f"The mail server does not want to talk: {exc.code} {exc.message}"
    return f"The mail server could not be reached: {str(exc) or type(exc).__name__}"


def _reason(text: str) -> str:
    """Keep a server's words in one line and without addresses (rule O3)."""
    return _ADDRESS.sub("<address>", " ".join(text.split()))[:REASON_LIMIT].rstrip(" :")
