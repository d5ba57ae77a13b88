"""Renews `/export/users.csv` and `teams.csv` of organizations with `export = daily` (rule E1).

A minute after the last import, so after each burst of files; at the latest when the organization's day has ended.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from core.apart import run_apart
from core.backoff import Backoff
from core.clock import Clock
from core.daily_times import start_of_day
from core.database import Database, open_database
from core.organizations import Organization
from core.organizations_store import is_enabled, organizations_with
from core.periodic import PASSING
from core.settings import Settings
from processor import daily_exports_store as store
from processor.daily_exports_store import Standing
from processor.exporting import Exporter, What
from processor.mail.notices import compose_daily_export_mail
from processor.telling import Audience, tell

log = structlog.get_logger()

QUIET = timedelta(minutes=1)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was put into the folder."""

    users: int
    teams: int
    digest: str


class DailyExports:
    """Looks for exports that are due; `folder_of` gives an organization's `export/`."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        settings: Settings,
        folder_of: Callable[[str], Path],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._folder_of = folder_of
        self._backoff = Backoff(monotonic=monotonic)

    async def look(self) -> None:
        """Renew what is due; a folder of one organization that cannot be written holds up no other.

        It is tried again after pauses that double, for each try writes whole files.
        """
        async with self._database.reading() as connection:
            organizations = await organizations_with(connection, "export")
        self._backoff.keep_only({organization.id for organization in organizations})
        for organization in organizations:
            if organization.enabled and self._backoff.is_due(organization.id):
                try:
                    await self._renew_if_due(organization)
                except PASSING as exc:
                    self._backoff.note_failure(organization.id)
                    log.warning("export.deferred", org=organization.id, reason=type(exc).__name__)
                else:
                    self._backoff.note_success(organization.id)

    async def _renew_if_due(self, organization: Organization) -> None:
        now = self._clock.now()
        day_began = start_of_day(now, organization.settings.time_zone)
        folder = self._folder_of(organization.id)
        lies_there = await asyncio.to_thread(lies_in, folder)
        async with self._database.reading() as connection:
            standing = await store.standing_of(connection, organization.no)
            if standing.version == standing.exported_version and lies_there:
                return
            if not is_quiet(standing, now=now):
                exported = standing.exported_at or NEVER
                if exported >= day_began:
                    return
                if not await store.changed_between(
                    connection, organization.no, after=exported, before=day_began
                ):
                    return
        done = await run_apart(lambda: export_into(self._database.path, organization, folder))
        await self._note(organization, standing.version, done, day_began)

    async def _note(
        self, organization: Organization, version: int, done: Exported, day_began: datetime
    ) -> None:
        """Keep what was exported and tell the administrators, once a day, in one transaction.

        After a crash between the files and this, the same files are made again and told of.
        """
        now = self._clock.now()
        async with self._database.writing() as connection:
            if not await is_enabled(connection, organization.id):
                return  # disabled or removed meanwhile
            standing = await store.standing_of(connection, organization.no)
            told_today = standing.told_at is not None and standing.told_at >= day_began
            is_told = done.digest != standing.digest and not told_today
            await store.note_export(
                connection,
                organization.no,
                version=version,
                digest=done.digest,
                now=now,
                told_at=now if is_told else standing.told_at,
            )
            if is_told:
                addresses = await store.administrators(connection, organization.no)
                content = compose_daily_export_mail(
                    organization=organization, users=done.users, teams=done.teams
                )
                await tell(
                    connection,
                    organization,
                    Audience(tuple(addresses)),
                    content,
                    settings=self._settings,
                    now=now,
                )
        log.info("export.renewed", org=organization.id, users=done.users, teams=done.teams)


def lies_in(folder: Path) -> bool:
    """Whether both files are there: their retention may be over, or a person was erased (R3)."""
    return all((folder / f"{what}.csv").exists() for what in What)


def is_quiet(standing: Standing, *, now: datetime) -> bool:
    """Whether the last import ended a minute ago, or there was none."""
    return standing.last_import_at is None or abs(now - standing.last_import_at) >= QUIET


async def export_into(database: Path, organization: Organization, folder: Path) -> Exported:
    """Write both files, each whole or not at all, and return what they hold.

    Raises:
        FileNotFoundError: the folder is not there; that of an organization removed meanwhile is not made anew.
    """
    digest = hashlib.sha256()
    if not await asyncio.to_thread(folder.is_dir):
        raise FileNotFoundError(folder.name)
    counts = {}
    async with open_database(database) as opened:
        for what in What:
            exporter = Exporter(database=opened, organization=organization, what=what)
            counts[what] = await exporter.into_folder(folder)
            digest.update(await asyncio.to_thread(_digest, folder / exporter.name))
    return Exported(users=counts[What.USERS], teams=counts[What.TEAMS], digest=digest.hexdigest())


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
