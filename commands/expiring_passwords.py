"""Warns the operator of old passwords that end soon, which the customer may still use (rule A1)."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import structlog

from core.accounts_store import old_passwords_until
from core.clock import Clock, from_text
from core.database import TROUBLES, Database
from core.errors import NotFoundError
from core.organizations_store import organization_by_id
from core.settings import Settings
from processor.mail import outbox_store
from processor.mail.notices import compose_expiring_password_mail
from processor.telling import tell_operator

log = structlog.get_logger()

LOOK_S = 60.0
AHEAD = timedelta(hours=4)


class ExpiringPasswords:
    """Looks once a minute; each end of a password is told of once, for its mail has an id that follows from it."""

    def __init__(self, *, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    async def run(self) -> None:
        """Look until cancelled; without an operator's address there is nobody to tell."""
        while self._settings.operator_email is not None:
            try:
                await self.look()
            except TROUBLES as exc:
                log.warning("expiring_passwords.deferred", reason=type(exc).__name__)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell of the passwords that end within four hours."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            ending = await old_passwords_until(connection, before=now + AHEAD)
        for org_id, until in ending.items():
            if from_text(until) > now:
                with suppress(NotFoundError):  # removed meanwhile
                    await self._tell(org_id, until, now)

    async def _tell(self, org_id: str, until: str, now: datetime) -> None:
        uuid = uuid5(NAMESPACE_URL, f"rosterdrop:old-password:{org_id}:{until}")
        async with self._database.writing() as connection:
            if await outbox_store.has(connection, uuid, mail_from=self._settings.mail_from):
                return
            organization = await organization_by_id(connection, org_id)
            content = compose_expiring_password_mail(organization=organization, until=from_text(until))
            await tell_operator(connection, content, settings=self._settings, now=now, uuid=uuid)
        log.info("password.expiring", org=org_id, until=until)
