"""Tells recipients of uploads that broke off and were not completed within an hour (rules U3, N1)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from core.clock import Clock, from_text
from core.database import TROUBLES, Database
from core.errors import NotFoundError
from core.filled_folders import FilledFolders
from core.inbox import Inbox, boot_id
from core.organizations import Organization
from core.organizations_store import organization_by_id
from core.settings import Settings
from processor.intake.pulls import PULL
from processor.mail import news_store
from processor.mail.notices import compose_broken_upload_mail
from processor.telling import audience_of, tell
from server.overview import Seen, State, uploads_of

log = structlog.get_logger()

LOOK_S = 60.0
AFTER = timedelta(hours=1)


class BrokenUploads:
    """Looks once a minute; each upload is told of once, also across restarts."""

    def __init__(self, *, database: Database, inbox: Inbox, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._inbox = inbox
        self._filled = FilledFolders(inbox)
        self._clock = clock
        self._settings = settings

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except TROUBLES as exc:
                log.warning("broken_uploads.deferred", reason=type(exc).__name__)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell of what broke off more than an hour ago."""
        now = self._clock.now()
        for org_id in await asyncio.to_thread(self._filled.incoming):
            organization = await self._organization(org_id)
            if organization is not None and organization.enabled:
                for upload in await asyncio.to_thread(self._untold, organization.id, now):
                    await self._tell(organization, upload, now)

    def _untold(self, org_id: str, now: datetime) -> list[Seen]:
        seen = broken_off(uploads_of(self._inbox, org_id, boot=boot_id()), now=now)
        return [upload for upload in seen if not self._inbox.is_told(upload.incoming)]

    async def _organization(self, org_id: str) -> Organization | None:
        async with self._database.reading() as connection:
            try:
                return await organization_by_id(connection, org_id)
            except NotFoundError:  # it was removed, and its folder goes
                return None

    async def _tell(self, organization: Organization, upload: Seen, now: datetime) -> None:
        meta = upload.incoming.meta
        content = compose_broken_upload_mail(
            organization=organization,
            name=meta.name,
            size_bytes=upload.size_bytes,
            began_at=from_text(meta.started_at),
            kept_s=self._settings.partial_keep_s,
        )
        identity = f"broken-upload:{meta.uid}:{meta.changed_at}"
        async with self._database.writing() as connection:
            if organization.settings.mail == "digest":  # N4
                detail = {
                    "name": meta.name,
                    "size_bytes": upload.size_bytes,
                    "began_at": meta.started_at,
                    "identity": identity,
                }
                await news_store.add_upload(connection, org_no=organization.no, detail=detail, now=now)
            else:
                audience = await audience_of(connection, organization, settings=self._settings)
                await tell(
                    connection,
                    organization,
                    audience,
                    content,
                    settings=self._settings,
                    now=now,
                    identity=identity,
                )
        log.warning("upload.not_completed", org=organization.id, name=meta.name, size_bytes=upload.size_bytes)
        with suppress(OSError):  # it was completed or removed meanwhile, or is looked at again
            await asyncio.to_thread(self._inbox.note_told, upload.incoming)


def broken_off(seen: Sequence[Seen], *, now: datetime) -> list[Seen]:
    """Rule U3: the partial uploads that nobody has touched for an hour."""
    return [
        upload
        for upload in seen
        if upload.state is State.PARTIAL
        and upload.incoming.meta.origin.account != PULL  # the daemon fetches the rest itself (S2)
        and now - from_text(upload.incoming.meta.changed_at or upload.incoming.meta.started_at) >= AFTER
    ]


def is_uploading(inbox: Inbox, org_id: str) -> bool:
    """Whether an organization is sending a file at this moment (blocks)."""
    return any(seen.state is State.RUNNING for seen in uploads_of(inbox, org_id, boot=boot_id()))
