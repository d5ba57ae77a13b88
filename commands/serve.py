"""The composition root: opens everything in the order in which it closes, and runs until it is told to stop (O2)."""

import core.lean_imports  # isort: skip  # noqa: F401  # before what it makes smaller

import asyncio
import faulthandler
import json
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from commands.broken_uploads import BrokenUploads, is_uploading
from commands.daemon import FILE
from commands.expiring_passwords import ExpiringPasswords
from commands.house import House
from commands.pull_room import pull_room
from core.audit import DAEMON, AuditEntry, Event
from core.audit_trail import audit_trail
from core.clock import Clock, SystemClock
from core.database import TROUBLES, Database, open_database
from core.errors import ServiceError
from core.inbox import Drop, Inbox
from core.locks import data_folder_lock
from core.logs import configure_logs
from core.migrate import await_upgrade, prepare_database_apart
from core.nudges import MAIL
from core.periodic import periodically
from core.secrets_key import SecretsKeyError
from core.secrets_key_store import note_secrets_key
from core.service_manager import READY, STOPPING, service_manager
from core.settings import Settings
from processor.daily_exports import DailyExports
from processor.digesting import Digests
from processor.directory.deactivations import Deactivations
from processor.expecting import ExpectedFiles
from processor.filing.retention import Retention
from processor.holding import HoldKeeper
from processor.intake.drop_ins import LOCAL_FOLDER
from processor.intake.pull_keeper import PullKeeper, Tools
from processor.intake.queue import Queues
from processor.intake.watcher import LocalFolders
from processor.mail.acceptance import ActiveRecipients
from processor.mail.sender import OutboxSender
from processor.mail.transports import transport_for
from processor.operator_alarms import LOOK_S as ALARMS_S
from processor.operator_alarms import OperatorAlarms
from processor.telling import tell_instead
from processor.workers import WorkerPool, worker_pool
from server.host_keys import load_host_keys
from server.listener import Listener, listen

log = structlog.get_logger()

FOLDER_MODE = 0o700
MOST_FILES = 65_536  # as in deploy/rosterdrop.service
CHECKPOINT_INTERVAL_S = 5.0
CHECKPOINT_BYTES = 4 << 20  # of write-ahead log, from which on a checkpoint is worth it
IMPORT_GRACE_S = 10.0
LAST_RESORT_S = (
    60.0  # beyond both graces: whatever is still stuck is ended as by a kill, which loses nothing (U2)
)


def serve(settings: Settings) -> int:
    """Run the daemon until SIGTERM or SIGINT; return its exit status.

    Raises:
        ServiceError: a bad data folder, database, key or port (rule O6); nothing was changed.
    """
    configure_logs(level=settings.log_level)
    signal.signal(
        signal.SIGIO, signal.SIG_IGN
    )  # leases of local/ are broken by it (processor/intake/drop_ins.py)
    _raise_open_files()
    settings.data_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    await_upgrade(settings.database_path)
    with data_folder_lock(settings.data_dir):
        prepare_database_apart(settings.database_path)
        keys = load_host_keys(settings.keys_dir)
        _clear_space(settings.data_dir / "tmp")
        try:
            return asyncio.run(Daemon(settings=settings).run(keys))
        except ExceptionGroup as group:
            known = group.subgroup(ServiceError)
            if known is None:
                raise
            raise _first(known) from group


def _raise_open_files() -> None:
    """Rule U9: 500 sessions may have 32 handles each; systems give a process 1,024 files unless it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _first(group: ExceptionGroup[ServiceError]) -> ServiceError:
    """Return what an operator must hear of a group of failures: the first."""
    found = group.exceptions[0]
    return _first(found) if isinstance(found, ExceptionGroup) else found


class Daemon:
    """Everything that runs, and what ends it."""

    def __init__(self, *, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock(offset_s=settings.test_now_offset_s)
        self._stop = asyncio.Event()
        self._failure: ServiceError | None = None
        self._manager = service_manager()

    async def run(self, host_keys: list) -> int:  # type: ignore[type-arg]  # asyncssh's keys, which only server/ knows
        """Serve until stopped and return 0.

        Raises:
            ServiceError: the queue's or the database's disk failed.
        """
        settings = self._settings
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: log.info("server.reload_ignored"))
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(
                open_database(settings.database_path, fatal=self._fail)
            )
            with suppress(SecretsKeyError, *TROUBLES):  # the operator's alarms tell of it, and look again
                await note_secrets_key(database, settings.keys_dir, now=self._clock.now())
            trail = await stack.enter_async_context(audit_trail(database=database, clock=self._clock))
            pool = await stack.enter_async_context(worker_pool(settings))
            group = await stack.enter_async_context(_tasks())

            def accepted(drop: Drop) -> None:
                if drop.meta.origin.account == LOCAL_FOLDER:  # of clients the server writes it down
                    trail.add(_found_in_local(drop, self._clock))
                loop.call_soon_threadsafe(queues.nudge, drop.org_id)

            inbox = Inbox(data_dir=settings.data_dir, clock=self._clock, accepted=accepted)
            house = House(database=database, inbox=inbox, settings=settings, clock=self._clock)
            for org_id, seq in (await house.highest_seqs()).items():
                inbox.raise_floor(org_id, seq)
            transport = transport_for(
                smtp_url=settings.smtp_url, mail_from=settings.mail_from, data_dir=settings.data_dir
            )
            sender = OutboxSender(
                database=database,
                transport=transport,
                clock=self._clock,
                acceptable=ActiveRecipients(database=database, operator=settings.operator_email),
                instead=partial(tell_instead, settings=settings),
            )

            def finished(_org_id: str) -> None:
                sender.nudge()

            queues = Queues(
                inbox=inbox,
                work=pool.work,
                blame=house.blame,
                wait_s=house.wait_s,
                let_wait=house.let_wait,
                finished=finished,
                group=group,
            )

            async def withdraw(org_id: str, uid: str) -> bool:
                done = await house.withdraw(org_id, uid, await asyncio.to_thread(inbox.find, org_id, uid))
                if done:
                    queues.nudge(org_id)
                return done

            local = LocalFolders(
                inbox=inbox,
                data_dir=settings.data_dir,
                organizations=house.organizations,
                nudge=lambda name: sender.nudge() if name == MAIL else queues.nudge(name),
                quiet_time_s=settings.quiet_time_s,
                unusable_name_wait_s=settings.unusable_name_wait_s,
                scan_interval_s=settings.scan_interval_s,
            )
            listener = await stack.enter_async_context(
                listen(
                    settings=settings,
                    inbox=inbox,
                    database=database,
                    clock=self._clock,
                    host_keys=host_keys,
                    fatal=self._fail,
                    withdraw=withdraw,
                    unfinished=house.unfinished,
                    recently_taken=house.recently_taken,
                    audit=trail.add,
                )
            )
            helpers = [
                group.create_task(work, name=name)
                for name, work in (
                    ("outbox", sender.run()),
                    ("local folders", local.run()),
                    ("housekeeping", listener.housekeeping()),
                    ("bans", listener.guarding()),
                    ("watchdog", self._manager.keep_alive()),
                    ("pulls", self._pulls(database, inbox, finished)),
                    *self._timed(database, inbox, queues).items(),
                )
            ]
            await pool.warm_up()
            self._announce(listener)
            await self._stop.wait()
            await self._end(listener, queues, pool)
            for helper in helpers:
                helper.cancel()
        await _remove(settings.data_dir / FILE)
        log.info("server.stopped")
        if self._failure is not None:
            raise self._failure
        return 0

    def _timed(
        self, database: Database, inbox: Inbox, queues: Queues
    ) -> dict[str, Coroutine[Any, Any, None]]:
        """Return what looks at the clock: within 10 s of its time each thing is done (S1)."""
        settings, clock = self._settings, self._clock
        holds = HoldKeeper(database=database, clock=clock, settings=settings, nudge=queues.nudge)
        broken = BrokenUploads(database=database, inbox=inbox, clock=clock, settings=settings)
        deactivations = Deactivations(
            database=database, clock=clock, operator=settings.operator_email, mail_from=settings.mail_from
        )
        digests = Digests(database=database, clock=clock, settings=settings)
        expected = ExpectedFiles(
            database=database,
            inbox=inbox,
            clock=clock,
            settings=settings,
            is_uploading=lambda org_id: is_uploading(inbox, org_id),
        )
        alarms = OperatorAlarms(database=database, clock=clock, settings=settings)
        exports = DailyExports(
            database=database,
            clock=clock,
            settings=settings,
            folder_of=lambda org_id: inbox.folders(org_id).export,
        )
        return {
            "digests": periodically(digests.look, what="digests"),
            "expected files": periodically(expected.look, what="expected files"),
            "daily exports": periodically(exports.look, what="daily exports"),
            "operator's alarms": periodically(alarms.look, what="operator's alarms", every_s=ALARMS_S),
            "retention": periodically(
                Retention(database=database, inbox=inbox, clock=clock).look, what="retention"
            ),
            "holds": holds.run(),
            "broken uploads": broken.run(),
            "deactivations": deactivations.run(),
            "expiring passwords": ExpiringPasswords(database=database, clock=clock, settings=settings).run(),
            "checkpoints": _checkpoints(database),
        }

    def _pulls(
        self, database: Database, inbox: Inbox, finished: Callable[[str], None]
    ) -> Coroutine[Any, Any, None]:
        """Return what fetches from customers' servers (S2)."""
        settings = self._settings
        tools = Tools(
            database=database,
            inbox=inbox,
            clock=self._clock,
            settings=settings,
            room=lambda organization: pull_room(settings, inbox, organization),
            who=DAEMON,
        )
        return PullKeeper(tools=tools, told=finished).run()

    def _fail(self, error: ServiceError) -> None:
        self._failure = self._failure or error
        log.error("server.failed", reason=error.public_message)
        self._stop.set()

    def _announce(self, listener: Listener) -> None:
        state = {"pid": os.getpid(), "port": listener.port}
        (self._settings.data_dir / FILE).write_text(json.dumps(state), "utf-8")
        self._manager.tell(READY)
        log.info("server.started", host=self._settings.host, port=listener.port, pid=os.getpid())

    async def _end(self, listener: Listener, queues: Queues, pool: WorkerPool) -> None:
        """Rule O2: no new sessions, running uploads get their grace, the running import finishes or rolls back."""
        self._manager.tell(STOPPING)
        log.info("server.stopping", uploads=listener.uploads)
        # Where the disk of the queue failed, nothing can be taken any more: nobody need wait for a refusal.
        grace_s = self._settings.stop_grace_s if self._failure is None else 0
        faulthandler.dump_traceback_later(grace_s + IMPORT_GRACE_S + LAST_RESORT_S, exit=True)
        queues.stop()
        await listener.stop(grace_s)
        await pool.settle(IMPORT_GRACE_S)


@asynccontextmanager
async def _tasks() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose tasks are cancelled when the block ends in good order; one that dies ends the service."""
    async with asyncio.TaskGroup() as group:
        before = asyncio.all_tasks()
        yield group
        for task in asyncio.all_tasks() - before:
            if (
                task is not asyncio.current_task()
                and not task.done()
                and task.get_name().startswith("queue of ")
            ):
                task.cancel()


async def _checkpoints(database: Database) -> None:
    """Empty the write-ahead log now and then; SQLite's own checkpoints are off (core/database.py)."""
    log_file = database.path.with_name(database.path.name + "-wal")
    while True:
        await asyncio.sleep(CHECKPOINT_INTERVAL_S)
        if await asyncio.to_thread(_size, log_file) >= CHECKPOINT_BYTES:
            try:
                await database.checkpoint()
            except TROUBLES as exc:
                log.warning("checkpoint.deferred", reason=type(exc).__name__)


def _found_in_local(drop: Drop, clock: Clock) -> AuditEntry:
    """Rule A5: a file that an operator put into `local/` is an upload, too."""
    return AuditEntry(
        at=clock.now(),
        event=Event.UPLOAD_ACCEPTED,
        who=LOCAL_FOLDER,
        org_id=drop.org_id,
        detail=f"{drop.meta.name} ({drop.meta.size_bytes} bytes)",
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _clear_space(folder: Path) -> None:
    """Remove copies that a killed import left."""
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink(missing_ok=True)


async def _remove(path: Path) -> None:
    await asyncio.to_thread(path.unlink, missing_ok=True)
