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
from processor.expectations import Arrivals, Came, Missed, judge, setting_of, time_in_question
from processor.intake import pulls_store
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
            if expectation is None:
                return
            by = time_in_question(expectation, now=now)
            last = await _last_file(connection, organization.no)
            last_by = await _last_file(connection, organization.no, until=by)
        if judge(expectation, arrivals=_arrivals(last, last_by), now=now, uploading=False) is None:
            return
        last, last_by = await asyncio.to_thread(self._newest, organization.id, by, last, last_by)
        uploading = await asyncio.to_thread(self._is_uploading, organization.id)
        async with self._database.writing() as connection:
            expectation = await store.expectation_of(connection, organization)
            if expectation is None:
                return
            arrivals = _arrivals(last, last_by)
            verdict = judge(expectation, arrivals=arrivals, now=now, uploading=uploading)
            since = expectation.times.before(time_in_question(expectation, now=now))
            if isinstance(verdict, Missed):
                await store.note_missed(connection, organization.no, by=verdict.by)
            elif verdict is not None:
                await store.note_late(connection, organization.no, at=verdict.at)
            if isinstance(verdict, Missed | Came):
                await self._tell(connection, organization, verdict, last, now, since=since)

    def _newest(
        self, org_id: str, by: datetime, last: LastFile | None, last_by: LastFile | None
    ) -> tuple[LastFile | None, LastFile | None]:
        """Return the last files, those of the queue counted that nobody has looked at yet."""
        for drop in self._inbox.queue(org_id):
            file = (from_text(drop.meta.accepted_at or drop.meta.started_at), drop.meta.name)
            last = _later(last, file)
            last_by = _later(last_by, file) if file[0] <= by else last_by
        return last, last_by

    async def _tell(
        self,
        connection: Connection,
        organization: Organization,
        verdict: Missed | Came,
        last: LastFile | None,
        now: datetime,
        *,
        since: datetime,
    ) -> None:
        """Rules N3, N4: the mails, in the transaction that notes that they are written."""
        audience = await audience_of(connection, organization, settings=self._settings)
        for for_operator in (False, True):
            if isinstance(verdict, Missed):
                content = compose_missed_mail(
                    organization=organization,
                    by=verdict.by,
                    since=since,
                    last=last,
                    for_operator=for_operator,
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
        event = "expected_file.missed" if isinstance(verdict, Missed) else "expected_file.arrived"
        log.warning(event, org=organization.id, by=to_text(verdict.by))


async def _last_file(
    connection: Connection, org_no: int, *, until: datetime | None = None
) -> LastFile | None:
    """Return the last file that came; one that was fetched and holds no news has no import (S2)."""
    accepted = await store.last_accepted(connection, org_no, until=until)
    pulled = await pulls_store.last_came(connection, org_no, until=until)
    return accepted if pulled is None else _later(accepted, pulled)


def _arrivals(last: LastFile | None, last_by: LastFile | None) -> Arrivals:
    return Arrivals(last=last and last[0], last_by=last_by and last_by[0])


def _later(one: LastFile | None, other: LastFile) -> LastFile:
    return other if one is None or other[0] > one[0] else one
