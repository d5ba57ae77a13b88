"""Carries out planned deactivations when they are due (rule P8), within 10 s of their time and after a restart.

The last active administrator of an organization stays: the plan is put off by a day and the operator told.
"""

import asyncio
from datetime import timedelta
from uuid import uuid4

import structlog

from core.clock import Clock, to_text
from core.database import Database
from core.organizations import Organization
from core.organizations_store import USER_ID_SHIFT, organization_by_id
from processor.directory import deactivations_store as store
from processor.directory.deactivations_store import DirectoryTroubleError, DueUser, trouble_named
from processor.mail import news_store, outbox_store
from processor.mail.mails import NewMail
from processor.mail.notices import compose_put_off_mail

LOOK_EVERY_S = 3.0
PUT_OFF = timedelta(hours=24)
AT_ONCE = 500  # users in one transaction, so that no other writer waits long

log = structlog.get_logger()


class Deactivations:
    """The periodic work; `operator` gets the mails, without one only the log tells."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        operator: str | None,
        mail_from: str,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._operator = operator
        self._mail_from = mail_from
        self._look_every_s = look_every_s

    async def run(self) -> None:
        """Look again and again until cancelled; a full disk or a busy database only costs time."""
        while True:
            try:
                await self.apply_due()
            except DirectoryTroubleError as exc:
                log.warning("deactivations.deferred", reason=exc.public_message)
            await asyncio.sleep(self._look_every_s)

    async def apply_due(self) -> int:
        """Carry out all that is due now and return how many users were deactivated.

        Raises:
            DirectoryTroubleError: the database did not answer; nothing is lost.
        """
        async with trouble_named(), self._database.reading() as connection:
            found = await store.organizations_with_due_plans(connection, now=self._now())
        count = 0
        for org_no, org_id in found:
            while done := await self._apply_some(org_no, org_id):
                count += done
        return count

    async def _apply_some(self, org_no: int, org_id: str) -> int:
        """Carry out some plans of an organization in one transaction, judged on what is stored then."""
        now = self._now()
        async with trouble_named(), self._database.writing() as connection:
            due = await store.due_users(connection, org_no=org_no, now=now, limit=AT_ONCE)
            if not due:
                return 0
            admins = await store.count_active_admins(connection, org_no)
            leaving, staying = judge(due, active_admins=admins)
            if leaving:
                await store.deactivate(connection, leaving, org_no=org_no, now=now)
                await news_store.add_deactivated(
                    connection, org_no=org_no, count=len(leaving), now=self._clock.now()
                )
            if staying is not None:
                organization = await organization_by_id(connection, org_id)
                await self._put_off(connection, organization, staying, now)
        for user in leaving:
            log.info("user.deactivated", org=org_id, number=number_of(user.id))
        if staying is not None:
            log.warning("user.deactivation_put_off", org=org_id, number=number_of(staying.id))
        return len(leaving)

    async def _put_off(
        self, connection: outbox_store.Connection, organization: Organization, user: DueUser, now: str
    ) -> None:
        until = self._clock.now() + PUT_OFF
        await store.put_off(connection, user, org_no=organization.no, now=now, until=to_text(until))
        if self._operator is None:
            return
        mail = NewMail(
            org_no=None,
            import_number=None,
            recipient=self._operator,
            content=compose_put_off_mail(organization=organization, number=number_of(user.id), until=until),
            uuid=uuid4(),
        )
        await outbox_store.enqueue(connection, [mail], now=self._clock.now(), mail_from=self._mail_from)

    def _now(self) -> str:
        return to_text(self._clock.now())


def judge(due: list[DueUser], *, active_admins: int) -> tuple[list[DueUser], DueUser | None]:
    """Rule P8: who is deactivated, and which administrator is not because nobody else would be one.

    Of several administrators whose plans are due the last one stays.
    """
    admins = [user for user in due if user.is_org_admin]
    if not admins or len(admins) < active_admins:
        return due, None
    staying = admins[-1]
    return [user for user in due if user is not staying], staying


def number_of(user_id: int) -> int:
    """Return a user's number in his organization, which logs and mails name instead of the address (O3)."""
    return user_id & ((1 << USER_ID_SHIFT) - 1)
