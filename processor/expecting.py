"""Tells recipients and operator when an expected file did not come, and when it came after all (rule N4)."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from core.clock import Clock, from_text, to_text
from core.database import Connection, Database
from core.inbox import Inbox
from core.organizations import Organization
from core.organizations_store import organizations_with
from core.settings import Settings
from processor import expectations_store as store
from processor.expectations import Came, Missed, judge, setting_of
from processor.mail.expected_mails import compose_came_mail, compose_missed_mail
from processor.telling import audience_of, tell, tell_operator

log = structlog.get_logger()

LastFile = tuple[datetime, str]  # when it was accepted, its name


class ExpectedFiles:
    """Looks whether expected files have come; `is_uploading` says whether an organization is sending one now."""

    def __init__(
        self,
        *,
        database: Database,
        inbox: Inbox,
        clock: Clock,
        settings: Settings,
        is_uploading: Callable[[str], bool],
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._settings = settings
        self._is_uploading = is_uploading

    async def look(self) -> None:
        """Tell of what is missed, or came after all, by now."""
        async with self._database.reading() as connection:
            organizations = await organizations_with(connection, "expected")
            noted = await store.noted_settings(connection)
        now = self._clock.now()
        for organization in organizations:
            wanted = setting_of(organization.settings) if organization.enabled else None
            if wanted != noted.get(organization.no):
                await self._note(organization, now)
            elif wanted is not None:
                await self._judge(organization, now)
        for org_no in noted.keys() - {organization.no for organization in organizations}:
            async with self._database.writing() as connection:
                await store.forget(connection, org_no)

    async def _note(self, organization: Organization, now: datetime) -> None:
        """Follow a setting that was changed; a disabled organization expects nothing."""
        async with self._database.writing() as connection:
            if organization.enabled:
                await store.note_setting(connection, organization, now=now)
            else:
                await store.forget(connection, organization.no)

    async def _judge(self, organization: Organization, now: datetime) -> None:
        """Decide without a lock first, for nearly always nothing is to be told."""
        async with self._database.reading() as connection:
            expectation = await store.expectation_of(connection, organization)
            last = await store.last_accepted(connection, organization.no)
        if expectation is None:
            return
        accepted = last and last[0]
        if judge(expectation, last_accepted=accepted, now=now, uploading=False) is None:
            return
        last = await asyncio.to_thread(self._newest, organization.id, last)
        uploading = await asyncio.to_thread(self._is_uploading, organization.id)
        async with self._database.writing() as connection:
            expectation = await store.expectation_of(connection, organization)
            if expectation is None:
                return
            verdict = judge(expectation, last_accepted=last and last[0], now=now, uploading=uploading)
            if verdict is not None:
                await self._tell(connection, organization, verdict, last, now)

    def _newest(self, org_id: str, last: LastFile | None) -> LastFile | None:
        """Return the last file, those of the queue counted that nobody has looked at yet."""
        for drop in self._inbox.queue(org_id):
            accepted = from_text(drop.meta.accepted_at or drop.meta.started_at)
            if last is None or accepted > last[0]:
                last = (accepted, drop.meta.name)
        return last

    async def _tell(
        self,
        connection: Connection,
        organization: Organization,
        verdict: Missed | Came,
        last: LastFile | None,
        now: datetime,
    ) -> None:
        """Rules N3, N4: the mails and the note that they are written, in one transaction."""
        is_missed = isinstance(verdict, Missed)
        await store.note_missed(connection, organization.no, by=verdict.by if is_missed else None)
        audience = await audience_of(connection, organization, settings=self._settings)
        for for_operator in (False, True):
            if isinstance(verdict, Missed):
                content = compose_missed_mail(
                    organization=organization, by=verdict.by, last=last, for_operator=for_operator
                )
            else:
                content = compose_came_mail(
                    organization=organization,
                    by=verdict.by,
                    at=verdict.at,
                    name=last[1] if last else "",
                    for_operator=for_operator,
                )
            if not for_operator:
                await tell(connection, organization, audience, content, settings=self._settings, now=now)
            elif not audience.has(self._settings.operator_email):
                await tell_operator(connection, content, settings=self._settings, now=now)
        event = "expected_file.missed" if is_missed else "expected_file.arrived"
        log.warning(event, org=organization.id, by=to_text(verdict.by))
