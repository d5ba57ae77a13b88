"""Tells the operator of what nobody else sees: a full disk, failed mails, a lost key (rules U9, N3, R3)."""

import asyncio
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from core.clock import Clock
from core.database import Database
from core.secrets_key import NAME as KEY_NAME
from core.secrets_key import SecretsKeyError
from core.secrets_key_store import note_secrets_key, trouble_with_secrets_key
from core.settings import Settings
from processor import alarms_store
from processor.mail import outbox_store
from processor.mail.notices import compose_failed_mails_mail, compose_low_disk_mail, compose_secrets_key_mail
from processor.telling import tell_operator

log = structlog.get_logger()

LOOK_S = 30.0
DISK_LOW, MAIL_FAILED, SECRETS_KEY = "disk_low", "mail_failed", "secrets_key"
LOW_BELOW = 2.0  # times the reserve
WELL_FROM = 2.5  # times the reserve: a disk about the limit is told of once
TOLD_AGAIN_AFTER = timedelta(days=1)
REASONS_SHOWN = 5
ABOUT_FAILURES = "failed-mails-"  # how the Message-IDs of these mails begin


class OperatorAlarms:
    """What is told is kept in the database, so that a restart tells nothing twice."""

    def __init__(self, *, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._low_logged = False
        self._key_logged: str | None = None

    async def look(self) -> None:
        """Look at the disk, at the outbox and at the secrets key."""
        free = await asyncio.to_thread(free_bytes, self._settings.data_dir)
        await self.look_at_disk(free)
        await self.look_at_mails()
        await self.look_at_secrets_key()

    async def look_at_disk(self, free: int) -> None:
        """Tell once that less than twice the reserve is free, until there is room again."""
        reserve, now = self._settings.min_free_disk_bytes, self._clock.now()
        if self._settings.operator_email is None:  # nobody is told, so nobody counts as told later
            self._log_disk(free, reserve)
            return
        async with self._database.reading() as connection:
            told = await alarms_store.told_at(connection, DISK_LOW) is not None
        if told == is_low(free, reserve_bytes=reserve, was_low=told):
            return
        async with self._database.writing() as connection:
            if told:
                await alarms_store.forget(connection, DISK_LOW)
            else:
                content = compose_low_disk_mail(free_bytes=free, reserve_bytes=reserve)
                await tell_operator(connection, content, settings=self._settings, now=now)
                await alarms_store.note_told(connection, DISK_LOW, now=now)
        log.warning("disk.recovered" if told else "disk.ran_low", free_bytes=free, reserve_bytes=reserve)

    def _log_disk(self, free: int, reserve: int) -> None:
        low = is_low(free, reserve_bytes=reserve, was_low=self._low_logged)
        if low != self._low_logged:
            self._low_logged = low
            log.warning("disk.ran_low" if low else "disk.recovered", free_bytes=free, reserve_bytes=reserve)

    async def look_at_mails(self) -> None:
        """Tell of mails that failed for good, at most once a day, and never of a mail that told of such."""
        now = self._clock.now()
        if self._settings.operator_email is None:
            return
        async with self._database.reading() as connection:
            told = await alarms_store.told_at(connection, MAIL_FAILED)
            if not may_tell_again(told, now=now) or not (await _failures(connection))[0]:
                return
        async with self._database.writing() as connection:
            count, some = await _failures(connection)
            if count:
                content = compose_failed_mails_mail(count=count, some=some)
                await tell_operator(
                    connection, content, settings=self._settings, now=now, id_prefix=ABOUT_FAILURES
                )
                await outbox_store.note_failures_told(connection, without_prefix=ABOUT_FAILURES)
                await alarms_store.note_told(connection, MAIL_FAILED, now=now)

    async def look_at_secrets_key(self) -> None:
        """Rules R3, S2: tell once that what needs the secrets key waits for it, until it is back."""
        now, keys_dir = self._clock.now(), self._settings.keys_dir
        with suppress(SecretsKeyError):  # it is looked at again right below
            await note_secrets_key(self._database, keys_dir, now=now)
        async with self._database.reading() as connection:
            trouble = await trouble_with_secrets_key(connection, keys_dir)
            told = await alarms_store.told_at(connection, SECRETS_KEY) is not None
        self._log_key(trouble)
        if told == (trouble is not None) or self._settings.operator_email is None:
            return
        async with self._database.writing() as connection:
            if trouble is None:
                await alarms_store.forget(connection, SECRETS_KEY)
            else:
                content = compose_secrets_key_mail(reason=trouble.public_message, key=keys_dir / KEY_NAME)
                await tell_operator(connection, content, settings=self._settings, now=now)
                await alarms_store.note_told(connection, SECRETS_KEY, now=now)

    def _log_key(self, trouble: SecretsKeyError | None) -> None:
        code = None if trouble is None else trouble.code
        if trouble is not None and code != self._key_logged:
            log.error("secrets_key.lost", code=code, reason=trouble.public_message)
        elif trouble is None and self._key_logged is not None:
            log.warning("secrets_key.recovered")
        self._key_logged = code


async def _failures(connection: outbox_store.Connection) -> tuple[int, list[tuple[int, str]]]:
    return await outbox_store.untold_failures(connection, without_prefix=ABOUT_FAILURES, limit=REASONS_SHOWN)


def is_low(free: int, *, reserve_bytes: int, was_low: bool) -> bool:
    """Whether the disk counts as nearly full; once it does, it has to get well above the limit again."""
    return free < (WELL_FROM if was_low else LOW_BELOW) * reserve_bytes


def may_tell_again(told: datetime | None, *, now: datetime) -> bool:
    """Whether a day has passed since the operator was told."""
    return told is None or abs(now - told) >= TOLD_AGAIN_AFTER  # the clock may have been ahead


def free_bytes(folder: Path) -> int:
    """Return what a folder's disk has left for us (blocks)."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
